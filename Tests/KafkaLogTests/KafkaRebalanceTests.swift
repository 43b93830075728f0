import EventLog
import KafkaLog
import Testing

@Suite("When partitions move")
struct KafkaRebalanceTests {
    @Test(
        "work that is not settled in time is abandoned and delivered to the next member",
        arguments: KafkaConfiguration.Assignment.allCases)
    func abandoned(assignment: KafkaConfiguration.Assignment) async throws {
        let broker = try MockBroker()
        try broker.createTopic("t", partitions: 2)
        let log = try KafkaLog(configuration: .forTests(broker.bootstrapServers, assignment: assignment))
        let first = try await log.subscribe(group: "g", topics: ["t"], options: .quick)
        try await log.publish(.numbered(0..<20, keyed: true))
        var held: [LogBatch] = []
        while held.reduce(0, { $0 + $1.records.count }) < 20 {
            held.append(try #require(try await within { try await first.next() }))
        }
        let second = try await log.subscribe(group: "g", topics: ["t"], options: .quick)
        let again = try #require(try await within { try await second.next() })
        #expect(again.records.first?.offset == 0)
        let last = try #require(held.last)
        #expect(try await first.commit(last) == .abandoned)
        await log.close()
    }

    @Test("members share and hand over partitions with the cooperative protocol as well")
    func cooperative() async throws {
        let broker = try MockBroker()
        try broker.createTopic("t", partitions: 4)
        let log = try KafkaLog(configuration: .forTests(broker.bootstrapServers, assignment: .cooperativeSticky))
        try await log.publish(.numbered(0..<40, keyed: true))
        let first = try await log.subscribe(group: "g", topics: ["t"], options: .quick)
        #expect(Set(try await first.take(40)) == Set(0..<40))
        let second = try await log.subscribe(group: "g", topics: ["t"], options: .quick)
        let work = Task { while let batch = try await first.next() { _ = try await first.commit(batch) } }
        try await log.publish(.numbered(40..<80, keyed: true))
        try await within {
            var changes = second.assignments.makeAsyncIterator()
            let ask = Task { try await second.next() }
            while case .some(let change) = await changes.next(isolation: nil) {
                if case .assigned = change { break }
            }
            ask.cancel()
            _ = try await ask.value
        }
        try await log.publish(.numbered(80..<180, keyed: true))
        #expect(try await !second.take(1).isEmpty)
        await second.close()
        await log.close()
        try await work.value
    }
}
