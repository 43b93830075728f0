public import Contracts
public import SyncCore

/// The system's time, as a port: everything that waits or stamps asks here, so that a test can turn the hands.
public protocol WallClock: Sendable {
    func now() -> Timestamp
    /// Returns at `deadline` or throws `CancellationError` when the task is cancelled first.
    func sleep(until deadline: Timestamp) async throws
}

/// A request to a vendor.
public struct HTTPRequest: Sendable, Equatable {
    public var method: String
    /// Absolute.
    public var url: String
    public var headers: [String: String]
    public var body: [UInt8]
    /// The most that may pass until the whole answer is read.
    public var timeout: Duration

    public init(
        method: String, url: String, headers: [String: String] = [:], body: [UInt8] = [], timeout: Duration = .seconds(60)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// A vendor's answer, read whole.
public struct HTTPResponse: Sendable {
    public var status: Int
    /// Names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]

    public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why there is no answer.
public enum TransportError: Error, Sendable, Equatable {
    /// The request did not reach the server: repeating it is safe.
    case notSent(String)
    /// It may have: the answer timed out, was cut short or the connection broke.
    case inDoubt(String)
    case cancelled
}

/// HTTP, as a port.
public protocol HTTPTransport: Sendable {
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse
}

/// What a CRM is asked for in one go. The connector packs it into the fewest calls its API allows.
public struct CRMReadRequest: Sendable, Equatable {
    /// Records known by id.
    public var ids: [CRMObject: [String]]
    /// Records looked for by Tandem's external ID, or else by email.
    public var candidates: [CRMObject: [CRMCandidateKey]]
    /// The fields wanted besides id, external ID, sync status and modification time.
    public var fields: [CRMObject: [String]]

    public init(
        ids: [CRMObject: [String]] = [:], candidates: [CRMObject: [CRMCandidateKey]] = [:], fields: [CRMObject: [String]] = [:]
    ) {
        self.ids = ids
        self.candidates = candidates
        self.fields = fields
    }
}

/// What an existing record of a person about to be created would show.
public struct CRMCandidateKey: Sendable, Hashable {
    public var externalID: String
    public var email: String?

    public init(externalID: String, email: String?) {
        self.externalID = externalID
        self.email = email
    }
}

/// The records found. One that does not exist, is deleted or invisible is missing.
public struct CRMReadResult: Sendable, Equatable {
    public var byID: [CRMObject: [String: CRMRecord]]
    /// For each key of the request that matched: every record with that external ID or (ignoring case) that email.
    public var candidates: [CRMObject: [CRMCandidateKey: [CRMRecord]]]

    public init(
        byID: [CRMObject: [String: CRMRecord]] = [:], candidates: [CRMObject: [CRMCandidateKey: [CRMRecord]]] = [:]
    ) {
        self.byID = byID
        self.candidates = candidates
    }
}

/// One record to be written.
public struct CRMWrite: Sendable, Equatable {
    public enum Target: Sendable, Equatable {
        /// Changes a known record.
        case update(id: String)
        /// Creates, or changes the record that already carries this external ID.
        case upsert(externalID: String)
    }

    public var object: CRMObject
    public var target: Target
    public var values: [String: FieldValue]
    /// Set on the record along with an update by id, so that a record Tandem did not create can be found again.
    public var stampExternalID: String?

    public init(object: CRMObject, target: Target, values: [String: FieldValue], stampExternalID: String? = nil) {
        self.object = object
        self.target = target
        self.values = values
        self.stampExternalID = stampExternalID
    }
}

public struct CRMWriteSuccess: Sendable, Equatable {
    public var id: String
    public var created: Bool

    public init(id: String, created: Bool) {
        self.id = id
        self.created = created
    }
}

/// Calls used and allowed in the vendor's rolling day, by its own headers.
public struct APIUsage: Sendable, Equatable {
    public var used: Int
    public var limit: Int
    public var at: Timestamp

    public init(used: Int, limit: Int, at: Timestamp) {
        self.used = used
        self.limit = limit
        self.at = at
    }
}

/// A CRM, as a port.
public protocol CRM: Sendable {
    /// Makes sure the connection works; throws the vendor's own error (CON-1).
    func probe() async throws(SyncError)
    func describe(_ object: CRMObject) async throws(SyncError) -> ObjectSchema
    /// One conflict read for a whole batch.
    func read(_ request: CRMReadRequest) async throws(SyncError) -> CRMReadResult
    /// Writes each record on its own: the answer has one result per write, in order. Never throws for a single record;
    /// a call that fails as a whole gives its error to every record it carried.
    func write(_ writes: [CRMWrite]) async -> [Result<CRMWriteSuccess, SyncError>]
    /// The most writes that still fit one call.
    var writesPerCall: Int { get }
    /// As of the last answer; `nil` before the first.
    func usage() async -> APIUsage?
}

/// A person as the marketing platform has it.
public struct MarketingContact: Sendable, Equatable {
    public var id: String
    public var fields: [String: JSONValue]
    public var tags: [String]
    public var updatedAt: Timestamp?

    public init(id: String, fields: [String: JSONValue], tags: [String], updatedAt: Timestamp?) {
        self.id = id
        self.fields = fields
        self.tags = tags
        self.updatedAt = updatedAt
    }
}

/// A marketing platform, as a port: the part that inbound needs.
public protocol MarketingPlatform: Sendable {
    func probe() async throws(SyncError)
    /// Every field a contact can have: standard ones first, then custom ones, all pages read.
    func describeContacts() async throws(SyncError) -> ObjectSchema
    func contact(id: String) async throws(SyncError) -> MarketingContact?
    /// Gives the contact a tag, creating the tag when the account has none of that name; harmless when repeated.
    func addTag(_ tag: String, toContact id: String) async throws(SyncError)
    func removeTag(_ tag: String, fromContact id: String) async throws(SyncError)
}
