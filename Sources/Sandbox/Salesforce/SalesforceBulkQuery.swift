import Foundation

/// A query job. Its results are what its rows were when it was created, whatever becomes of them later.
struct SalesforceQueryJob: Sendable {
    var head: SalesforceJobHead
    let columns: [SOQLColumn]
    /// In the order in which the results give them.
    var rows: [SalesforceRow]
    /// The tables of the parents that columns reach, as they were.
    let parents: SalesforceOrg
    /// How many rows it gets through before it fails; `nil` when it does not.
    let failsAfter: Int?

    func report(at now: Int64) -> [String: SandboxValue] {
        let state = head.state(at: now)
        let processed = state == .jobComplete || state == .failed ? min(rows.count, failsAfter ?? .max) : 0
        return head.report(at: now, processed: processed, failed: 0)
    }

    /// A part of the results, the line with the names of the columns before it.
    func page(_ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        head.format.append(columns.map(\.path), to: &bytes)
        for row in rows[range] {
            head.format.append(columns.map { Self.cell(parents.value(of: $0, in: row), of: $0.field) }, to: &bytes)
        }
        return bytes
    }

    /// Unlike JSON: no value is an empty cell, and times end in `Z`.
    private static func cell(_ value: SandboxValue, of field: SalesforceField) -> String {
        switch value {
        case .string(let text) where field.kind == .datetime && text.hasSuffix("+0000"): text.dropLast(5) + "Z"
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .number(let number): SandboxValue.text(of: number)
        case .null, .array, .object: ""
        }
    }
}

extension SalesforceOrg {
    /// The part of the org from which those columns read what is not in the row itself.
    fileprivate func parents(of columns: [SOQLColumn]) -> SalesforceOrg {
        let needed = Set(columns.flatMap(\.steps).map(\.object))
        var org = self
        org.tables = tables.filter { needed.contains($0.key) }
        return org
    }
}

/// Bulk API 2.0: query jobs.
extension SalesforceSandbox {
    private static let failureInTheMiddle = "InternalServerError : Retried more than fifteen times"

    func createQueryJob(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        guard let body = call.body, let operation = body["operation"]?.text, operation == "query" || operation == "queryAll",
            let text = body["query"]?.text
        else { throw .invalidJob("operation must be query or queryAll, and a query is needed") }
        let format = try SalesforceCSVFormat(body)
        guard jobs.queryUsage.used(now: now) < options.bulk.dailyQueryJobs else {
            throw .badRequest(
                "LIMIT_EXCEEDED",
                "ExceededQuota : Max bulk v2 query jobs (\(options.bulk.dailyQueryJobs)) per 24 hrs has been reached")
        }
        let selection = try select(forBulk: text, includingDeleted: operation == "queryAll")
        let id = jobs.makeID()
        var head = SalesforceJobHead(
            id: id, kind: .query, operation: operation, object: selection.object, version: call.version, format: format,
            created: now, latency: options.bulk.latency, started: now)
        if call.failsAfter != nil { head.failure = Self.failureInTheMiddle }
        jobs.queries[id] = SalesforceQueryJob(
            head: head, columns: selection.columns, rows: rows(of: selection, job: id),
            parents: org.parents(of: selection.columns), failsAfter: call.failsAfter)
        jobs.queryUsage.count(1, now: now)
        return .ok(.object(head.members(in: .uploadComplete)))
    }

    /// The rows found, in an order that nobody can rely on unless the query names one.
    private func rows(of selection: SalesforceSelection, job id: String) -> [SalesforceRow] {
        let table = org.tables[selection.object.lowercased()]
        var rows = selection.ids.compactMap { table?.rows[$0] }
        guard !selection.isOrdered else { return rows }
        var generator = SeededGenerator(job: id)
        rows.shuffle(using: &generator)
        return rows
    }

    func queryResults(of head: SalesforceJobHead, _ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        guard head.state(at: now) == .jobComplete, let job = jobs.queries[head.id] else {
            throw .jobState("There are results of jobs in state JobComplete only")
        }
        let start = try call.parameters["locator"].map { locator throws(SalesforceFault) in
            guard let start = Self.position(locator), job.rows.indices.contains(start) else {
                throw .badRequest("INVALID_QUERY_LOCATOR", "invalid query locator")
            }
            return start
        }
        var most = options.bulk.mostRowsPerPage
        if let asked = call.parameters["maxRecords"] {
            guard let number = Int(asked), number > 0 else {
                throw .badRequest("INVALID_INPUT", "maxRecords must be a positive number")
            }
            most = min(most, number)
        }
        let first = start ?? 0
        let end = min(job.rows.count, first + most)
        tally.rowsRead += end - first
        let headers = [
            "sforce-locator": end < job.rows.count ? Self.locator(end) : "null", "sforce-numberofrecords": String(end - first),
        ]
        return SalesforceAnswer(status: 200, headers: headers, csv: job.page(first..<end))
    }

    /// Base64 of the position, without padding.
    private static func locator(_ position: Int) -> String {
        Data(String(position).utf8).base64EncodedString().replacing("=", with: "")
    }

    private static func position(_ locator: String) -> Int? {
        let padded = locator + String(repeating: "=", count: (4 - locator.count % 4) % 4)
        return Data(base64Encoded: padded).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    // MARK: What the Bulk API refuses of SOQL

    private func select(forBulk text: String, includingDeleted: Bool) throws(SalesforceFault) -> SalesforceSelection {
        try Self.checkForBulk(try SOQLScanner.scan(text))
        let selection = try org.select(text, includingDeleted: includingDeleted)
        guard !options.bulk.unsupportedObjects.contains(selection.object) else {
            throw .badRequest("INVALIDENTITY", "Entity '\(selection.object)' is not supported by the Bulk API.")
        }
        guard !selection.columns.contains(where: { $0.field.kind == .address }) else {
            throw .notInBulk("Selecting compound data not supported in Bulk Query")
        }
        return selection
    }

    private static func checkForBulk(_ tokens: [SOQLToken]) throws(SalesforceFault) {
        let words = tokens.map { if case .word(let word) = $0 { word.uppercased() } else { "" } }
        let selection = words.firstIndex(of: "FROM") ?? words.endIndex
        guard !tokens[..<selection].contains(.sign("(")) else {
            throw .notInBulk("Aggregate Relationships not supported in Bulk V2 Query with CSV content type")
        }
        for word in ["GROUP", "TYPEOF", "OFFSET"] where words.contains(word) {
            throw .notInBulk("\(word) not supported in Bulk V2 Query")
        }
    }
}

extension SalesforceFault {
    fileprivate static func notInBulk(_ message: String) -> SalesforceFault {
        badRequest("API_ERROR", message)
    }
}

extension SeededGenerator {
    /// The same for each job of that id.
    init(job id: String) {
        self.init(seed: id.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    }
}
