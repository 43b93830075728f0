import Connectors
import Contracts
import EventLog
import Simulator
import Testing

@Suite("The simulated log's faults, by a clock of our own")
struct SimulatedLogTests {
    private let clock = VirtualClock()
    private let log: SimulatedLog
    private let start: Timestamp

    init() {
        log = SimulatedLog(clock: clock)
        start = clock.now()
    }

    private func member(
        of process: String, maxBatch: Int = 100, linger: Duration = .zero
    ) async throws -> any LogSubscription {
        try await log.client(of: process).subscribe(
            group: "g", topics: ["t"],
            options: SubscriptionOptions(maxBatch: maxBatch, linger: linger, drainTimeout: .seconds(10)))
    }

    /// Records without a key go round the three partitions, those with one to one of them.
    private func publish(_ numbers: Range<UInt8>, key: [UInt8]? = nil) async throws {
        try await log.client(of: "producer").publish(
            numbers.map { OutgoingRecord(topic: "t", message: EncodedMessage(key: key, value: [$0], headers: [])) })
    }

    private func values(_ records: [LogRecord]) -> [UInt8] { records.map { $0.message.value?.first ?? .max } }

    // MARK: Processes that die, and those that come back

    @Test("partitions of a killed process move when its session has timed out, with what it had not committed")
    func killed() async throws {
        try await publish(0..<6)
        let first = try await member(of: "a")
        let batch = try #require(try await first.next())
        await log.silence("a")
        let second = try await member(of: "b")
        async let taken = second.next()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        let again = try #require(try await taken)
        #expect(clock.now() == start.advanced(by: .seconds(45)))
        #expect(values(again.records).sorted() == [0, 1, 2, 3, 4, 5])
        await #expect(throws: EventLogError.self) { _ = try await first.commit(batch) }
        #expect(await log.lag(of: "g") == 6)
        #expect(try await second.commit(again) == .committed)
        #expect(await log.lag(of: "g") == 0)
    }

    @Test("a killed process neither publishes nor leaves in order; the one started in its place does both")
    func restarted() async throws {
        let old = log.client(of: "a")
        let lingering = try await old.subscribe(group: "g", topics: ["t"], options: SubscriptionOptions())
        await log.silence("a")
        await #expect(throws: EventLogError.self) { try await old.publish([record(1)]) }
        await lingering.close()
        let new = log.client(of: "a")
        try await new.publish([record(2)])
        let member = try await new.subscribe(group: "g", topics: ["t"], options: SubscriptionOptions(linger: .zero))
        async let taken = member.next()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        #expect(values(try #require(try await taken).records) == [2])
        #expect(clock.now() == start.advanced(by: .seconds(45)), "the old member kept the partition so long")
    }

    @Test("a zombie's batch is abandoned, and its next question joins it again")
    func zombie() async throws {
        try await publish(0..<6)
        let zombie = try await member(of: "a")
        let stale = try #require(try await zombie.next())
        await log.pause("a", until: start.advanced(by: .seconds(60)))
        let other = try await member(of: "b")
        async let taken = other.next()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        let again = try #require(try await taken)
        #expect(clock.now() == start.advanced(by: .seconds(45)))
        await #expect(throws: EventLogError.self) { _ = try await zombie.commit(stale) }
        await clock.advance(by: .seconds(15))
        #expect(try await zombie.commit(stale) == .abandoned)
        #expect(try await other.commit(again) == .committed)
        #expect(await log.lag(of: "g") == 0)

        async let rejoined = zombie.next()
        var changes = other.assignments.makeAsyncIterator()
        while let change = await changes.next(isolation: nil) {
            if case .revoked = change { break }
        }
        try await publish(6..<12)
        #expect(try #require(try await rejoined).records.count > 0)
    }

    @Test("a pause shorter than the session costs nothing")
    func shortPause() async throws {
        try await publish(0..<6)
        let member = try await member(of: "a")
        let batch = try #require(try await member.next())
        await log.pause("a", until: start.advanced(by: .seconds(44)))
        await clock.advance(by: .seconds(50))
        #expect(try await member.commit(batch) == .committed)
    }

    @Test("a paused process is handed nothing until it is back")
    func paused() async throws {
        let member = try await member(of: "a")
        await log.pause("a", until: start.advanced(by: .seconds(30)))
        try await publish(0..<1)
        async let taken = member.next()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        #expect(values(try #require(try await taken).records) == [0])
        #expect(clock.now() == start.advanced(by: .seconds(30)))
    }

