public import Contracts
public import SyncCore

/// A schedule at work: when an integration's poll is due, and how the last one went (OUT-3).
public struct ScheduleState: Sendable, Hashable {
    /// As it was when ``nextAt`` was worked out: other settings mean that it has to be worked out anew.
    public var schedule: Schedule
    public var nextAt: Timestamp
    /// Set while a run is unfinished: whoever has the lease next goes on with it.
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// How many runs were finished.
    public var runs: Int
    /// Records that the last finished run, or the one under way, read and published.
    public var read: Int
    public var published: Int

    public init(
        schedule: Schedule, nextAt: Timestamp, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil, runs: Int = 0,
        read: Int = 0, published: Int = 0
    ) {
        self.schedule = schedule
        self.nextAt = nextAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.runs = runs
        self.read = read
        self.published = published
    }
}

/// How far the polls of one object have come (OUT-7).
public struct ObjectPoll: Sendable, Hashable {
    /// A pass under way.
    public struct Pass: Sendable, Hashable, Codable {
        /// A first pass takes every selected record by id; any other what changed, by stamp and id.
        public var isFirst: Bool
        public var from: Timestamp
        public var until: Timestamp
        /// The last row published.
        public var afterStamp: Timestamp?
        public var afterID: String?

        public init(
            isFirst: Bool, from: Timestamp, until: Timestamp, afterStamp: Timestamp? = nil, afterID: String? = nil
        ) {
            self.isFirst = isFirst
            self.from = from
            self.until = until
            self.afterStamp = afterStamp
            self.afterID = afterID
        }
    }

    public var object: CRMObject
    /// As it was for the first pass: another one means another first pass.
    public var selection: Selection
    /// Since when the selection stands.
    public var since: Timestamp
    /// Everything committed before it was published; `nil` until the first pass is through.
    public var watermark: Timestamp?
    public var pass: Pass?

    public init(
        object: CRMObject, selection: Selection, since: Timestamp, watermark: Timestamp? = nil, pass: Pass? = nil
    ) {
        self.object = object
        self.selection = selection
        self.since = since
        self.watermark = watermark
        self.pass = pass
    }
}

/// One row of an import on its way.
public struct ImportRow: Sendable, Hashable {
    public var rowID: Int64
    /// The row's version that was read and sent.
    public var version: Int64
    public var key: RecordKey
    public var email: String
    /// Of a known person; `nil` for one the import creates or finds.
    public var marketingID: String?
    /// The link to be stored when the person was taken over; of a new person still without marketing id.
    public var link: Link
    /// What the CRM record is to show afterwards, and what goes into the history.
    public var details: JSONValue
    public var outcome: String

    public init(
        rowID: Int64, version: Int64, key: RecordKey, email: String, marketingID: String?, link: Link,
        details: JSONValue = .null, outcome: String
    ) {
        self.rowID = rowID
        self.version = version
        self.key = key
        self.email = email
        self.marketingID = marketingID
        self.link = link
        self.details = details
        self.outcome = outcome
    }
}

/// People handed over to marketing in one import, not settled yet.
public struct ImportJob: Sendable, Hashable {
    public var id: Int64
    public var integration: String
    /// The platform's id; `nil` when it was not answered: the import may or may not be under way.
    public var batchID: String?
    public var startedAt: Timestamp
    public var rows: [ImportRow]

    public init(id: Int64, integration: String, batchID: String?, startedAt: Timestamp, rows: [ImportRow]) {
        self.id = id
        self.integration = integration
        self.batchID = batchID
        self.startedAt = startedAt
        self.rows = rows
    }
}

/// A tag to be put on a person or taken off, to be stored along with what asks for it.
public struct TagOrder: Sendable, Hashable {
    public var integration: String
    public var contactID: String
    public var change: TagChange

    public init(integration: String, contactID: String, change: TagChange) {
        self.integration = integration
        self.contactID = contactID
        self.change = change
    }
}

/// Whether a request may be sent to an account now (OUT-9).
public enum SlotGrant: Sendable, Hashable {
    /// The slots taken; to be given back when their requests are answered.
    case taken([Int])
    /// Nothing before this moment.
    case wait(until: Timestamp)
}
