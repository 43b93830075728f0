/// The topics of a cluster, all under one prefix so that several clusters can share a Kafka.
public struct Topics: Sendable, Hashable {
    public let prefix: String

    public init(prefix: String = "tandem") { self.prefix = prefix }

    /// Record changes on the marketing side.
    public var marketingChanges: String { "\(prefix).marketing.changes" }
    /// Actions that automations, and users of CRM records, ask for.
    public var automationEvents: String { "\(prefix).automation.events" }
    /// Record changes on the CRM side.
    public var crmChanges: String { "\(prefix).crm.changes" }
    /// What the sync-runner is to do.
    public var syncCommands: String { "\(prefix).sync.commands" }
    /// What people got from marketing and did there.
    public var activities: String { "\(prefix).activities" }
    /// What operators may want to know of.
    public var notifications: String { "\(prefix).notifications" }
    /// What could not be read or settled, with Kafka Connect's error headers.
    public var deadLetters: String { "\(prefix).dead-letters" }

    /// The consumer group of the inbound batchers.
    public var inboundGroup: String { "\(prefix)-inbound-batcher" }

    /// The consumer group of the outbound pollers.
    public var outboundGroup: String { "\(prefix)-outbound-poller" }

    /// The consumer group of the sync-runners.
    public var runnerGroup: String { "\(prefix)-sync-runner" }

    /// The consumer group of the activity-recorders.
    public var activityGroup: String { "\(prefix)-activity-recorder" }

    /// Every topic that exists so far.
    public var all: [String] {
        [marketingChanges, automationEvents, crmChanges, syncCommands, activities, notifications, deadLetters]
    }
}
