import Connectors
import Contracts
import EventLog
import Store

/// A process's clock: wrong by a while, and it stops while the process does.
struct ProcessClock: WallClock {
    let clock: SimulatedClock
    let lifeline: Lifeline
    /// How far it is ahead of the true time.
    let skew: Duration

    func now() -> Timestamp { clock.now().advanced(by: skew) }

    func sleep(until deadline: Timestamp) async throws {
        try await clock.sleep(until: deadline.advanced(by: .zero - skew))
        do { try await lifeline.pass(.clock) } catch { throw CancellationError() }
    }
}

/// A process's way to the vendors, which takes its time.
struct ProcessTransport: HTTPTransport {
    let network: any Network
    let process: String
    let lifeline: Lifeline

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        do { try await lifeline.pass(.vendor) } catch { throw .cancelled }
        let result: Result<HTTPResponse, TransportError>
        do throws(TransportError) {
            result = .success(try await network.exchange(request, from: process))
        } catch {
            result = .failure(error)
        }
        do { try await lifeline.pass(.vendor) } catch { throw .cancelled }
        return try result.get()
    }
}

/// What lies between the processes and the vendors.
protocol Network: Sendable {
    func exchange(_ request: HTTPRequest, from process: String) async throws(TransportError) -> HTTPResponse
}

/// A process's connection to the log.
struct ProcessLog: EventLog {
    let log: any EventLog
    let lifeline: Lifeline

    func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        try await lifeline.passLog()
        try await log.publish(records)
        try await lifeline.passLog()
    }

    func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) async throws(EventLogError) -> any LogSubscription {
        try await lifeline.passLog()
        let subscription = try await log.subscribe(group: group, topics: topics, options: options)
        return ProcessSubscription(subscription: subscription, lifeline: lifeline)
    }

    func close() async { if !lifeline.isDead { await log.close() } }
}

private struct ProcessSubscription: LogSubscription {
    let subscription: any LogSubscription
    let lifeline: Lifeline

    var assignments: AsyncStream<AssignmentChange> { subscription.assignments }

    func next() async throws(EventLogError) -> LogBatch? {
        guard !lifeline.isDead else { return nil }
        let batch = try await subscription.next()
        try await lifeline.passLog()
        return batch
    }

    func commit(_ batch: LogBatch) async throws(EventLogError) -> CommitOutcome {
        try await lifeline.passLog()
        let outcome = try await subscription.commit(batch)
        try await lifeline.passLog()
        return outcome
    }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws(EventLogError) {
        try await lifeline.passLog()
        try await subscription.seek(partition, to: offset)
    }

    /// A killed process does not say goodbye: the log finds out by itself.
    func close() async { if !lifeline.isDead { await subscription.close() } }
}

extension Lifeline {
    fileprivate func passLog() async throws(EventLogError) {
        do { try await pass(.log) } catch { throw EventLogError(code: "DIED", reason: "the process died", isTransient: false) }
    }

    /// The data of `store` as this process sees them; `afterwards` follows each passage (for planted bugs).
    func view(of store: Store, _ afterwards: @escaping Store.Passage = {}) -> Store {
        store.sharing { () async throws(StoreError) in
            do { try await self.pass(.store) } catch { throw StoreError(code: "died", message: "the process died") }
            try await afterwards()
        }
    }
}
