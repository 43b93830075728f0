public import Contracts

/// A log in one SQLite file, for one process: durable, ordered per partition, with consumer groups. It needs no server.
///
/// - Concurrent ``publish(_:)`` calls share a transaction and its fsync.
/// - Keyed records go to the partition Kafka's default partitioner would choose; keyless ones go round robin.
/// - A topic comes into being when it is first published to or subscribed to.
/// - A member that does not settle its batch within the drain time-out loses the partitions that must move
///   (`AssignmentChange.lost`).
public actor EmbeddedLog: EventLog {
    private let database: LogDatabase
    private let writer: LogWriter
    private let timer: any Clock<Duration>
    private var groups: [String: ConsumerGroup] = [:]
    private var isClosed = false

    private init(
        path: String, partitions: Int, timer: any Clock<Duration>, clock: @escaping @Sendable () -> Timestamp
    ) throws(EventLogError) {
        guard (1...1024).contains(partitions) else {
            throw EventLogError(
                code: "INVALID_CONFIGURATION", reason: "a topic has 1 to 1024 partitions, not \(partitions)",
                isTransient: false)
        }
        database = try LogDatabase(path: path)
        writer = try LogWriter(database: database, partitionsPerTopic: partitions, clock: clock)
        self.timer = timer
    }

    /// Opens the log in the file at `path`, creating it if there is none.
    ///
    /// - Parameters:
    ///   - path: The file. SQLite's `-wal` and `-shm` files and a `.lock` file lie beside it.
    ///   - partitions: The partitions of a topic that is new; existing topics keep theirs.
    ///   - timer: Measures lingering and drain time-outs.
    ///   - clock: Stamps records as they are appended.
    /// - Throws: `IN_USE` while another process, or another log of this one, has the file open.
    public static func open(
        path: String, partitions: Int = 4, timer: any Clock<Duration> = ContinuousClock(),
        clock: @escaping @Sendable () -> Timestamp
    ) throws(EventLogError) -> EmbeddedLog {
        try EmbeddedLog(path: path, partitions: partitions, timer: timer, clock: clock)
    }

    public func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        try await writer.append(records)
    }

    public func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) async throws(EventLogError) -> any LogSubscription {
        guard !isClosed else { throw .closed }
        guard !topics.isEmpty else {
            throw EventLogError(code: "INVALID_SUBSCRIPTION", reason: "no topic was named", isTransient: false)
        }
        let (changes, continuation) = AsyncStream.makeStream(
            of: AssignmentChange.self, bufferingPolicy: .bufferingNewest(1000))
        let group = consumerGroup(named: group)
        let id = try await group.join(topics: topics, options: options, changes: continuation)
        return EmbeddedSubscription(id: id, group: group, assignments: changes)
    }

    /// Deletes records appended before `time` that every group which ever subscribed to their topic has committed;
    /// those of a topic without groups go by age alone. Freed space is used again by later records.
    ///
    /// - Returns: How many records were deleted.
    @discardableResult
    public func trim(before time: Timestamp) async throws(EventLogError) -> Int {
        try await writer.trim(olderThan: time)
    }

    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        await withTaskGroup { tasks in
            for group in groups.values { tasks.addTask { await group.close() } }
        }
        await writer.close()
        database.close()
    }

    private func consumerGroup(named name: String) -> ConsumerGroup {
        if let known = groups[name] { return known }
        let group = ConsumerGroup(name: name, database: database, writer: writer, timer: timer)
        groups[name] = group
        return group
    }
}

/// A member of a group of an embedded log.
struct EmbeddedSubscription: LogSubscription {
    let id: ConsumerGroup.MemberID
    let group: ConsumerGroup
    let assignments: AsyncStream<AssignmentChange>

    func next() async throws(EventLogError) -> LogBatch? { try await group.next(id) }

    func commit(_ batch: LogBatch) async throws(EventLogError) -> CommitOutcome { try await group.commit(batch, by: id) }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws(EventLogError) {
        try await group.seek(partition, to: offset, by: id)
    }

    func close() async { await group.leave(id) }
}
