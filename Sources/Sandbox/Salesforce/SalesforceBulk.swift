/// Bulk API 2.0: what jobs of both kinds have in common.
///
/// Not emulated: creating a job and uploading to it in one multipart call, `resultPages`, hard deletes, and columns that name
/// a parent by its external id.
extension SalesforceSandbox {
    private static let jobsPerPage = 1000

    /// Any request to the resources of jobs.
    func job(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        jobs.expire(at: now)
        switch call.route {
        case .jobs(.query) where call.method == "POST": return try createQueryJob(call)
        case .jobs(.ingest) where call.method == "POST": return try createIngestJob(call)
        case .jobs(let kind): return .ok(list(kind, call))
        case .job(let kind, let id): return try job(kind, try head(kind, id, call), call)
        case .queryResults(let id): return try queryResults(of: try head(.query, id, call), call)
        case .upload(let id): return try upload(to: try head(.ingest, id, call), call)
        case .ingestResults(let id, let fate): return try ingestResults(of: try head(.ingest, id, call), fate)
        default: throw .notFound
        }
    }

    /// The job a request names, which only the version of the API that it was created with may ask for.
    private func head(
        _ kind: SalesforceJobKind, _ id: String, _ call: SalesforceCall
    ) throws(SalesforceFault) -> SalesforceJobHead {
        guard let id = SalesforceID.normalized(id), let head = jobs.head(kind, id) else { throw .notFound }
        if call.losesJob {
            jobs.remove(kind, id)
            throw .notFound
        }
        guard head.version == call.version else {
            throw SalesforceFault(
                status: 409, code: "API_ERROR", message: "The job was created with API version \(head.version)")
        }
        return head
    }

    private func job(
        _ kind: SalesforceJobKind, _ head: SalesforceJobHead, _ call: SalesforceCall
    ) throws(SalesforceFault) -> SalesforceAnswer {
        switch call.method {
        case "DELETE":
            guard head.state(at: now).isFinished else { throw .jobState("Only a finished job can be deleted") }
            jobs.remove(kind, head.id)
            return SalesforceAnswer(status: 204)
        case "PATCH":
            switch call.body?["state"] {
            case "Aborted":
                guard !head.state(at: now).isFinished else { throw .jobState("A finished job can not be aborted") }
                jobs.abort(kind, head.id)
            case "UploadComplete" where kind == .ingest: return .ok(try close(head, call))
            default: throw .jobState("The state can not be set to that")
            }
        default: break
        }
        return .ok(report(kind, head.id))
    }

    private func report(_ kind: SalesforceJobKind, _ id: String) -> SandboxValue {
        switch kind {
        case .query: jobs.queries[id].map { .object($0.report(at: now)) } ?? .null
        case .ingest: jobs.ingests[id].map { .object($0.report(at: now)) } ?? .null
        }
    }

    /// The jobs of one kind, oldest first; the locator names the last one already told of.
    private func list(_ kind: SalesforceJobKind, _ call: SalesforceCall) -> SandboxValue {
        let ids = kind == .query ? Array(jobs.queries.keys) : Array(jobs.ingests.keys)
        let rest = ids.sorted().filter { $0 > call.parameters["queryLocator"] ?? "" }
        let page = rest.prefix(Self.jobsPerPage)
        var next = SandboxValue.null
        if page.count < rest.count, let last = page.last {
            next = .string("\(call.path)/jobs/\(kind.rawValue)?queryLocator=\(last)")
        }
        return [
            "done": .bool(page.count == rest.count), "records": .array(page.map { report(kind, $0) }), "nextRecordsUrl": next,
        ]
    }
}

extension SalesforceCall {
    var version: Double { Double(path.dropFirst("/services/data/v".count)) ?? 0 }
}

extension SalesforceFault {
    static func invalidJob(_ message: String) -> SalesforceFault {
        badRequest("INVALIDJOB", "InvalidJob : \(message)")
    }

    static func jobState(_ message: String) -> SalesforceFault {
        badRequest("INVALIDJOBSTATE", "InvalidJobState : \(message)")
    }
}
