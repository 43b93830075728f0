internal import CRdKafka
internal import Contracts
internal import EventLog
internal import Foundation
internal import Synchronization

/// Waits for the delivery reports of one `publish`.
///
/// A lock, because reports come from a C callback, which cannot wait for an actor.
final class Delivery: Sendable {
    private struct State {
        /// Reports to come, and one for the publisher itself while it still adds records.
        var pending = 1
        var error: EventLogError?
        var continuation: CheckedContinuation<EventLogError?, Never>?
    }

    private let state = Mutex(State())

    func expectOne() { state.withLock { $0.pending += 1 } }

    func complete(_ code: rd_kafka_resp_err_t) {
        complete(code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : EventLogError(code))
    }

    func complete(_ error: EventLogError?) {
        let waiter = state.withLock { state -> (CheckedContinuation<EventLogError?, Never>, EventLogError?)? in
            state.pending -= 1
            if state.error == nil { state.error = error }
            guard state.pending == 0, let continuation = state.continuation else { return nil }
            return (continuation, state.error)
        }
        if let (continuation, error) = waiter { continuation.resume(returning: error) }
    }

    /// The first error, once every report has come. To be called once, before the publisher's own completion.
    func wait(finishing error: EventLogError?) async throws(EventLogError) {
        let outcome: EventLogError? = await withCheckedContinuation { continuation in
            state.withLock { $0.continuation = continuation }
            complete(error)
        }
        if let outcome { throw outcome }
    }
}

/// The idempotent producer: any task may publish, one thread serves its delivery reports.
final class KafkaProducer: Sendable {
    private struct State {
        var isClosed = false
        /// Publishers that found the queue full.
        var waitingForRoom: [CheckedContinuation<Void, Never>] = []
        var closing: [CheckedContinuation<Void, Never>] = []
        var isGone = false
    }

    private enum Enqueued { case all, full, failed(EventLogError) }

    private let client: KafkaClient
    private let closeTimeout: Duration
    /// Guards the handle against use after its end, and keeps the records of one publish together.
    private let state = Mutex(State())

    init(_ configuration: KafkaConfiguration, _ context: ClientContext) throws(EventLogError) {
        closeTimeout = configuration.closeTimeout
        client = try KafkaClient(
            RD_KAFKA_PRODUCER, configuration,
            [
                "enable.idempotence": "true", "acks": "all", "partitioner": "murmur2_random",
                "message.timeout.ms": "\(configuration.deliveryTimeout.milliseconds)",
            ], context)
        let thread = Thread { [self] in serve() }
        thread.name = "kafka-producer"
        thread.start()
    }

    func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        let delivery = Delivery()
        var rest = records[...]
        while true {
            switch enqueue(&rest, delivery) {
            case .all: return try await delivery.wait(finishing: nil)
            case .failed(let error): return try await delivery.wait(finishing: error)
            case .full: await room()
            }
        }
    }

    /// Delivers what was accepted, within the close time-out, and ends.
    func close() async {
        await withCheckedContinuation { continuation in
            let isGone = state.withLock { state in
                state.isClosed = true
                if !state.isGone { state.closing.append(continuation) }
                return state.isGone
            }
            if isGone { continuation.resume() }
        }
    }

    private func enqueue(_ records: inout ArraySlice<OutgoingRecord>, _ delivery: Delivery) -> Enqueued {
        state.withLock { state in
            guard !state.isClosed else { return .failed(.closed) }
            while let record = records.first {
                delivery.expectOne()
                // Released by the delivery report, or here if there will be none.
                let opaque = Unmanaged.passRetained(delivery)
                if let error = client.produce(record, opaque: opaque.toOpaque()) {
                    opaque.release()
                    delivery.complete(nil)
                    return error.code == "_QUEUE_FULL" ? .full : .failed(error)
                }
                records.removeFirst()
            }
            return .all
        }
    }

    /// Returns after the next round of delivery reports.
    private func room() async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.waitingForRoom.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    private func serve() {
        while !state.withLock(\.isClosed) {
            rd_kafka_poll(client.handle, 100)
            wakeWaiting()
        }
        rd_kafka_flush(client.handle, closeTimeout.milliseconds)
        // What is left fails now, so that no publisher waits for ever.
        rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        rd_kafka_flush(client.handle, 1000)
        client.destroy()
        wakeWaiting()
        let closing = state.withLock { state in
            state.isGone = true
            return exchange(&state.closing, with: [])
        }
        for continuation in closing { continuation.resume() }
    }

    private func wakeWaiting() {
        let waiting = state.withLock { exchange(&$0.waitingForRoom, with: []) }
        for continuation in waiting { continuation.resume() }
    }

    private func exchange<Value>(_ variable: inout Value, with value: Value) -> Value {
        defer { variable = value }
        return variable
    }
}

extension KafkaClient {
    /// Puts `record` into the producer's queue; `opaque` comes back with its delivery report unless an error is returned.
    fileprivate func produce(_ record: OutgoingRecord, opaque: UnsafeMutableRawPointer) -> EventLogError? {
        let message = record.message
        let headers = message.headers.isEmpty ? nil : Self.headers(message.headers)
        let error = record.topic.withCString { topic in
            withBytes(of: message.key) { key, keySize in
                withBytes(of: message.value) { value, valueSize in
                    withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 6) { units in
                        units.initialize(repeating: rd_kafka_vu_t())
                        units[0].vtype = RD_KAFKA_VTYPE_TOPIC
                        units[0].u.cstr = topic
                        units[1].vtype = RD_KAFKA_VTYPE_KEY
                        units[1].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: key), size: keySize)
                        units[2].vtype = RD_KAFKA_VTYPE_VALUE
                        units[2].u.mem = .init(ptr: UnsafeMutableRawPointer(mutating: value), size: valueSize)
                        units[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS
                        units[3].u.i = RD_KAFKA_MSG_F_COPY
                        units[4].vtype = RD_KAFKA_VTYPE_OPAQUE
                        units[4].u.ptr = opaque
                        units[5].vtype = RD_KAFKA_VTYPE_HEADERS
                        units[5].u.headers = headers
                        return rd_kafka_produceva(handle, units.baseAddress, headers == nil ? 5 : 6)
                    }
                }
            }
        }
        guard let error else { return nil }
        // The headers are librdkafka's only if the record was accepted.
        if let headers { rd_kafka_headers_destroy(headers) }
        return EventLogError(consuming: error)
    }

    private static func headers(_ headers: [MessageHeader]) -> OpaquePointer? {
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            withBytes(of: header.value) { value, size in
                _ = rd_kafka_header_add(list, header.name, -1, value, size)
            }
        }
        return list
    }
}

/// Null for `nil`, and never null for an empty array: Kafka tells the two apart.
private func withBytes<Result>(of bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> Result) -> Result {
    guard let bytes else { return body(nil, 0) }
    guard !bytes.isEmpty else { return withUnsafeBytes(of: UInt8(0)) { body($0.baseAddress, 0) } }
    return bytes.withUnsafeBytes { body($0.baseAddress, $0.count) }
}
