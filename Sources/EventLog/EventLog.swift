public import Contracts

/// A record to be appended.
public struct OutgoingRecord: Sendable, Equatable {
    public var topic: String
    public var message: EncodedMessage

    public init(topic: String, message: EncodedMessage) {
        self.topic = topic
        self.message = message
    }
}

/// A record as it lies on a topic.
public struct LogRecord: Sendable, Equatable {
    public var topic: String
    public var partition: Int32
    /// Its place in the partition; strictly increasing, not always without gaps.
    public var offset: Int64
    /// When it was appended, by the log's clock.
    public var timestamp: Timestamp
    public var message: EncodedMessage

    public init(topic: String, partition: Int32, offset: Int64, timestamp: Timestamp, message: EncodedMessage) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.message = message
    }
}

/// One partition of one topic.
public struct TopicPartition: Sendable, Hashable {
    public var topic: String
    public var partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}

/// Records handed to a group member together. Records of one partition are in offset order.
public struct LogBatch: Sendable {
    public let records: [LogRecord]
    /// Parts this hand-over from others of the same member; opaque to users.
    public let ticket: UInt64

    public init(records: [LogRecord], ticket: UInt64) {
        self.records = records
        self.ticket = ticket
    }
}

/// What became of a commit.
public enum CommitOutcome: Sendable, Equatable {
    case committed
    /// The partitions moved to another member before the work was done: it will be delivered again there.
    case abandoned
}

/// A change of what a member is assigned, for logs, metrics and tests.
public enum AssignmentChange: Sendable, Equatable {
    case assigned([TopicPartition])
    /// Given up in an orderly way: finished work was committed first.
    case revoked([TopicPartition])
    /// Taken away (the member was thought dead): whatever was in flight is someone else's now.
    case lost([TopicPartition])
}

/// A failure of the log itself.
public struct EventLogError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The log's own code, e.g. librdkafka's `_MSG_TIMED_OUT`.
    public var code: String
    public var reason: String
    /// Whether the same call may succeed later.
    public var isTransient: Bool

    public init(code: String, reason: String, isTransient: Bool) {
        self.code = code
        self.reason = reason
        self.isTransient = isTransient
    }

    public var description: String { "\(code): \(reason)" }
}

/// How a member wants its records.
public struct SubscriptionOptions: Sendable, Equatable {
    /// The most records in one batch.
    public var maxBatch: Int
    /// How long to wait for a batch to fill once it has its first record.
    public var linger: Duration
    /// How long in-flight work may hold up partitions that must move, and a close.
    public var drainTimeout: Duration

    public init(maxBatch: Int = 1000, linger: Duration = .milliseconds(20), drainTimeout: Duration = .seconds(10)) {
        self.maxBatch = maxBatch
        self.linger = linger
        self.drainTimeout = drainTimeout
    }
}

/// The port: topics that keep records, hand them to consumer groups in order per partition, and remember how far each
/// group came. Delivery is at least once.
public protocol EventLog: Sendable {
    /// Appends `records` and returns once they are durable (Kafka: acknowledged by all in-sync replicas).
    ///
    /// Records of one key keep their order. When it throws, some of the records may have been appended.
    func publish(_ records: [OutgoingRecord]) async throws(EventLogError)

    /// Joins `group` as a new member. A group new to a topic starts at its beginning.
    func subscribe(group: String, topics: [String], options: SubscriptionOptions) async throws(EventLogError)
        -> any LogSubscription

    /// Ends every subscription and flushes what was accepted for publishing; bounded in time.
    func close() async
}

/// One member of a consumer group.
public protocol LogSubscription: Sendable {
    /// The next records, waiting until there are some. `nil` once the subscription or its log is closed.
    ///
    /// The earlier batch must be committed or given up first: a batch that was not committed when the next one is asked
    /// for stays uncommitted, and is delivered again to whoever gets the partition next. Throws only on failures that end
    /// the subscription; a broker that is away for a while is waited for. Returns `nil` too when the task is cancelled.
    func next() async throws(EventLogError) -> LogBatch?

    /// Marks every record of `batch` as done. Stored offsets never run ahead of a commit.
    func commit(_ batch: LogBatch) async throws(EventLogError) -> CommitOutcome

    /// Goes on from `offset` in a partition this member is assigned: replay.
    func seek(_ partition: TopicPartition, to offset: Int64) async throws(EventLogError)

    /// Assignment changes since the subscription began. One consumer only.
    var assignments: AsyncStream<AssignmentChange> { get }

    /// Leaves the group, waiting at most the drain time-out for the batch in flight. Safe to call twice.
    func close() async
}
