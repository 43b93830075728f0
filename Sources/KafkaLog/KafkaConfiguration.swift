public import EventLog

/// How to reach a Kafka cluster, and how its clients behave.
public struct KafkaConfiguration: Sendable, Equatable {
    /// How partitions are shared out among the members of a group.
    public enum Assignment: String, Sendable, CaseIterable {
        /// Everyone stops for a moment while partitions move: the most proven protocol of librdkafka 2.0.
        case range
        /// Only partitions that move stop. librdkafka before 2.10 has known defects here (e.g. an assignment declared lost
        /// because of a commit), which cost redeliveries, never records.
        case cooperativeSticky = "cooperative-sticky"
    }

    /// `host:port` pairs, separated by commas.
    public var bootstrapServers: String
    /// Further properties by librdkafka's names, e.g. `security.protocol`, `sasl.password`, `compression.type`.
    ///
    /// Those that would break a guarantee of the log are refused by name: see ``validate()``.
    public var properties: [String: String]
    public var assignment: Assignment
    /// How long a record may wait for its acknowledgement before `publish` throws `_MSG_TIMED_OUT`.
    public var deliveryTimeout: Duration
    /// How often clients report to swift-metrics; `nil` for never.
    public var statisticsInterval: Duration?
    /// Bounds flushing the producer, and leaving a group once its work is drained.
    public var closeTimeout: Duration

    public init(
        bootstrapServers: String, properties: [String: String] = [:], assignment: Assignment = .range,
        deliveryTimeout: Duration = .seconds(30), statisticsInterval: Duration? = .seconds(15),
        closeTimeout: Duration = .seconds(5)
    ) {
        self.bootstrapServers = bootstrapServers
        self.properties = properties
        self.assignment = assignment
        self.deliveryTimeout = deliveryTimeout
        self.statisticsInterval = statisticsInterval
        self.closeTimeout = closeTimeout
    }

    /// Refuses what would break a guarantee. Unknown names and bad values are found by librdkafka when a client is made.
    ///
    /// - Throws: `INVALID_CONFIGURATION`, naming every offending property with the reason.
    public func validate() throws(EventLogError) {
        var faults = PropertyRule.all.sorted { $0.name < $1.name }.compactMap { rule in
            properties[rule.name].flatMap { rule.fault(in: $0) }
        }
        if bootstrapServers.allSatisfy({ $0.isWhitespace || $0 == "," }) { faults.append("bootstrap servers: none given") }
        for (name, duration) in [
            ("delivery time-out", deliveryTimeout), ("statistics interval", statisticsInterval ?? .seconds(1)),
        ] where duration < .milliseconds(100) || duration > .seconds(86_400) {
            faults.append("\(name): must be between 100 ms and a day")
        }
        guard faults.isEmpty else { throw .configuration(faults.joined(separator: "; ")) }
    }

    /// Whether a property's value must never be shown, nor written in a file that is shared.
    public static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        // Where tokens are asked for is no token.
        guard !name.hasSuffix(".url") else { return false }
        return ["password", "secret", "pem", "jaas", "oauthbearer.config", "token"].contains { name.contains($0) }
    }
}

extension KafkaConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let shown = properties.sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(Self.isSecret(name) ? "•••" : value)"
        }
        return (["bootstrap.servers=\(bootstrapServers)", "assignment=\(assignment.rawValue)"] + shown).joined(separator: " ")
    }

    public var debugDescription: String { description }

    /// Keeps `dump` and test failures from showing secrets.
    public var customMirror: Mirror { Mirror(self, children: ["configuration": description]) }
}

extension EventLogError {
    static func configuration(_ reason: String) -> EventLogError {
        EventLogError(code: "INVALID_CONFIGURATION", reason: reason, isTransient: false)
    }
}
