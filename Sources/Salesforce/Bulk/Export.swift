import Connectors
import Contracts
import SyncCore

/// Reading many records by query jobs of the Bulk API 2.0. Their order is Salesforce's, yet the same for every reading of a
/// page, so that a page can be gone on with where it was left.
struct Export {
    let feed: Feed
    let org: Org

    private var jobs: BulkJobs { BulkJobs(kind: "query", session: org.session) }

    func count(_ request: CRMExportRequest) async throws(SyncError) -> Int {
        let fields = try await fields(of: request)
        guard let condition = try feed.condition(request.scope, in: request.range, fields) else { return 0 }
        let count = SOQL.select(["COUNT()"], from: request.object, where: condition)
        let answer = try await org.session.composite(
            [org.part(count, deletedToo: request.includesDeleted)], effect: .repeatable)[0]
        try await org.check(answer, fields)
        guard let total = answer.body["totalSize"]?.intValue else {
            throw .unusableAnswer("the answer to a count has no total", effect: .repeatable)
        }
        return total
    }

    /// The ids of an object grow as they are given out, so equal steps between the first and the last hold about as many each.
    func ranges(of request: CRMExportRequest, parts: Int) async throws(SyncError) -> [IDRange] {
        let fields = try await fields(of: request)
        guard parts > 1, let condition = try feed.condition(request.scope, in: request.range, fields) else {
            return [request.range]
        }
        let select = SOQL.select(["Id"], from: request.object, where: condition) + " ORDER BY Id"
        let ends = [" LIMIT 1", " DESC LIMIT 1"].map { org.part(select + $0, deletedToo: request.includesDeleted) }
        var ids: [String] = []
        for answer in try await org.session.composite(ends, effect: .repeatable) {
            try await org.check(answer, fields)
            ids += try await org.rows(of: answer.body).compactMap { $0["Id"]?.stringValue }
        }
        guard ids.count == 2 else { return [request.range] }
        let bounds = RecordID.steps(from: ids[0], to: ids[1], count: parts)
        let starts = [request.range.from] + bounds
        return zip(starts, starts.dropFirst() + [request.range.until]).map { IDRange(from: $0, until: $1) }
    }

    func start(_ request: CRMExportRequest) async throws(SyncError) -> String {
        let fields = try await fields(of: request)
        // Without an order, by which Salesforce could not split the work.
        let condition = try feed.condition(request.scope, in: request.range, fields) ?? SOQLCriteria.never
        let job: JSONValue = [
            "operation": .string(request.includesDeleted ? "queryAll" : "query"),
            "query": .string(SOQL.select(fields.all, from: request.object, where: condition)),
            "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF",
        ]
        do throws(SyncError) {
            return try await jobs.create(job, effect: .repeatable)
        } catch {
            throw try await org.naming(fields, in: error)
        }
    }

    func state(_ id: String) async throws(SyncError) -> CRMExportState {
        let status: BulkJobs.Status
        do throws(SyncError) {
            status = try await jobs.status(id)
        } catch  where error.code == SyncError.bulkGone {
            return .failed(error)
        }
        return switch status.state {
        case "JobComplete": .finished(records: status.records)
        case "Failed": .failed(BulkErrors.failure(status.message, now: org.session.now))
        case "Aborted": .failed(BulkErrors.gone)
        default: .running
        }
    }

    func page(
        _ id: String, of request: CRMExportRequest, from locator: String?, skipping: Int, limit: Int,
        take: ([CRMRecord]) async throws -> Void
    ) async throws -> CRMExportPage {
        var page = ExportPage(fields: try await fields(of: request), skipping: skipping)
        let start = locator.map { "&locator=\(URLText.encoded($0))" } ?? ""
        let response = try await org.session.stream("\(jobs.path(of: id))/results?maxRecords=\(limit)\(start)") { piece in
            try await page.read(piece, take: take)
        }
        guard response.isSuccess else { throw jobs.refusal(response) }
        let count = try await page.finish(stated: response.headers["sforce-numberofrecords"].flatMap { Int($0) }, take: take)
        let next = response.headers["sforce-locator"]
        guard next != nil || count == 0 else {
            throw SyncError.unusableAnswer("a page of bulk results that does not say what comes next", effect: .repeatable)
        }
        return CRMExportPage(records: count, next: next == "null" ? nil : next)
    }

    func end(_ id: String) async throws(SyncError) { try await jobs.end(id) }

    private func fields(of request: CRMExportRequest) async throws(SyncError) -> RecordFields {
        try await org.fields(of: request.object, wanted: request.fields, depth: .state)
    }
}

extension CRMExportRequest {
    fileprivate var includesDeleted: Bool {
        if case .changed = scope { true } else { false }
    }
}

/// A page of bulk results on its way to whoever takes it.
private struct ExportPage {
    private let fields: RecordFields
    private let skipping: Int
    private var table: BulkTable
    private var count = 0
    private var group: [CRMRecord] = []

    init(fields: RecordFields, skipping: Int) {
        self.fields = fields
        self.skipping = skipping
        table = BulkTable(requiring: fields.all)
    }

    mutating func read(_ piece: [UInt8], take: ([CRMRecord]) async throws -> Void) async throws {
        table.add(piece)
        while let row = try table.next() {
            try add(row)
            if group.count == CRMExportPage.group { try await flush(take) }
        }
    }

    /// Hands on what is left; how many records there were.
    /// - Parameter stated: How many there should be. A text cut short between two rows, or within the last cell, looks whole.
    mutating func finish(stated: Int?, take: ([CRMRecord]) async throws -> Void) async throws -> Int {
        if let row = try table.finish() { try add(row) }
        guard count == stated ?? count else {
            throw SyncError.unusableAnswer(
                "a page of bulk results held \(count) records instead of \(stated ?? 0)", effect: .repeatable)
        }
        if !group.isEmpty { try await flush(take) }
        return count
    }

    private mutating func add(_ row: BulkTable.Row) throws(SyncError) {
        count += 1
        guard count > skipping else { return }
        guard let record = fields.record(row) else {
            throw .unusableAnswer("a bulk result without an id", effect: .repeatable)
        }
        group.append(record)
    }

    private mutating func flush(_ take: ([CRMRecord]) async throws -> Void) async throws {
        try await take(group)
        group.removeAll(keepingCapacity: true)
    }
}
