public import Contracts
public import SyncCore

/// One record on its way to the CRM in a bulk job.
public struct BulkRow: Sendable, Hashable {
    public var rowID: Int64
    /// The row's version that was read and sent.
    public var version: Int64
    public var key: RecordKey
    /// What the record's result is found by.
    public var resultKey: String
    /// The link to be stored when the record was written; of a new one still without ``Link/crmID``.
    public var link: Link
    /// What the history is to say then.
    public var outcome: String
    public var details: JSONValue

    public init(
        rowID: Int64, version: Int64, key: RecordKey, resultKey: String, link: Link, outcome: String, details: JSONValue = .null
    ) {
        self.rowID = rowID
        self.version = version
        self.key = key
        self.resultKey = resultKey
        self.link = link
        self.outcome = outcome
        self.details = details
    }
}

/// Records of one object handed over to the CRM in one bulk job, not all settled yet.
public struct BulkWrite: Sendable, Hashable {
    public var id: Int64
    public var integration: String
    public var object: CRMObject
    /// What is done to all of them, in the connector's word.
    public var operation: String
    /// The CRM's id of the job; `nil` while it has none: nothing was sent.
    public var jobID: String?
    public var startedAt: Timestamp

    public init(
        id: Int64, integration: String, object: CRMObject, operation: String, jobID: String?, startedAt: Timestamp
    ) {
        self.id = id
        self.integration = integration
        self.object = object
        self.operation = operation
        self.jobID = jobID
        self.startedAt = startedAt
    }
}
