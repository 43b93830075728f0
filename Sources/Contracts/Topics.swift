/// The topics of a cluster, all under one prefix so that several clusters can share a Kafka.
public struct Topics: Sendable, Hashable {
    public let prefix: String

    public init(prefix: String = "tandem") { self.prefix = prefix }

    /// Record changes on the marketing side.
    public var marketingChanges: String { "\(prefix).marketing.changes" }
    /// Actions that automations ask for.
    public var automationEvents: String { "\(prefix).automation.events" }
    /// What could not be read or settled, with Kafka Connect's error headers.
    public var deadLetters: String { "\(prefix).dead-letters" }

    /// The consumer group of the inbound batchers.
    public var inboundGroup: String { "\(prefix)-inbound-batcher" }

    /// Every topic that exists so far.
    public var all: [String] { [marketingChanges, automationEvents, deadLetters] }
}
