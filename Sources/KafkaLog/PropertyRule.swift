/// A property of librdkafka whose value matters to the guarantees of the log.
struct PropertyRule: Sendable {
    /// Which values are fine.
    enum Allowed: Sendable {
        case nothing
        case values(Set<String>)
        case integers(ClosedRange<Int>)
    }

    let name: String
    let allowed: Allowed
    let reason: String

    /// Why `value` is refused, or `nil` if it is fine.
    func fault(in value: String) -> String? {
        switch allowed {
        case .nothing: "\(name): cannot be set here; \(reason)"
        case .values(let values) where values.contains(value.lowercased()): nil
        case .values(let values): "\(name): only \(values.sorted().joined(separator: ", ")) is possible; \(reason)"
        case .integers(let range) where Int(value).map(range.contains) == true: nil
        case .integers(let range): "\(name): must be a whole number from \(range.lowerBound) to \(range.upperBound); \(reason)"
        }
    }

    private init(_ name: String, _ allowed: Allowed, _ reason: String) {
        self.name = name
        self.allowed = allowed
        self.reason = reason
    }

    static let all: [PropertyRule] = addresses + producer + consumer + client

    private static let addresses = ["bootstrap.servers", "metadata.broker.list"].map {
        PropertyRule($0, .nothing, "the brokers are given by the bootstrap servers")
    }

    private static let producer =
        [
            PropertyRule(
                "enable.idempotence", .values(["true"]), "a retry could otherwise append a record twice or out of order"),
            PropertyRule("transactional.id", .nothing, "records are published without transactions"),
            PropertyRule(
                "partitioner", .values(["murmur2_random"]), "a key must have the same partition for every producer"),
            PropertyRule("queuing.strategy", .values(["fifo"]), "records of one key must keep their order"),
            PropertyRule(
                "delivery.report.only.error", .values(["false"]), "publishing waits for the report of every record"),
        ]
        + ["acks", "request.required.acks"].map {
            PropertyRule($0, .values(["all", "-1"]), "a published record must survive the loss of a broker")
        }
        + ["max.in.flight", "max.in.flight.requests.per.connection"].map {
            PropertyRule($0, .integers(1...5), "more could reorder the records of one key")
        }
        + ["retries", "message.send.max.retries"].map {
            PropertyRule($0, .integers(1...Int(Int32.max)), "the idempotent producer must be able to retry")
        }
        + ["message.timeout.ms", "delivery.timeout.ms"].map {
            PropertyRule($0, .nothing, "use the delivery time-out")
        }

    private static let consumer =
        [
            PropertyRule("group.id", .nothing, "the group is named when subscribing"),
            PropertyRule("group.instance.id", .nothing, "members of one process would fence each other off"),
            PropertyRule(
                "partition.assignment.strategy", .nothing, "use the assignment option: range or cooperative-sticky"),
            PropertyRule(
                "enable.auto.offset.store", .values(["false"]), "an offset may be stored only once its record's work is done"),
            PropertyRule("auto.commit.interval.ms", .integers(1...60_000), "0 would switch commits off"),
            PropertyRule("auto.offset.reset", .values(["earliest"]), "a new group would skip what is already there"),
            PropertyRule("isolation.level", .values(["read_committed"]), "aborted records would be delivered"),
            PropertyRule("offset.store.method", .values(["broker"]), "members of a group share their offsets"),
        ]
        + ["enable.auto.commit", "auto.commit.enable"].map {
            PropertyRule($0, .values(["true"]), "stored offsets, which are those of finished work, must reach the broker")
        }

    private static let client = [
        PropertyRule("log.queue", .values(["false"]), "log lines would pile up unread"),
        PropertyRule("test.mock.num.brokers", .nothing, "records would go to a cluster in memory instead"),
        PropertyRule("statistics.interval.ms", .nothing, "use the statistics interval"),
    ]
}
