import Contracts
import EventLog
import Foundation
import Synchronization
import Testing

@Suite("What the embedded log keeps")
struct EmbeddedStorageTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func all(_ count: Int, in log: EmbeddedLog, group: String = "g", topic: String = "t") async throws -> [LogRecord] {
        let member = try await log.subscribe(
            group: group, topics: [topic], options: SubscriptionOptions(linger: .zero, drainTimeout: .zero))
        var records: [LogRecord] = []
        while records.count < count, let batch = try await member.next() {
            records += batch.records
            #expect(try await member.commit(batch) == .committed)
        }
        await member.close()
        return records
    }

    @Test("records and commits survive closing")
    func reopening() async throws {
        let log = try folder.open()
        try await log.publish((0..<10).map { .numbered($0, key: "k") })
        #expect(try await all(10, in: log).count == 10)
        try await log.publish([.numbered(10, key: "k")])
        await log.close()

        let again = try folder.open()
        #expect(try await all(1, in: again).map(\.offset) == [10])
        #expect(try await all(11, in: again, group: "new").map(\.offset) == Array(0...10))
        await again.close()
    }

    @Test("a published record is there for a process that finds the files of one that died")
    func crash() async throws {
        let log = try folder.open()
        try await log.publish((0..<100).map { .numbered($0, key: "k") })
        let copy = try TemporaryFolder()
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: folder.path + suffix, toPath: copy.path + suffix)
        }
        let found = try copy.open()
        #expect(try await all(100, in: found).map(\.offset) == Array(0..<100))
        await found.close()
        await log.close()
    }

    @Test("a file serves one log at a time")
    func lock() async throws {
        let log = try folder.open()
        let error = #expect(throws: EventLogError.self) { try folder.open() }
        #expect(error?.code == "IN_USE")
        await log.close()
        await (try folder.open()).close()
    }

    @Test("many publishers at once lose and mix up nothing")
    func concurrentPublishers() async throws {
        let log = try folder.open()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for publisher in 0..<50 {
                tasks.addTask {
                    for number in 0..<20 {
                        try await log.publish([.numbered(number, key: "publisher \(publisher)")])
                    }
                }
            }
            try await tasks.waitForAll()
        }
        let records = try await all(1000, in: log)
        for (_, ofKey) in Dictionary(grouping: records, by: \.message.key) {
            #expect(ofKey.map(\.message.value) == (0..<20).map { Array("\($0)".utf8) })
        }
        for (_, ofPartition) in Dictionary(grouping: records, by: \.partition) {
            #expect(ofPartition.map(\.offset).sorted() == (0..<Int64(ofPartition.count)).map { $0 })
        }
        await log.close()
    }

    @Test("keyless records go round robin, and a topic keeps its number of partitions")
    func partitions() async throws {
        let log = try folder.open(partitions: 2)
        try await log.publish((0..<6).map { .numbered($0) })
        await log.close()
        let again = try folder.open(partitions: 8)
        try await again.publish((6..<12).map { .numbered($0) })
        let perPartition = Dictionary(grouping: try await all(12, in: again), by: \.partition).mapValues(\.count)
        #expect(perPartition == [0: 6, 1: 6])
        await again.close()
    }

    @Test("trimming deletes what is old and consumed by every group, and never uses an offset again")
    func trimming() async throws {
        let now = Mutex(Int64(1000))
        let time: @Sendable () -> Timestamp = { Timestamp(milliseconds: now.withLock { $0 }) }
        let log = try folder.open(partitions: 1, clock: time)
        let behind = try await log.subscribe(
            group: "behind", topics: ["t"], options: SubscriptionOptions(maxBatch: 4, linger: .zero))
        try await log.publish((0..<10).map { .numbered($0) })
        _ = try await all(10, in: log)
        #expect(try await log.trim(before: Timestamp(milliseconds: 2000)) == 0, "a group has not seen them")

        let batch = try #require(try await behind.next())
        _ = try await behind.commit(batch)
        #expect(try await log.trim(before: Timestamp(milliseconds: 1000)) == 0, "none is old enough")
        #expect(try await log.trim(before: Timestamp(milliseconds: 1001)) == 4)
        #expect(try await all(6, in: log, group: "new").map(\.offset) == [4, 5, 6, 7, 8, 9])

        let rest = try #require(try await behind.next())
        _ = try await behind.commit(rest)
        let last = try #require(try await behind.next())
        _ = try await behind.commit(last)
        await behind.close()
        now.withLock { $0 = 5000 }
        try await log.publish([.numbered(10)])
        _ = try await all(1, in: log)
        _ = try await all(1, in: log, group: "new")
        _ = try await all(1, in: log, group: "behind")
        #expect(try await log.trim(before: Timestamp(milliseconds: 5000)) == 6, "the newest is too young")
        #expect(try await log.trim(before: Timestamp(milliseconds: 6000)) == 1)
        await log.close()

        let again = try folder.open(clock: time)
        try await again.publish([.numbered(11)])
        #expect(try await all(1, in: again).map(\.offset) == [11])
        await again.close()
    }

    @Test("nonsense is refused with a reason")
    func refusals() async throws {
        #expect(throws: EventLogError.self) { try folder.open(partitions: 0) }
        #expect(throws: EventLogError.self) { try EmbeddedLog.open(path: "/nowhere/at/all") { Timestamp(milliseconds: 0) } }
        let log = try folder.open()
        let huge = OutgoingRecord(
            topic: "t", message: EncodedMessage(key: nil, value: Array(repeating: 0, count: 17 << 20), headers: []))
        let error = await #expect(throws: EventLogError.self) { try await log.publish([huge]) }
        #expect(error?.isTransient == false)
        await #expect(throws: EventLogError.self) {
            _ = try await log.subscribe(group: "g", topics: [], options: SubscriptionOptions())
        }
        await log.close()
    }
}
