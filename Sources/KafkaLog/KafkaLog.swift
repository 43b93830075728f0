public import EventLog

/// A log on Apache Kafka, or anything that speaks its protocol.
///
/// - Publishing is idempotent and waits until all in-sync replicas have the record. A publisher that is cancelled still
///   waits, at most the delivery time-out.
/// - A member stores an offset only when its batch is committed. The broker learns of stored offsets within
///   `auto.commit.interval.ms`, and whenever partitions move or the member leaves; a process that dies in between has
///   its last batches delivered again.
public actor KafkaLog: EventLog {
    /// Takes the client's log lines: a level of swift-log, and the text.
    public typealias LogSink = @Sendable (_ level: String, _ message: String) -> Void

    private let configuration: KafkaConfiguration
    private let log: LogSink
    private let producer: KafkaProducer
    private var subscriptions: [KafkaSubscription] = []
    private var isClosed = false

    /// Checks the configuration and starts a producer; brokers need not be there yet.
    public init(configuration: KafkaConfiguration, log: @escaping LogSink = { _, _ in }) throws(EventLogError) {
        try configuration.validate()
        self.configuration = configuration
        self.log = log
        producer = try KafkaProducer(configuration, ClientContext(log: log, metrics: KafkaMetrics()))
    }

    public func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        try await producer.publish(records)
    }

    public func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) async throws(EventLogError) -> any LogSubscription {
        guard !isClosed else { throw .closed }
        let context = ClientContext(log: log, metrics: KafkaMetrics(group: group))
        let subscription = try KafkaSubscription(
            group: group, topics: topics, options: options, configuration: configuration, context: context)
        subscriptions.removeAll(where: \.isClosed)
        subscriptions.append(subscription)
        return subscription
    }

    public func close() async {
        isClosed = true
        await withTaskGroup { tasks in
            for subscription in subscriptions { tasks.addTask { await subscription.close() } }
            tasks.addTask { [producer] in await producer.close() }
        }
        subscriptions = []
    }

    /// swift-log's name of a syslog severity.
    static func level(syslog: Int32) -> String {
        switch syslog {
        case ...2: "critical"
        case 3: "error"
        case 4: "warning"
        case 5: "notice"
        case 6: "info"
        default: "debug"
        }
    }
}
