public import Contracts
public import SyncCore

/// Which way a change flows, named from the CRM's side.
public enum Direction: String, Sendable, Hashable, Codable, CaseIterable {
    /// From marketing to the CRM.
    case inbound
    /// From the CRM to marketing.
    case outbound
}

/// A change to be queued.
public struct QueueEntry: Sendable, Hashable {
    public var key: RecordKey
    public var change: PendingChange

    public init(key: RecordKey, change: PendingChange) {
        self.key = key
        self.change = change
    }
}

/// What became of the entries of one batch; the two add up to their number.
public struct EnqueueResult: Sendable, Hashable {
    /// New rows.
    public var inserted: Int
    /// Entries that went into a row that was there, or into another entry of the batch.
    public var merged: Int

    public init(inserted: Int, merged: Int) {
        self.inserted = inserted
        self.merged = merged
    }
}

/// All that waits for one record.
public struct QueueRow: Sendable, Hashable {
    public var id: Int64
    public var key: RecordKey
    /// Grows with every change merged in: settling names the version it worked on.
    public var version: Int64
    public var change: PendingChange
    /// Failed tries so far.
    public var attempts: Int
    /// When the oldest change that still waits came in.
    public var firstAt: Timestamp

    public init(id: Int64, key: RecordKey, version: Int64, change: PendingChange, attempts: Int, firstAt: Timestamp) {
        self.id = id
        self.key = key
        self.version = version
        self.change = change
        self.attempts = attempts
        self.firstAt = firstAt
    }
}

/// How much waits.
public struct QueueDepth: Sendable, Hashable {
    /// Rows that wait, those for a later retry included, parked ones not.
    public var waiting: Int
    /// Rows that may be worked on now.
    public var ready: Int
    /// When the oldest of the ready rows came in.
    public var oldest: Timestamp?
    /// When the next row that is not ready yet will be.
    public var nextAttempt: Timestamp?
    public var parked: Int

    public init(waiting: Int = 0, ready: Int = 0, oldest: Timestamp? = nil, nextAttempt: Timestamp? = nil, parked: Int = 0) {
        self.waiting = waiting
        self.ready = ready
        self.oldest = oldest
        self.nextAttempt = nextAttempt
        self.parked = parked
    }
}

/// A record that waits for someone to look at its error (IN-10).
public struct ParkedRow: Sendable, Hashable {
    public var id: Int64
    public var key: RecordKey
    public var attempts: Int
    /// When it was parked.
    public var since: Timestamp
    public var error: SyncError

    public init(id: Int64, key: RecordKey, attempts: Int, since: Timestamp, error: SyncError) {
        self.id = id
        self.key = key
        self.attempts = attempts
        self.since = since
        self.error = error
    }
}

/// What waits for a record, as an operator sees it.
public struct WaitingRow: Sendable, Hashable {
    public var row: QueueRow
    /// `ready`, `delayed` (until ``nextAt``), `parked` (until someone looks at ``error``) or `importing`.
    public var state: String
    public var nextAt: Timestamp?
    /// Of the last failed try.
    public var error: SyncError?

    public init(row: QueueRow, state: String, nextAt: Timestamp? = nil, error: SyncError? = nil) {
        self.row = row
        self.state = state
        self.nextAt = nextAt
        self.error = error
    }
}

/// What became of a row that was worked on.
public enum RowSettlement: Sendable, Hashable {
    /// Settled: the row goes, unless a newer change was merged in meanwhile.
    case done
    case retry(at: Timestamp, error: SyncError)
    /// Looked at again then, or when a newer change comes; nothing failed, so no attempt is counted.
    case wait(until: Timestamp)
    case park(SyncError)
}

/// Everything to be written down for one row that was worked on.
public struct Settlement: Sendable, Hashable {
    public var rowID: Int64
    /// The version that was worked on.
    public var version: Int64
    public var result: RowSettlement
    /// The record's links as they are now.
    public var links: [Link]
    public var history: [HistoryEntry]
    /// To be put on people or taken off.
    public var tags: [TagOrder]
    /// CRM records to be looked at next.
    public var touches: [RecordKey]
    /// People to be looked at next, for what marketing knows of them.
    public var inboundTouches: [RecordKey]
    /// Of a record without a link that was passed over for another one's sake: that one's link, as it was when that was decided.
    /// Once that has another email or ends, the record is looked at again.
    public var rival: Link?
    /// Of a person an import may have made though nobody knows: by what they are looked for before anything is sent again.
    public var creation: CreationIntent?

    public init(
        rowID: Int64, version: Int64, result: RowSettlement, links: [Link] = [], history: [HistoryEntry] = [],
        tags: [TagOrder] = [], touches: [RecordKey] = [], inboundTouches: [RecordKey] = [], rival: Link? = nil
    ) {
        self.rowID = rowID
        self.version = version
        self.result = result
        self.links = links
        self.history = history
        self.tags = tags
        self.touches = touches
        self.inboundTouches = inboundTouches
        self.rival = rival
    }
}
