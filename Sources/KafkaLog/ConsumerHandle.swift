internal import CRdKafka
internal import Contracts
internal import EventLog

/// A consumer of librdkafka with its calls in Swift's types. Used by one thread, except for ``wake()``.
///
/// Unchecked, because it holds C handles; librdkafka's may be used from any thread until they are destroyed.
final class ConsumerHandle: @unchecked Sendable {
    enum Polled {
        case nothing
        case record(LogRecord)
        case failure(EventLogError, endsSubscription: Bool)
    }

    private let client: KafkaClient
    /// What ``poll(upTo:)`` reads from.
    private let queue: OpaquePointer
    /// How long partitions may be held up without the broker thinking the member dead.
    let maxPollInterval: Duration

    init(
        group: String, topics: [String], _ configuration: KafkaConfiguration, _ context: ClientContext
    ) throws(EventLogError) {
        guard !group.isEmpty, !topics.isEmpty else {
            throw EventLogError(
                code: "INVALID_SUBSCRIPTION", reason: "a group and at least one topic must be named", isTransient: false)
        }
        var settings = [
            "group.id": group, "enable.auto.commit": "true", "enable.auto.offset.store": "false",
            "auto.offset.reset": "earliest", "partition.assignment.strategy": configuration.assignment.rawValue,
        ]
        if configuration.properties["auto.commit.interval.ms"] == nil { settings["auto.commit.interval.ms"] = "1000" }
        client = try KafkaClient(RD_KAFKA_CONSUMER, configuration, settings, context)
        maxPollInterval = .milliseconds(configuration.properties["max.poll.interval.ms"].flatMap { Int($0) } ?? 300_000)
        // Callbacks are then served by the same poll as records.
        rd_kafka_poll_set_consumer(client.handle)
        guard let queue = rd_kafka_queue_get_consumer(client.handle) else {
            client.destroy()
            throw EventLogError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP)
        }
        self.queue = queue
        let wanted = topics.map { TopicPartition(topic: $0, partition: RD_KAFKA_PARTITION_UA) }
        let code = withList(of: wanted) { [client] in rd_kafka_subscribe(client.handle, $0) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            rd_kafka_queue_destroy(queue)
            client.destroy()
            throw EventLogError(code)
        }
    }

    /// Called on the polling thread, from within ``poll(upTo:)``.
    func onRebalance(_ body: @escaping (Rebalance) -> Void) {
        client.context.onRebalance = { code, partitions in body(Rebalance(code, partitions)) }
    }

    func log(_ level: String, _ message: String) { client.context.log(level, message) }

    /// Ends a poll that is under way. May be called from any thread.
    func wake() { rd_kafka_queue_yield(queue) }

    func poll(upTo limit: Duration) -> Polled {
        guard let message = rd_kafka_consumer_poll(client.handle, limit.milliseconds) else { return .nothing }
        defer { rd_kafka_message_destroy(message) }
        let code = message.pointee.err
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return .record(LogRecord(message)) }
        guard code != RD_KAFKA_RESP_ERR__PARTITION_EOF else { return .nothing }
        let reason = message.pointee.payload.map { _ in String(cString: rd_kafka_message_errstr(message)) }
        return .failure(EventLogError(code, reason), endsSubscription: code.endsSubscription)
    }

    /// The error after which this consumer can never work again, if there was one.
    var fatalError: EventLogError? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(client.handle, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return EventLogError(code, text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } })
    }

    /// Whether partitions are taken away because the group thinks this member dead.
    var isAssignmentLost: Bool { rd_kafka_assignment_lost(client.handle) != 0 }

    func assign(_ partitions: [TopicPartition], incremental: Bool) {
        withList(of: partitions) { list in
            if incremental {
                report(rd_kafka_incremental_assign(client.handle, list))
            } else {
                report(rd_kafka_assign(client.handle, list))
            }
        }
    }

    func unassign(_ partitions: [TopicPartition], incremental: Bool) {
        if incremental {
            withList(of: partitions) { report(rd_kafka_incremental_unassign(client.handle, $0)) }
        } else {
            report(rd_kafka_assign(client.handle, nil))
        }
    }

    /// Whether partitions move one by one, rather than all at once.
    var isCooperative: Bool {
        rd_kafka_rebalance_protocol(client.handle).map { String(cString: $0) } == "COOPERATIVE"
    }

    func pause(_ partitions: some Sequence<TopicPartition>) {
        withList(of: partitions) { report(rd_kafka_pause_partitions(client.handle, $0)) }
    }

    func resume(_ partitions: some Sequence<TopicPartition>) {
        withList(of: partitions) { report(rd_kafka_resume_partitions(client.handle, $0)) }
    }

    func seek(_ partition: TopicPartition, to offset: Int64, limit: Duration) throws(EventLogError) {
        let failure = withList(of: [partition], offset: { _ in offset }) { list -> EventLogError? in
            if let error = rd_kafka_seek_partitions(client.handle, list, limit.milliseconds) {
                return EventLogError(consuming: error)
            }
            return firstError(in: list)
        }
        if let failure { throw failure }
    }

    /// Notes the next offsets to be committed to the broker.
    func store(_ offsets: [TopicPartition: Int64]) throws(EventLogError) {
        let failure = withList(of: offsets.keys, offset: { offsets[$0] }) { list -> EventLogError? in
            let code = rd_kafka_offsets_store(client.handle, list)
            return code == RD_KAFKA_RESP_ERR_NO_ERROR ? firstError(in: list) : EventLogError(code)
        }
        if let failure { throw failure }
    }

    /// Leaves the group, committing stored offsets. `false` when it did not get done within `limit`.
    ///
    /// Not `rd_kafka_consumer_close`, which may block for ever in librdkafka 2.0.
    func close(within limit: Duration) -> Bool {
        if let error = rd_kafka_consumer_close_queue(client.handle, queue) {
            log("warning", "\(EventLogError(consuming: error))")
            return rd_kafka_consumer_closed(client.handle) != 0
        }
        let deadline = ContinuousClock.now + limit
        while rd_kafka_consumer_closed(client.handle) == 0 {
            guard ContinuousClock.now < deadline else { return false }
            guard let event = rd_kafka_queue_poll(queue, 50) else { continue }
            // While closing, a rebalance comes as an event instead of a callback, and must be answered all the same.
            if rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE {
                unassign(partitions(in: rd_kafka_event_topic_partition_list(event)), incremental: isCooperative)
            }
            rd_kafka_event_destroy(event)
        }
        return true
    }

    /// Frees everything; may block when the consumer could not be closed.
    func destroy() {
        client.context.onRebalance = nil
        rd_kafka_queue_destroy(queue)
        client.destroy()
    }

    private func report(_ error: OpaquePointer?) {
        if let error { log("warning", "\(EventLogError(consuming: error))") }
    }

    private func report(_ code: rd_kafka_resp_err_t) {
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { log("warning", "\(EventLogError(code))") }
    }
}

