/// What the sync-runner is to do (`tandem.sync.commands`): begin a run, steer one, or read a chunk of one.
public struct SyncCommand: Sendable, Equatable {
    /// Its CloudEvents type.
    public static let eventType = "dev.tandem.sync.command.v1"

    public enum Command: String, Sendable, CaseIterable {
        /// Begins a run.
        case initial, full, incremental, backfill
        /// Steers a run that was begun.
        case pause, resume, cancel, approve
        /// Tells runners that a chunk waits to be read.
        case chunk
    }

    /// The integration's name.
    public var integration: String
    public var command: Command
    /// The same for an order that is delivered twice: it begins one run.
    public var requestID: String
    /// The run that is meant; `nil` for the one under way, and for a run to be begun.
    public var run: Int64?
    /// The number of a chunk of ``run``.
    public var chunk: Int?
    /// What a backfill is about: CRM fields by object.
    public var fields: [String: JSONValue]
    public var occurredAt: Timestamp

    public init(
        integration: String, command: Command, requestID: String, run: Int64? = nil, chunk: Int? = nil,
        fields: [String: JSONValue] = [:], occurredAt: Timestamp
    ) {
        self.integration = integration
        self.command = command
        self.requestID = requestID
        self.run = run
        self.chunk = chunk
        self.fields = fields
        self.occurredAt = occurredAt
    }

    /// Orders to an integration keep their order; chunks spread over the partitions.
    var key: RecordKey {
        let chunk = self.chunk.map { "\(run ?? 0):\($0)" }
        return RecordKey(integration: integration, object: "sync", recordID: chunk ?? "orders")
    }
}

/// Something an operator may want to know of (`tandem.notifications`): a run began, went on, waits or ended.
public struct RunNotification: Sendable, Equatable {
    /// Its CloudEvents type.
    public static let eventType = "dev.tandem.run.changed.v1"

    /// The integration's name.
    public var integration: String
    public var run: Int64
    /// `initial`, `full`, `incremental` or `backfill`.
    public var kind: String
    /// `waiting`, `reading`, …, as `tandem runs` shows it.
    public var state: String
    /// Records read so far, handed over to be written, passed over because nothing was to be done, and failed.
    public var read: Int
    public var written: Int
    public var skipped: Int
    public var failed: Int
    /// How many there are to read, as far as is known.
    public var expected: Int?
    /// Why it waits or failed, for people.
    public var reason: String?
    public var occurredAt: Timestamp

    public init(
        integration: String, run: Int64, kind: String, state: String, read: Int, written: Int, skipped: Int, failed: Int,
        expected: Int? = nil, reason: String? = nil, occurredAt: Timestamp
    ) {
        self.integration = integration
        self.run = run
        self.kind = kind
        self.state = state
        self.read = read
        self.written = written
        self.skipped = skipped
        self.failed = failed
        self.expected = expected
        self.reason = reason
        self.occurredAt = occurredAt
    }

    var key: RecordKey { RecordKey(integration: integration, object: "run", recordID: String(run)) }
}
