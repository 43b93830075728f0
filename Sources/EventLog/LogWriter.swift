internal import Contracts
internal import GRDB

/// The only writer. Whatever is submitted while a transaction runs goes into the next one together, so that many small
/// publishes cost one fsync.
actor LogWriter {
    private enum Work: Sendable {
        case append([OutgoingRecord])
        case create([String])
        case store([PartitionID: Int64], group: Int64)
        case trim(olderThan: Timestamp)

        var weight: Int {
            if case .append(let records) = self { records.count } else { 1 }
        }

        /// Returns the number of records appended or deleted.
        func apply(to catalog: inout Catalog, _ now: Timestamp, _ db: Database) throws -> Int {
            switch self {
            case .append(let records):
                for record in records { try catalog.append(record, now, db) }
                return records.count
            case .create(let topics):
                for topic in topics { try catalog.create(topic, db) }
                return 0
            case .store(let offsets, let group):
                try GroupTable.store(offsets, group: group, db)
                return 0
            case .trim(let time): return try catalog.trim(olderThan: time, limit: LogWriter.trimStep, db)
            }
        }
    }

    private typealias Outcome = Result<Int, EventLogError>

    private struct Submission {
        let work: Work
        let continuation: CheckedContinuation<Outcome, Never>
    }

    /// Records in one transaction: large enough for full speed, small enough not to hold up a small publish behind it.
    private static let transactionSize = 5000
    private static let trimStep = 5000
    private static let maxRecordBytes = 16 << 20

    private let database: LogDatabase
    private let clock: @Sendable () -> Timestamp
    private var catalog: Catalog
    private var waiting: [Submission] = []
    private var isWriting = false
    private var isClosed = false
    private var idle: [CheckedContinuation<Void, Never>] = []
    private var groups: [ConsumerGroup] = []

    init(database: LogDatabase, partitionsPerTopic: Int, clock: @escaping @Sendable () -> Timestamp) throws(EventLogError) {
        self.database = database
        self.clock = clock
        catalog = try database.readNow { try Catalog(partitionsPerTopic: partitionsPerTopic, $0) }
    }

    func append(_ records: [OutgoingRecord]) async throws(EventLogError) {
        for record in records where MessageCoding.storedSize(of: record.message) > Self.maxRecordBytes {
            throw EventLogError(
                code: "RECORD_TOO_LARGE",
                reason: "a record for \(record.topic) takes more than \(Self.maxRecordBytes) bytes", isTransient: false)
        }
        guard !records.isEmpty else { return }
        _ = try await submit(.append(records))
    }

    func store(_ offsets: [PartitionID: Int64], group: Int64) async throws(EventLogError) {
        _ = try await submit(.store(offsets, group: group))
    }

    /// The partitions of `topics`, which are created where they do not exist.
    func partitions(of topics: [String]) async throws(EventLogError) -> [Catalog.Partition] {
        if topics.contains(where: { catalog.topics[$0] == nil }) { _ = try await submit(.create(topics)) }
        return topics.flatMap { catalog.topics[$0] ?? [] }
    }

    /// Deletes what is older than `time` and consumed by every group, in steps that let appends pass in between.
    func trim(olderThan time: Timestamp) async throws(EventLogError) -> Int {
        var total = 0
        while true {
            let count = try await submit(.trim(olderThan: time))
            if count == 0 { return total }
            total += count
        }
    }

    /// Tells `group` of every append from now on.
    func addListener(_ group: ConsumerGroup) {
        if !groups.contains(where: { $0 === group }) { groups.append(group) }
    }

    /// Ends when everything that was accepted is written.
    func close() async {
        isClosed = true
        if isWriting { await withCheckedContinuation { idle.append($0) } }
        groups = []
    }

    private func submit(_ work: Work) async throws(EventLogError) -> Int {
        guard !isClosed else { throw .closed }
        let outcome: Outcome = await withCheckedContinuation { continuation in
            waiting.append(Submission(work: work, continuation: continuation))
            guard !isWriting else { return }
            isWriting = true
            // Unstructured, because a publisher that is cancelled must not undo the transaction of others.
            Task { await self.writeAll() }
        }
        return try outcome.get()
    }

    private func writeAll() async {
        while !waiting.isEmpty {
            let submissions = takeTransaction()
            let works = submissions.map(\.work)
            do {
                let (counts, written) = try await database.write { [catalog, clock] db in
                    var catalog = catalog
                    let now = clock()
                    return (try works.map { try $0.apply(to: &catalog, now, db) }, catalog)
                }
                catalog = written
                for (submission, count) in zip(submissions, counts) { submission.continuation.resume(returning: .success(count)) }
                await announce(works)
            } catch {
                for submission in submissions { submission.continuation.resume(returning: .failure(error)) }
            }
        }
        isWriting = false
        for continuation in idle { continuation.resume() }
        idle = []
    }

    private func takeTransaction() -> [Submission] {
        var weight = 0
        let fitting = waiting.prefix { submission in
            defer { weight += submission.work.weight }
            return weight < Self.transactionSize
        }
        waiting.removeFirst(fitting.count)
        return Array(fitting)
    }

    private func announce(_ works: [Work]) async {
        var topics: Set<String> = []
        for case .append(let records) in works { topics.formUnion(records.map(\.topic)) }
        let grown = topics.flatMap { catalog.topics[$0] ?? [] }
        guard !grown.isEmpty else { return }
        for group in groups { await group.recordsArrived(in: grown) }
    }
}
