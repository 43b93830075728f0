import Connectors
import Contracts
import SyncCore

/// What is wrong with a CRM's connector.
struct CRMSabotage: Sendable {
    /// What a record is read for.
    enum Reading: Sendable {
        /// To decide about a write to it.
        case merging
        case polling
        /// To decide about a write to marketing.
        case delivering
    }

    typealias Writes = [Result<CRMWriteSuccess, SyncError>]
    /// By the key of the row.
    typealias Imported = [String: Result<CRMWriteSuccess, SyncError>]

    var serverTime: @Sendable (Timestamp) -> Timestamp = { $0 }
    var record: @Sendable (CRMRecord, Reading) -> CRMRecord = { record, _ in record }
    var page: @Sendable (CRMFeedPage, CRMFeedRequest) -> CRMFeedPage = { page, _ in page }
    var write: @Sendable ([CRMWrite], any CRM) async -> Writes = { writes, crm in await crm.write(writes) }
    var imported: @Sendable (Imported, CRMImportOperation) -> Imported = { results, _ in results }
    var failure: @Sendable (SyncError) -> SyncError = { $0 }
}

/// A CRM's connector with something wrong with it.
struct SabotagedCRM: CRMConnection {
    let crm: any CRMConnection
    let sabotage: CRMSabotage

    var writesPerCall: Int { crm.writesPerCall }

    func probe() async throws(SyncError) { try await failing { () async throws(SyncError) in try await crm.probe() } }

    func describe(_ object: CRMObject) async throws(SyncError) -> ObjectSchema {
        try await failing { () async throws(SyncError) in try await crm.describe(object) }
    }

    func read(_ request: CRMReadRequest) async throws(SyncError) -> CRMReadResult {
        let result = try await failing { () async throws(SyncError) in try await crm.read(request) }
        return tampered(result, .merging)
    }

    func write(_ writes: [CRMWrite]) async -> [Result<CRMWriteSuccess, SyncError>] {
        await sabotage.write(writes, crm).map { $0.mapError(sabotage.failure) }
    }

    func usage() async -> APIUsage? { await crm.usage() }

    func serverTime() async throws(SyncError) -> Timestamp {
        sabotage.serverTime(try await failing { () async throws(SyncError) in try await crm.serverTime() })
    }

    func page(_ request: CRMFeedRequest) async throws(SyncError) -> CRMFeedPage {
        var page = try await failing { () async throws(SyncError) in try await crm.page(request) }
        page.records = page.records.map { sabotage.record($0, .polling) }
        return sabotage.page(page, request)
    }

    func states(
        of ids: [CRMObject: [String]], fields: [CRMObject: [String]]
    ) async throws(SyncError) -> CRMReadResult {
        let result = try await failing { () async throws(SyncError) in try await crm.states(of: ids, fields: fields) }
        return tampered(result, .delivering)
    }

    func preview(
        _ selection: Selection, of object: CRMObject, since: Timestamp, fields: [String], sample: Int
    ) async throws(SyncError) -> (count: Int, sample: [CRMRecord]) {
        try await crm.preview(selection, of: object, since: since, fields: fields, sample: sample)
    }

    func contacts(ofOpportunities ids: [String]) async throws(SyncError) -> [String: String] {
        try await failing { () async throws(SyncError) in try await crm.contacts(ofOpportunities: ids) }
    }

    func opportunities(ofContacts ids: [String]) async throws(SyncError) -> Set<String> {
        try await failing { () async throws(SyncError) in try await crm.opportunities(ofContacts: ids) }
    }

    func count(_ request: CRMExportRequest) async throws(SyncError) -> Int {
        try await failing { () async throws(SyncError) in try await crm.count(request) }
    }

    func ranges(of request: CRMExportRequest, parts: Int) async throws(SyncError) -> [IDRange] {
        try await failing { () async throws(SyncError) in try await crm.ranges(of: request, parts: parts) }
    }

    func startExport(_ request: CRMExportRequest) async throws(SyncError) -> String {
        try await failing { () async throws(SyncError) in try await crm.startExport(request) }
    }

    func exportState(_ id: String) async throws(SyncError) -> CRMExportState {
        try await failing { () async throws(SyncError) in try await crm.exportState(id) }
    }

    func exportPage(
        _ id: String, of request: CRMExportRequest, from locator: String?, skipping: Int, limit: Int,
        take: ([CRMRecord]) async throws -> Void
    ) async throws -> CRMExportPage {
        try await crm.exportPage(id, of: request, from: locator, skipping: skipping, limit: limit) { records in
            try await take(records.map { sabotage.record($0, .polling) })
        }
    }

    func endExport(_ id: String) async throws(SyncError) {
        try await failing { () async throws(SyncError) in try await crm.endExport(id) }
    }

    func canImport(_ write: CRMWrite) -> Bool { crm.canImport(write) }

    func openImport(of object: CRMObject, _ operation: CRMImportOperation) async throws(SyncError) -> String {
        try await failing { () async throws(SyncError) in try await crm.openImport(of: object, operation) }
    }

    func upload(_ writes: [CRMWrite], toImport id: String) async throws(SyncError) {
        try await failing { () async throws(SyncError) in try await crm.upload(writes, toImport: id) }
    }

    func closeImport(_ id: String) async throws(SyncError) {
        try await failing { () async throws(SyncError) in try await crm.closeImport(id) }
    }

    func importState(_ id: String) async throws(SyncError) -> CRMImportState {
        try await failing { () async throws(SyncError) in try await crm.importState(id) }
    }

    func importResults(
        _ id: String, of object: CRMObject, _ operation: CRMImportOperation
    ) async throws(SyncError) -> [String: Result<CRMWriteSuccess, SyncError>] {
        try await failing { () async throws(SyncError) in
            let results = try await crm.importResults(id, of: object, operation)
            return sabotage.imported(results.mapValues { $0.mapError(sabotage.failure) }, operation)
        }
    }

    func abortImport(_ id: String) async throws(SyncError) {
        try await failing { () async throws(SyncError) in try await crm.abortImport(id) }
    }

    private func tampered(_ result: CRMReadResult, _ reading: CRMSabotage.Reading) -> CRMReadResult {
        var result = result
        result.byID = result.byID.mapValues { $0.mapValues { sabotage.record($0, reading) } }
        result.candidates = result.candidates.mapValues { $0.mapValues { $0.map { sabotage.record($0, reading) } } }
        return result
    }

    private func failing<Answer: Sendable>(
        _ ask: () async throws(SyncError) -> Answer
    ) async throws(SyncError) -> Answer {
        do throws(SyncError) { return try await ask() } catch { throw sabotage.failure(error) }
    }
}
