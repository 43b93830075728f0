import Connectors
import Contracts
import EventLog
import KafkaLog

/// Appending to and consuming from both logs.
enum BenchLogs {
    private static let batch = 1000

    static func embedded(records: Int) async throws -> [BenchLine] {
        try await Bench.withDirectory { directory in
            let log = try EmbeddedLog.open(path: directory + "/log.sqlite", clock: { SystemClock().now() })
            return try await measure(log, records: records, name: "embedded log")
        }
    }

    static func kafka(records: Int) async throws -> [BenchLine] {
        let broker = try MockBroker()
        defer { broker.close() }
        let log = try KafkaLog(configuration: KafkaConfiguration(bootstrapServers: broker.bootstrapServers))
        return try await measure(log, records: records, name: "Kafka (librdkafka's mock)")
    }

    private static func measure(_ log: any EventLog, records: Int, name: String) async throws -> [BenchLine] {
        let clock = ContinuousClock()
        let now = SystemClock().now()
        let topic = Topics().marketingChanges
        let prepared = (0..<batch).map { OutgoingRecord(topic: topic, message: BenchEvents.change(person: $0, edit: 0, at: now)) }
        // The first one connects, which is not what is measured.
        try await log.publish(prepared)
        let append = try await clock.measure {
            for _ in 1..<records / batch { try await log.publish(prepared) }
        }
        let subscription = try await log.subscribe(group: "bench", topics: [topic], options: SubscriptionOptions())
        var seen = 0
        // The first batch waits for the group to form, which is not what is measured.
        let first = try await subscription.next()
        if let first {
            seen += first.records.count
            _ = try await subscription.commit(first)
        }
        let start = clock.now
        while seen < records, let batch = try await subscription.next() {
            seen += batch.records.count
            _ = try await subscription.commit(batch)
        }
        let consume = clock.now - start
        await subscription.close()
        await log.close()
        return [
            .rate("\(name): append, \(batch) at a time", records - batch, in: append, unit: "events"),
            .rate("\(name): consume and commit", records - (first?.records.count ?? 0), in: consume, unit: "events"),
        ]
    }
}
