import Contracts
public import SyncCore

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
    /// Whether the record may have been made already, so that it is looked for by its external ID among the deleted ones, too.
    public var isInDoubt: Bool

    public init(externalID: String, email: String?, isInDoubt: Bool = false) {
        self.externalID = externalID
        self.email = email
        self.isInDoubt = isInDoubt
    }
}

/// The records found. One that does not exist or is invisible is missing, unless its object is among the failures; so is a
/// deleted one, but for ``CRMFeed/states(of:fields:)`` and candidates in doubt.
public struct CRMReadResult: Sendable, Equatable {
    public var byID: [CRMObject: [String: CRMRecord]]
    /// For each key of the request that matched: every record with that external ID or (ignoring case) that email.
    public var candidates: [CRMObject: [CRMCandidateKey: [CRMRecord]]]
    /// The objects that could not be read, each with the reason (class `.permanent` or `.schema`). Nothing is known about
    /// their records: they are in neither list, yet that does not mean that they do not exist.
    public var failures: [CRMObject: SyncError]

    public init(
        byID: [CRMObject: [String: CRMRecord]] = [:], candidates: [CRMObject: [CRMCandidateKey: [CRMRecord]]] = [:],
        failures: [CRMObject: SyncError] = [:]
    ) {
        self.byID = byID
        self.candidates = candidates
        self.failures = failures
    }

    /// Notes that an object could not be read and forgets what was read of it: half an answer would look like the whole.
    public mutating func fail(_ object: CRMObject, _ error: SyncError) {
        byID[object] = nil
        candidates[object] = nil
        failures[object] = error
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
    /// The sync status the record is given along with the write (OUT-6).
    public var syncStatus: String?
    /// The text of the account relation status field, where the settings name one (OUT-6).
    public var accountStatus: String?

    public init(
        object: CRMObject, target: Target, values: [String: FieldValue], stampExternalID: String? = nil,
        syncStatus: String? = nil, accountStatus: String? = nil
    ) {
        self.object = object
        self.target = target
        self.values = values
        self.stampExternalID = stampExternalID
        self.syncStatus = syncStatus
        self.accountStatus = accountStatus
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

/// A CRM, as a port.
public protocol CRM: Sendable {
    /// Makes sure the connection works; throws the vendor's own error (CON-1).
    func probe() async throws(SyncError)
    func describe(_ object: CRMObject) async throws(SyncError) -> ObjectSchema
    /// One conflict read for a whole batch. Throws when the read fails as a whole (transport, credentials, limits, outage);
    /// what concerns one object only is among the result's failures and leaves the other objects' records in place.
    func read(_ request: CRMReadRequest) async throws(SyncError) -> CRMReadResult
    /// Writes each record on its own: the answer has one result per write, in order. Never throws for a single record;
    /// a call that fails as a whole gives its error to every record it carried.
    func write(_ writes: [CRMWrite]) async -> [Result<CRMWriteSuccess, SyncError>]
    /// The most writes that still fit one call.
    var writesPerCall: Int { get }
    /// As of the last answer; `nil` before the first.
    func usage() async -> APIUsage?
}
