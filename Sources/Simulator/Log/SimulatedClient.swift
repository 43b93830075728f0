internal import EventLog

/// A simulated log as one process sees it.
struct SimulatedClient: EventLog {
    let client: SimulatedLog.Client
    let log: SimulatedLog

    func publish(_ records: [OutgoingRecord]) async throws(EventLogError) { try await log.publish(records, by: client) }

    func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) async throws(EventLogError) -> any LogSubscription {
        try await log.subscribe(client, group: group, topics: topics, options: options)
    }

    func close() async { await log.close(client) }
}

/// A member of a group of a simulated log.
struct SimulatedSubscription: LogSubscription {
    let id: SimulatedGroup.MemberID
    let group: String
    let log: SimulatedLog
    let assignments: AsyncStream<AssignmentChange>

    func next() async throws(EventLogError) -> LogBatch? { try await log.next(id, group: group) }

    func commit(_ batch: LogBatch) async throws(EventLogError) -> CommitOutcome {
        try await log.commit(batch, by: id, group: group)
    }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws(EventLogError) {
        try await log.seek(partition, to: offset, by: id, group: group)
    }

    func close() async { await log.leave(id, group: group) }
}