    @Test("a pause can be ended early")
    func endedPause() async throws {
        let member = try await member(of: "a")
        await log.pause("a", until: start.advanced(by: .seconds(30)))
        await #expect(throws: EventLogError.self) { try await log.client(of: "a").publish([record(0)]) }
        await log.pause("a", until: start)
        try await log.client(of: "a").publish([record(0)])
        #expect(values(try #require(try await member.next()).records) == [0])
    }

    // MARK: Assignment

    @Test("a forced rebalance takes work in flight away, and it is delivered again")
    func forcedRebalance() async throws {
        try await publish(0..<6)
        let member = try await member(of: "a")
        let batch = try #require(try await member.next())
        await log.rebalance(group: "g")
        #expect(try await member.commit(batch) == .abandoned)
        let again = try #require(try await member.next())
        #expect(values(again.records).sorted() == values(batch.records).sorted())
    }

    @Test("a forced rebalance shares partitions out differently")
    func rotation() async throws {
        let members = [try await member(of: "a"), try await member(of: "b")]
        await log.rebalance(group: "g")
        var changes = members[1].assignments.makeAsyncIterator()
        #expect(await changes.next(isolation: nil) == .assigned(partitions(2..<3)))
        #expect(await changes.next(isolation: nil) == .revoked(partitions(2..<3)))
        #expect(await changes.next(isolation: nil) == .assigned(partitions(0..<2)))
    }

    @Test("a member that holds on to its batch loses what must move after the drain time-out, and only then")
    func drainTimeout() async throws {
        try await publish(0..<6)
        let first = try await member(of: "a")
        let batch = try #require(try await first.next())
        let second = try await member(of: "b")
        async let taken = second.next()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        #expect(try #require(try await taken).records.map(\.partition) == [2, 2])
        #expect(clock.now() == start.advanced(by: .seconds(10)))
        #expect(try await first.commit(batch) == .abandoned)
        #expect(await log.lag(of: "g") == 2, "what had not moved is committed")
        await first.close()
    }

    @Test("closing waits for the batch in flight, at most the drain time-out")
    func closing() async throws {
        try await publish(0..<1)
        let member = try await member(of: "a")
        _ = try #require(try await member.next())
        async let closed: Void = member.close()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        await closed
        #expect(clock.now() == start.advanced(by: .seconds(10)))
    }

    // MARK: Records

    @Test("a batch waits for more until it is full or has lingered")
    func lingering() async throws {
        let member = try await member(of: "a", maxBatch: 3, linger: .seconds(5))
        try await publish(0..<1)
        async let full = member.next()
        await clock.waitForSleepers()
        try await publish(1..<4)
        #expect(try await full?.records.count == 3)
        #expect(clock.now() == start)

        async let lingered = member.next()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        #expect(try await lingered?.records.count == 1)
        #expect(clock.now() == start.advanced(by: .seconds(5)))
    }

    @Test("duplicates lie behind everything that was published with them, once")
    func duplicates() async throws {
        await log.duplicateNext(2)
        try await publish(0..<3, key: [1])
        try await publish(3..<4, key: [1])
        let records = await log.records(of: "t")
        #expect(values(records) == [0, 1, 2, 0, 1, 3])
        #expect(records.map(\.offset) == Array(0..<6))
    }

    @Test("a failed publish is transient, and may have appended its records", arguments: [true, false])
    func failedPublish(appended: Bool) async throws {
        await log.failNextPublishes(1, appended: appended)
        let error = await #expect(throws: EventLogError.self) { try await publish(0..<2) }
        #expect(error?.isTransient == true)
        #expect(await log.records(of: "t").count == (appended ? 2 : 0))
        try await publish(2..<3)
        #expect(await log.records(of: "t").count == (appended ? 3 : 1))
    }

    @Test("a rewound group gets the last committed records again, once")
    func rewinding() async throws {
        try await publish(0..<5, key: [1])
        let member = try await member(of: "a")
        _ = try await member.commit(try #require(try await member.next()))
        await log.rewind(group: "g", by: 2)
        #expect(await log.lag(of: "g") == 0, "not before the next assignment")
        await log.rebalance(group: "g")
        #expect(await log.lag(of: "g", topic: "t") == 2)
        let again = try #require(try await member.next())
        #expect(values(again.records) == [3, 4])
        #expect(try await member.commit(again) == .committed)
        await log.rebalance(group: "g")
        #expect(await log.lag(of: "g") == 0)
    }

    private func record(_ value: UInt8) -> OutgoingRecord {
        OutgoingRecord(topic: "t", message: EncodedMessage(key: [1], value: [value], headers: []))
    }

    private func partitions(_ numbers: Range<Int32>) -> [TopicPartition] {
        numbers.map { TopicPartition(topic: "t", partition: $0) }
    }
}
