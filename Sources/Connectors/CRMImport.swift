public import SyncCore

/// What an import does to its records: one thing to all of them.
public enum CRMImportOperation: String, Sendable, Hashable, Codable {
    /// Changes known records.
    case update
    /// Creates, or changes the record that already carries the external ID.
    case upsert
}

/// How an import stands.
public enum CRMImportState: Sendable, Equatable {
    /// It waits for its records: nothing of it was written.
    case open
    case running
    /// Every record of it was tried.
    case finished
    /// It ended before its end; what it wrote until then stays. Code ``SyncError/bulkGone`` when nobody can tell any more.
    case failed(SyncError)
}

/// A CRM's bulk interface for writing many records of one object, as a port: a job that is opened, given its records once, and
/// closed, upon which the CRM works on it by itself. It writes nothing before it is closed.
public protocol CRMImport: Sendable {
    /// Whether an import can carry the write as it is meant.
    func canImport(_ write: CRMWrite) -> Bool
    /// Opens an import and returns its id; one whose id got lost with the answer does nothing. Throws code
    /// ``SyncError/bulkQuota`` when the CRM takes no more jobs for now.
    func openImport(of object: CRMObject, _ operation: CRMImportOperation) async throws(SyncError) -> String
    /// Hands over the records of an open import, all of its object and operation and no two with the same
    /// ``CRMWrite/importKey``. Those that cannot be written, or do not fit, are left out and missing from the results.
    func upload(_ writes: [CRMWrite], toImport id: String) async throws(SyncError)
    /// From now on the CRM works on it.
    func closeImport(_ id: String) async throws(SyncError)
    func importState(_ id: String) async throws(SyncError) -> CRMImportState
    /// What became of the records of an import that ended, by ``CRMWrite/importKey``; those it did not come to are missing.
    func importResults(
        _ id: String, of object: CRMObject, _ operation: CRMImportOperation
    ) async throws(SyncError) -> [String: Result<CRMWriteSuccess, SyncError>]
    /// Stops an import that did not end, harmless when it did; what it wrote until then stays.
    func abortImport(_ id: String) async throws(SyncError)
}

extension CRMWrite {
    /// What tells the write from the others of its import.
    public var importKey: String {
        switch target {
        case .update(let id): id
        case .upsert(let externalID): externalID
        }
    }

    public var importOperation: CRMImportOperation {
        if case .update = target { .update } else { .upsert }
    }
}

/// All that a CRM's connector can do.
public typealias CRMConnection = CRM & CRMFeed & CRMExport & CRMImport
