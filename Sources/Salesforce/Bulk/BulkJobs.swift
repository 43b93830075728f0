import Connectors
import Contracts
import SyncCore

/// The jobs of one kind of the Bulk API 2.0 (`query` or `ingest`), as resources: what both kinds have in common.
struct BulkJobs {
    let kind: String
    let session: SalesforceSession

    /// The state of a job and what goes with it.
    struct Status {
        var state: String
        var records: Int
        var message: String?
    }

    private var path: String { "\(session.basePath)/jobs/\(kind)" }

    func path(of id: String) -> String { "\(path)/\(URLText.encoded(id))" }

    /// The new job's id.
    func create(_ description: JSONValue, effect: CallEffect) async throws(SyncError) -> String {
        let answer: JSONValue
        do throws(SyncError) {
            answer = try await session.call("POST", path, body: description, effect: effect)
        } catch {
            throw BulkErrors.naming(error)
        }
        guard let id = answer["id"]?.stringValue else { throw .unusableAnswer("the new bulk job has no id", effect: effect) }
        return id
    }

    func status(_ id: String) async throws(SyncError) -> Status {
        let response = try await session.exchange("GET", path(of: id), effect: .repeatable)
        guard response.isSuccess else { throw refusal(response) }
        guard let job = response.json, let state = job["state"]?.stringValue else {
            throw .unusableAnswer("a bulk job without a state", effect: .repeatable)
        }
        return Status(
            state: state, records: job["numberRecordsProcessed"]?.intValue ?? 0, message: job["errorMessage"]?.stringValue)
    }

    /// Asks for another state: `UploadComplete` or `Aborted`.
    func set(_ state: String, of id: String) async throws(SyncError) {
        let response = try await session.exchange(
            "PATCH", path(of: id), body: .json(["state": .string(state)]), effect: .repeatable)
        guard response.isSuccess else { throw refusal(response) }
    }

    /// Forgets a job that is done and stops one that is not.
    func end(_ id: String) async throws(SyncError) {
        let response = try await session.exchange("DELETE", path(of: id), effect: .repeatable)
        // Only jobs that are done can be deleted; the others go by themselves some days after.
        guard response.status == 400 else {
            if response.isSuccess || response.status == 404 { return }
            throw refusal(response)
        }
        try await set("Aborted", of: id)
    }

    func refusal(_ response: HTTPResponse, effect: CallEffect = .repeatable) -> SyncError {
        BulkErrors.refusal(response, effect: effect, now: session.now)
    }
}
