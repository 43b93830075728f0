/// What became of the rows of an ingest job, named as the resources that list them.
enum SalesforceRowFate: String, Sendable {
    case successful = "successfulResults"
    case failed = "failedResults"
    case unprocessed = "unprocessedrecords"
}

/// An ingest job and its rows.
struct SalesforceIngestJob: Sendable {
    var head: SalesforceJobHead
    let operation: SalesforceRowOperation
    /// As the request spelt it.
    let externalIDFieldName: String?
    /// `nil` until it comes.
    var upload: SalesforceUpload?
    /// Of the first rows, in the order uploaded; the rest is not processed.
    var results: [SalesforceRowResult] = []
    /// The row that somebody else holds.
    var lockedRow: Int?
    /// How many rows it gets through before it fails; `nil` when it does not.
    var failsAfter: Int?

    func report(at now: Int64) -> [String: SandboxValue] {
        var members = head.report(at: now, processed: results.count, failed: results.count { !$0.errors.isEmpty })
        members["externalIdFieldName"] = externalIDFieldName.map { .string($0) }
        return members
    }

    /// The rows of that fate, in an order that nobody can rely on.
    func csv(of fate: SalesforceRowFate) -> [UInt8] {
        guard let upload else { return [] }
        var rows =
            switch fate {
            case .successful: results.indices.filter { results[$0].errors.isEmpty }
            case .failed: results.indices.filter { !results[$0].errors.isEmpty }
            case .unprocessed: Array(results.count..<upload.count)
            }
        var generator = SeededGenerator(job: head.id)
        rows.shuffle(using: &generator)
        return switch fate {
        case .successful:
            upload.results(["sf__Id", "sf__Created"], of: rows) { row in
                [results[row].id ?? "", results[row].created == true ? "true" : "false"]
            }
        // The id of a row that failed is not told, whatever was uploaded.
        case .failed: upload.results(["sf__Id", "sf__Error"], of: rows) { ["", results[$0].bulkText] }
        case .unprocessed: upload.results([], of: rows) { _ in [] }
        }
    }
}

extension SalesforceRowResult {
    /// `CODE:message:FIELD,FIELD --`
    fileprivate var bulkText: String {
        errors.map { error in
            let fields = error.fields.isEmpty ? "" : error.fields.joined(separator: ",") + " "
            return "\(error.code):\(error.message):\(fields)--"
        }.joined(separator: ";")
    }
}

/// Bulk API 2.0: ingest jobs.
extension SalesforceSandbox {
    func createIngestJob(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        guard let body = call.body, let object = body["object"]?.text, let name = body["operation"]?.text else {
            throw .invalidJob("object and operation are required")
        }
        let format = try SalesforceCSVFormat(body)
        guard let table = org.tables[object.lowercased()], !options.bulk.unsupportedObjects.contains(table.object.name) else {
            throw .invalidJob("Unable to find object: \(object)")
        }
        let key = body["externalIdFieldName"]?.text
        let head = SalesforceJobHead(
            id: jobs.makeID(), kind: .ingest, operation: name, object: table.object.name, version: call.version, format: format,
            created: now, latency: options.bulk.latency)
        let job = SalesforceIngestJob(
            head: head, operation: try Self.operation(name, key: key, on: table), externalIDFieldName: key)
        jobs.ingests[head.id] = job
        var members = head.members(in: .open)
        members["externalIdFieldName"] = key.map { .string($0) }
        members["contentUrl"] = .string("\(call.path.dropFirst())/jobs/ingest/\(head.id)/batches")
        return .ok(.object(members))
    }

    private static func operation(
        _ name: String, key: String?, on table: SalesforceTable
    ) throws(SalesforceFault) -> SalesforceRowOperation {
        switch name {
        case "insert": return .insert
        case "update": return .update
        case "delete": return .delete
        case "upsert":
            guard let key else { throw .invalidJob("externalIdFieldName is required for upsert") }
            guard let field = table.field(key) else { throw .invalidJob("Field name not found : \(key)") }
            guard field.isLookupKey else { throw .invalidJob("\(key) is not an External ID") }
            return .upsert(by: field)
        case "hardDelete":
            throw .badRequest(
                "FEATURENOTENABLED", "FeatureNotEnabled : hardDelete operation requires special user profile permission")
        default: throw .invalidJob("Unknown operation \(name)")
        }
    }

    /// One upload to a job.
    func upload(to head: SalesforceJobHead, _ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        guard head.state(at: now) == .open, jobs.ingests[head.id]?.upload == nil else {
            throw .jobState("An open job takes one upload")
        }
        guard call.headers["content-type"]?.hasPrefix("text/csv") == true else {
            throw SalesforceFault(status: 415, code: "UNSUPPORTED_MEDIA_TYPE", message: "The content type must be text/csv")
        }
        guard call.upload.count <= options.bulk.mostUploadBytes else {
            throw SalesforceFault(
                status: 413, code: "REQUEST_TOO_LARGE", message: "The upload is larger than \(options.bulk.mostUploadBytes) bytes"
            )
        }
        jobs.ingests[head.id]?.upload = SalesforceUpload(call.upload, format: head.format)
        return SalesforceAnswer(status: 201)
    }

    /// Hands an open job over.
    func close(_ head: SalesforceJobHead, _ call: SalesforceCall) throws(SalesforceFault) -> SandboxValue {
        guard head.state(at: now) == .open, jobs.ingests[head.id]?.upload != nil else {
            throw .jobState("Only an open job with an upload can be closed")
        }
        jobs.ingests[head.id]?.head.started = now
        jobs.ingests[head.id]?.lockedRow = call.lockedRow
        jobs.ingests[head.id]?.failsAfter = call.failsAfter
        jobs.waiting.append(head.id)
        return .object(jobs.ingests[head.id]?.head.members(in: .uploadComplete) ?? [:])
    }

    func ingestResults(of head: SalesforceJobHead, _ fate: SalesforceRowFate) throws(SalesforceFault) -> SalesforceAnswer {
        guard head.state(at: now).isFinished, let job = jobs.ingests[head.id] else {
            throw .jobState("There are results of finished jobs only")
        }
        return SalesforceAnswer(status: 200, csv: job.csv(of: fate))
    }
}