/// What librdkafka asks for in a rebalance.
enum Rebalance {
    case assign([TopicPartition])
    case revoke([TopicPartition])
    case failure(EventLogError)

    fileprivate init(_ code: rd_kafka_resp_err_t, _ list: ListPointer?) {
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS: self = .assign(partitions(in: list))
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS: self = .revoke(partitions(in: list))
        default: self = .failure(EventLogError(code))
        }
    }
}

private typealias ListPointer = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

/// Lends `body` a C list, which lives for the length of the call only.
private func withList<Result>(
    of partitions: some Sequence<TopicPartition>, offset: (TopicPartition) -> Int64? = { _ in nil },
    _ body: (ListPointer?) -> Result
) -> Result {
    let list = rd_kafka_topic_partition_list_new(8)
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for partition in partitions {
        let entry = rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition)
        if let offset = offset(partition) { entry?.pointee.offset = offset }
    }
    return body(list)
}

/// The entries of a list, which must outlive their use.
private func entries(of list: ListPointer?) -> UnsafeBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeBufferPointer(start: list?.pointee.elems, count: Int(list?.pointee.cnt ?? 0))
}

private func partitions(in list: ListPointer?) -> [TopicPartition] {
    entries(of: list).map { TopicPartition(topic: String(cString: $0.topic), partition: $0.partition) }
}

private func firstError(in list: ListPointer?) -> EventLogError? {
    entries(of: list).first { $0.err != RD_KAFKA_RESP_ERR_NO_ERROR }.map { EventLogError($0.err) }
}

extension LogRecord {
    /// Copies a record out of librdkafka's memory.
    fileprivate init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(message, &kind)
        let value = message.pointee
        self.init(
            topic: String(cString: rd_kafka_topic_name(value.rkt)), partition: value.partition, offset: value.offset,
            timestamp: Timestamp(milliseconds: max(milliseconds, 0)),
            message: EncodedMessage(
                key: bytes(value.key, value.key_len), value: bytes(value.payload, value.len), headers: Self.headers(message)))
    }

    private static func headers(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> [MessageHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        let count = rd_kafka_header_cnt(list)
        var headers: [MessageHeader] = []
        headers.reserveCapacity(count)
        for index in 0..<count {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            guard rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name else {
                break
            }
            headers.append(MessageHeader(String(cString: name), bytes(value, size)))
        }
        return headers
    }
}

private func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
    start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
}
