public import Contracts
public import SyncCore

/// Where a poll stands in the order of stamp and id.
public struct CRMCursor: Sendable, Hashable, Codable {
    /// `nil` where rows come in the order of their ids alone.
    public var stamp: Timestamp?
    public var id: String

    public init(stamp: Timestamp?, id: String) {
        self.stamp = stamp
        self.id = id
    }
}

/// Which of an object's records a poll asks for.
public struct CRMFeedRequest: Sendable, Equatable {
    public enum Scope: Sendable, Equatable {
        /// Everything changed at or after `from` and before `until` by the record's stamp, deleted records included, in the
        /// order of stamp and id (OUT-7).
        case changed(from: Timestamp, until: Timestamp)
        /// Every living record that is selected or carries Tandem's external ID, in the order of ids.
        case selected(Selection, since: Timestamp)
        /// Every living record of the object, people without an email included, in the order of ids.
        case all
    }

    public var object: CRMObject
    public var scope: Scope
    /// The fields wanted besides those of ``CRMRecord`` itself.
    public var fields: [String]
    /// Only records with these ids.
    public var range: IDRange
    /// The last row of the page before.
    public var after: CRMCursor?

    public init(
        object: CRMObject, scope: Scope, fields: [String], range: IDRange = IDRange(), after: CRMCursor? = nil
    ) {
        self.object = object
        self.scope = scope
        self.fields = fields
        self.range = range
        self.after = after
    }
}

/// One page of a poll, up to 2,000 records; one API call.
public struct CRMFeedPage: Sendable, Equatable {
    public var records: [CRMRecord]
    /// Where the next page begins; `nil` when this was the last one.
    public var next: CRMCursor?

    public init(records: [CRMRecord], next: CRMCursor?) {
        self.records = records
        self.next = next
    }
}

/// A CRM as the outbound path reads it, as a port.
public protocol CRMFeed: Sendable {
    /// The server's clock as its last answer told it, moved on by ours; asks the server when it has not answered yet.
    func serverTime() async throws(SyncError) -> Timestamp
    func page(_ request: CRMFeedRequest) async throws(SyncError) -> CRMFeedPage
    /// The records of these ids as they are now, deleted ones included; what the user may not see or was purged is missing. One
    /// call for a whole batch. What concerns one object only is among the failures.
    func states(
        of ids: [CRMObject: [String]], fields: [CRMObject: [String]]
    ) async throws(SyncError) -> CRMReadResult
    /// How many records a selection matches now (OUT-1), and the first `sample` of them.
    func preview(
        _ selection: Selection, of object: CRMObject, since: Timestamp, fields: [String], sample: Int
    ) async throws(SyncError) -> (count: Int, sample: [CRMRecord])
    /// For each opportunity the contact it is mainly about: its primary role, else its first; one without any is missing.
    func contacts(ofOpportunities ids: [String]) async throws(SyncError) -> [String: String]
    /// The opportunities in which one of these contacts has a role.
    func opportunities(ofContacts ids: [String]) async throws(SyncError) -> Set<String>
}
