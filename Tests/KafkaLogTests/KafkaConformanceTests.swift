import EventLog
import EventLogConformance
import Foundation
import KafkaLog
import Testing

@Suite("The log on Kafka keeps the port's rules")
struct KafkaConformanceTests {
    /// One for all exercises: each has topics and groups of its own.
    private static let broker = Result { try MockBroker() }

    @Test("conformance on the mock cluster", arguments: LogExercise.all)
    func conforms(to exercise: LogExercise) async throws {
        let servers = try Self.broker.get().bootstrapServers
        try await exercise.run { try KafkaLog(configuration: .forTests(servers)) }
    }

    @Test(
        "conformance on a real cluster", .enabled(if: Self.realServers != nil, "KAFKA_BOOTSTRAP_SERVERS is not set"),
        arguments: LogExercise.all)
    func conformsOnARealCluster(to exercise: LogExercise) async throws {
        let servers = try #require(Self.realServers)
        try await exercise.run(deadline: .seconds(90), run: "\(UUID().uuidString.prefix(8)).") {
            try KafkaLog(configuration: .forTests(servers))
        }
    }

    private static let realServers = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP_SERVERS"]
}

extension KafkaConfiguration {
    /// Quick to notice members that come and go, and brokers that come back.
    static func forTests(
        _ servers: String, assignment: Assignment = .range, properties: [String: String] = [:],
        deliveryTimeout: Duration = .seconds(30)
    ) -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: servers,
            properties: [
                // The mock rebalances after the session time-out less a second, and never below three seconds.
                "session.timeout.ms": "4000", "heartbeat.interval.ms": "200", "reconnect.backoff.max.ms": "500",
                "topic.metadata.refresh.interval.ms": "1000", "auto.commit.interval.ms": "200",
            ].merging(properties, uniquingKeysWith: { $1 }),
            assignment: assignment, deliveryTimeout: deliveryTimeout)
    }
}
