import Connectors
import Contracts
import SyncCore

/// Writing many records by ingest jobs of the Bulk API 2.0.
struct Import {
    /// What the API takes is 150 MB after an encoding that adds half as much again.
    private static let maxBytes = 100_000_000
    private static let maxFieldLength = 32_000

    let org: Org

    private var jobs: BulkJobs { BulkJobs(kind: "ingest", session: org.session) }

    /// A text that means "clear the field" cannot be told from the value it would be, and long texts do not fit a cell.
    static func canCarry(_ write: CRMWrite) -> Bool {
        write.values.values.allSatisfy { value in
            switch value {
            case .text(let text): text != CSVWriter.cleared && text.utf16.count <= maxFieldLength
            default: true
            }
        }
    }

    func open(_ object: CRMObject, _ operation: CRMImportOperation) async throws(SyncError) -> String {
        var job: [String: JSONValue] = [
            "object": .string(object.apiName), "operation": .string(operation.rawValue), "contentType": "CSV",
            "columnDelimiter": "COMMA", "lineEnding": "LF",
        ]
        if operation == .upsert { job["externalIdFieldName"] = .string(org.settings.externalIDField) }
        return try await jobs.create(.object(job), effect: .repeatable)
    }

    func upload(_ writes: [CRMWrite], to id: String) async throws(SyncError) {
        var forms = WriteForms(writes, org: org)
        await forms.prepare()
        let rows = writes.indices.filter { forms.refusals[$0] == nil }.map { row in
            var members = forms.members(row)
            if case .update(let id) = writes[row].target { members["Id"] = .string(id) }
            return members
        }
        var csv = CSVWriter(columns: Set(rows.flatMap(\.keys)).sorted())
        guard rows.count(where: { csv.add($0, upTo: Self.maxBytes) }) > 0 else {
            throw forms.refusals.min { $0.key < $1.key }?.value
                ?? SyncError(.permanent, code: "nothing-to-import", message: "no record fits a bulk job")
        }
        // Nothing is written before the job is closed.
        let response = try await org.session.exchange(
            "PUT", "\(jobs.path(of: id))/batches", body: .csv(csv.text), effect: .repeatable)
        guard response.isSuccess else { throw jobs.refusal(response) }
    }

    func close(_ id: String) async throws(SyncError) { try await jobs.set("UploadComplete", of: id) }

    func state(_ id: String) async throws(SyncError) -> CRMImportState {
        let status: BulkJobs.Status
        do throws(SyncError) {
            status = try await jobs.status(id)
        } catch  where error.code == SyncError.bulkGone {
            return .failed(error)
        }
        return switch status.state {
        case "Open": .open
        case "JobComplete": .finished
        case "Failed": .failed(BulkErrors.failure(status.message, now: org.session.now))
        case "Aborted": .failed(SyncError(.transient, code: "bulk-aborted", message: "the bulk job was aborted"))
        default: .running
        }
    }

    func results(
        _ id: String, of object: CRMObject, _ operation: CRMImportOperation
    ) async throws(SyncError) -> [String: Result<CRMWriteSuccess, SyncError>] {
        let key = operation == .update ? "Id" : org.settings.externalIDField
        var results: [String: Result<CRMWriteSuccess, SyncError>] = [:]
        for row in try await rows(of: "failedResults", id, requiring: ["sf__Error", key]) {
            guard let name = row[key] else { continue }
            results[name] = .failure(refusal(row["sf__Error"] ?? "", operation))
        }
        for row in try await rows(of: "successfulResults", id, requiring: ["sf__Id", key]) {
            guard let name = row[key], let record = row["sf__Id"] else { continue }
            results[name] = .success(CRMWriteSuccess(id: record, created: row["sf__Created"] == "true"))
        }
        return results
    }

    func abort(_ id: String) async throws(SyncError) {
        do throws(SyncError) {
            try await jobs.set("Aborted", of: id)
        } catch {
            // One that ended meanwhile, or is gone, has nothing to be stopped.
            guard error.errorClass == .permanent else { throw error }
        }
    }

    /// Of each row only what is asked for is kept; a job holds no more of them than were uploaded.
    private func rows(of resource: String, _ id: String, requiring columns: [String]) async throws(SyncError) -> [BulkTable.Row] {
        var table = BulkTable(requiring: columns)
        var rows: [BulkTable.Row] = []
        do {
            let response = try await org.session.stream("\(jobs.path(of: id))/\(resource)") { piece in
                table.add(piece)
                while let row = try table.next() { rows.append(row) }
            }
            guard response.isSuccess else { throw jobs.refusal(response) }
            if let row = try table.finish() { rows.append(row) }
            return rows
        } catch let error as SyncError {
            throw error
        } catch {
            throw SyncError(.transient, code: "bulk-results", message: "the results of a bulk job could not be read")
        }
    }

    /// `CODE:message:FIELD1,FIELD2 --`
    private func refusal(_ text: String, _ operation: CRMImportOperation) -> SyncError {
        guard let match = text.wholeMatch(of: /([A-Za-z_]+):(.*):([A-Za-z0-9_., ]*?)\s*--.*/.dotMatchesNewlines()) else {
            return SyncError(.permanent, code: "bulk-row-failed", message: text)
        }
        let fields = match.3.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        return VendorErrors.rowError(
            code: String(match.1), message: String(match.2), fields: fields, isUpsert: operation == .upsert, now: org.session.now)
    }
}
