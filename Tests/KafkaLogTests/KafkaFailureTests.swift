import Contracts
import EventLog
import KafkaLog
import Testing

@Suite("When brokers fail")
struct KafkaFailureTests {
    private let broker: MockBroker

    init() throws { broker = try MockBroker() }

    private func open(deliveryTimeout: Duration = .seconds(30)) throws -> KafkaLog {
        try KafkaLog(configuration: .forTests(broker.bootstrapServers, deliveryTimeout: deliveryTimeout))
    }

    @Test("errors that pass are retried: nothing is lost, doubled or reordered")
    func retried() async throws {
        try broker.createTopic("t", partitions: 1)
        let log = try open()
        try await log.publish(.numbered(0..<1))
        try broker.pushRequestErrors(.produce, [.notLeader, .requestTimedOut, .disconnect, .notEnoughReplicas])
        for start in stride(from: 1, to: 50, by: 7) { try await log.publish(.numbered(start..<start + 7)) }
        #expect(try await log.read(50) == Array(0..<50))
        await log.close()
    }

    @Test("an error that stays is told to the publisher, and the next record is not concerned")
    func permanent() async throws {
        try broker.createTopic("t", partitions: 1)
        let log = try open()
        try await log.publish(.numbered(0..<1))
        try broker.pushRequestErrors(.produce, [.messageTooLarge])
        let error = await #expect(throws: EventLogError.self) { try await log.publish(.numbered(1..<2)) }
        #expect(error?.code == "MSG_SIZE_TOO_LARGE")
        #expect(error?.isTransient == false)
        try await log.publish(.numbered(2..<3))
        #expect(try await log.read(2) == [0, 2])
        await log.close()
    }

    @Test("a record larger than librdkafka takes is refused at once")
    func tooLarge() async throws {
        let log = try open()
        let message = EncodedMessage(key: nil, value: Array(repeating: 0, count: 2_000_000), headers: [])
        let error = await #expect(throws: EventLogError.self) {
            try await log.publish([OutgoingRecord(topic: "t", message: message)])
        }
        #expect(error?.code == "MSG_SIZE_TOO_LARGE")
        await log.close()
    }

    @Test("without brokers, publishing fails after the delivery time-out as something to try again")
    func brokersAway() async throws {
        try broker.setDown()
        let log = try open(deliveryTimeout: .seconds(1))
        let error = await #expect(throws: EventLogError.self) { try await log.publish(.numbered(0..<3)) }
        #expect(error?.code == "_MSG_TIMED_OUT")
        #expect(error?.isTransient == true)
        await log.close()
    }

    @Test("a broker that goes and comes back is waited for on both sides")
    func downAndUp() async throws {
        try broker.createTopic("t", partitions: 1)
        let log = try open()
        let member = try await log.subscribe(group: "g", topics: ["t"], options: .quick)
        try await log.publish(.numbered(0..<5))
        #expect(try await member.take(5) == Array(0..<5))
        try broker.setDown()
        async let published: Void = log.publish(.numbered(5..<10))
        async let taken = member.take(5)
        try broker.setUp()
        try await published
        #expect(try await taken == Array(5..<10))
        await log.close()
    }

    @Test("a group the broker does not allow ends the subscription with its error")
    func unauthorised() async throws {
        try broker.createTopic("t", partitions: 1)
        try broker.pushRequestErrors(.findCoordinator, Array(repeating: .groupAuthorizationFailed, count: 20))
        let log = try open()
        let member = try await log.subscribe(group: "g", topics: ["t"], options: .quick)
        let error = await #expect(throws: EventLogError.self) { _ = try await within { try await member.next() } }
        #expect(error?.code == "GROUP_AUTHORIZATION_FAILED")
        await #expect(throws: EventLogError.self) { _ = try await member.next() }
        await member.close()
        await log.close()
    }

    @Test("closing is bounded while no broker answers, and tells publishers that wait")
    func boundedClose() async throws {
        try broker.createTopic("t", partitions: 1)
        let log = try open()
        let member = try await log.subscribe(group: "g", topics: ["t"], options: .quick)
        try await log.publish(.numbered(0..<1))
        _ = try await member.take(1)
        try broker.setDown()
        let waiting = Task { try await log.publish(.numbered(1..<2)) }
        await Task.yield()
        try await within { await log.close() }
        await #expect(throws: EventLogError.self) { try await waiting.value }
    }
}
