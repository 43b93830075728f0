import Sandbox

/// Bulk API 2.0 as a client uses it.
extension SalesforceClient {
    /// Creates a query job; its id, or empty when it is refused.
    func queryJob(_ soql: String, operation: String = "query", _ more: [String: SandboxValue] = [:]) async -> String {
        let body = more.merging(["operation": .string(operation), "query": .string(soql)]) { $1 }
        return await send("POST", "/jobs/query", .object(body)).json?["id"]?.text ?? ""
    }

    /// The cells of a page of results, the header first.
    func results(_ job: String, query: String = "") async -> [[String]] {
        await send("GET", "/jobs/query/\(job)/results", query: query).cells()
    }

    /// Creates an ingest job and uploads to it, without handing it over; its id.
    func ingestJob(
        _ operation: String, key: String? = nil, _ csv: String, object: String = "Contact", _ more: [String: SandboxValue] = [:]
    ) async -> String {
        var body = more.merging(["operation": .string(operation), "object": .string(object)]) { $1 }
        body["externalIdFieldName"] = key.map { .string($0) }
        let id = await send("POST", "/jobs/ingest", .object(body)).json?["id"]?.text ?? ""
        _ = await upload(csv, to: id)
        return id
    }

    func upload(_ csv: String, to job: String, type: String = "text/csv") async -> SandboxResponse {
        await send("PUT", "/jobs/ingest/\(job)/batches", bytes: Array(csv.utf8), headers: ["content-type": type])
    }

    func set(_ state: String, _ kind: String, _ job: String) async -> SandboxResponse {
        await send("PATCH", "/jobs/\(kind)/\(job)", ["state": .string(state)])
    }

    func job(_ kind: String, _ id: String) async -> SandboxValue? {
        await send("GET", "/jobs/\(kind)/\(id)").json
    }

    /// Has an upload processed and returns the job as it is then; its results are at ``rows(_:_:)``.
    func ingest(_ operation: String, key: String? = nil, _ csv: String, object: String = "Contact") async -> SandboxValue? {
        let id = await ingestJob(operation, key: key, csv, object: object)
        _ = await set("UploadComplete", "ingest", id)
        return await job("ingest", id)
    }

    /// The rows of that fate, by the columns' names, sorted by a column.
    func rows(_ fate: String, _ job: SandboxValue?, by column: String = "LastName") async -> [[String: String]] {
        var lines = await send("GET", "/jobs/ingest/\(job?["id"]?.text ?? "")/\(fate)").cells()
        guard !lines.isEmpty else { return [] }
        let header = lines.removeFirst()
        return lines.map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }.sorted { $0[column] ?? "" < $1[column] ?? "" }
    }
}

extension SandboxResponse {
    /// The body as CSV in its usual form.
    func cells() -> [[String]] {
        var lines: [[String]] = []
        var line = [""]
        var isQuoted = false
        for character in String(decoding: body, as: UTF8.self) {
            switch character {
            // The second of two quotes opens again what the first has closed.
            case "\"":
                isQuoted.toggle()
                if isQuoted, line.last?.isEmpty == false { line[line.count - 1].append("\"") }
            case "," where !isQuoted: line.append("")
            case "\n" where !isQuoted:
                lines.append(line)
                line = [""]
            default: line[line.count - 1].append(character)
            }
        }
        return lines
    }
}
