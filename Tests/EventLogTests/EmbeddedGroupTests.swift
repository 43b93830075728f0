import Contracts
import EventLog
import Testing

@Suite("Consumer groups of the embedded log, by a clock of our own")
struct EmbeddedGroupTests {
    private let folder: TemporaryFolder
    private let clock = ManualClock()
    private let log: EmbeddedLog

    init() throws {
        folder = try TemporaryFolder()
        log = try folder.open(timer: clock)
    }

    private func subscribe(maxBatch: Int = 10, linger: Duration = .zero) async throws -> any LogSubscription {
        try await log.subscribe(
            group: "g", topics: ["t"],
            options: SubscriptionOptions(maxBatch: maxBatch, linger: linger, drainTimeout: .seconds(10)))
    }

    @Test("a member that holds on to its batch loses what must move after the drain time-out, and only then")
    func drainTimeout() async throws {
        try await log.publish((0..<8).map { .numbered($0) })
        let first = try await subscribe()
        let batch = try #require(try await first.next())
        #expect(batch.records.count == 8)
        let second = try await subscribe()
        async let taken = second.next()
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(10))

        let again = try #require(try await taken)
        #expect(again.records.count == 4, "half of the partitions moved")
        #expect(try await first.commit(batch) == .abandoned)
        #expect(try await second.commit(again) == .committed)
        var changes = first.assignments.makeAsyncIterator()
        #expect(await changes.next(isolation: nil) == .assigned((0..<4).map { TopicPartition(topic: "t", partition: $0) }))
        #expect(await changes.next(isolation: nil) == .lost((2..<4).map { TopicPartition(topic: "t", partition: $0) }))
        await second.close()
    }

    @Test("a batch settled in time moves its partitions in order")
    func orderlyMove() async throws {
        try await log.publish((0..<8).map { .numbered($0) })
        let first = try await subscribe()
        let batch = try #require(try await first.next())
        let second = try await subscribe()
        #expect(try await first.commit(batch) == .committed)
        var changes = first.assignments.makeAsyncIterator()
        _ = await changes.next(isolation: nil)
        #expect(await changes.next(isolation: nil) == .revoked((2..<4).map { TopicPartition(topic: "t", partition: $0) }))
        try await log.publish((8..<12).map { .numbered($0) })
        let rest = try #require(try await second.next())
        #expect(rest.records.map(\.offset) == [2, 2], "nothing is delivered twice")
        await first.close()
    }

    @Test("a batch waits for more until it is full or has lingered")
    func lingering() async throws {
        let member = try await subscribe(maxBatch: 3, linger: .seconds(5))
        try await log.publish([.numbered(0, key: "k")])
        async let full = member.next()
        await clock.waitForSleepers(1)
        try await log.publish([.numbered(1, key: "k"), .numbered(2, key: "k"), .numbered(3, key: "k")])
        #expect(try await full?.records.count == 3)
        clock.advance(by: .seconds(5))

        async let lingered = member.next()
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(5))
        #expect(try await lingered?.records.count == 1)
    }

    @Test("closing waits for the batch in flight, at most the drain time-out")
    func closing() async throws {
        try await log.publish([.numbered(0)])
        let member = try await subscribe()
        let batch = try #require(try await member.next())
        async let closed: Void = member.close()
        await clock.waitForSleepers(1)
        #expect(try await member.commit(batch) == .committed)
        await closed

        try await log.publish([.numbered(1)])
        let stuck = try await subscribe()
        #expect(try await stuck.next()?.records.count == 1, "the committed one is not delivered again")
        async let closedLate: Void = stuck.close()
        await clock.waitForSleepers(2)
        clock.advance(by: .seconds(10))
        await closedLate
    }

    @Test("a member whose batch was taken away as overdue leaves without another wait for it", .timeLimit(.minutes(1)))
    func closingOverdue() async throws {
        try await log.publish((0..<8).map { .numbered($0) })
        let first = try await subscribe()
        _ = try #require(try await first.next())
        let second = try await subscribe()
        async let taken = second.next()
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(10))
        let moved = try #require(try await taken)
        #expect(try await second.commit(moved) == .committed)

        await first.close()
        let rest = try #require(try await second.next())
        #expect(rest.records.count == 4, "what the first member still had moved with its leaving")
    }

    @Test("one call of next() at a time")
    func oneNextAtATime() async throws {
        let member = try await subscribe(linger: .seconds(1))
        async let waiting = member.next()
        try await log.publish([.numbered(0)])
        await clock.waitForSleepers(1)
        await #expect(throws: EventLogError.self) { _ = try await member.next() }
        clock.advance(by: .seconds(1))
        #expect(try await waiting?.records.count == 1)
    }
}

extension OutgoingRecord {
    static func numbered(_ number: Int, topic: String = "t", key: String? = nil) -> OutgoingRecord {
        OutgoingRecord(
            topic: topic,
            message: EncodedMessage(key: key.map { Array($0.utf8) }, value: Array("\(number)".utf8), headers: []))
    }
}
