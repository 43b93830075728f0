import Connectors
import Contracts
import SyncCore

/// The conflict read of a batch, packed into as few calls as Salesforce allows.
struct Reader {
    /// What one retrieve may ask for.
    private static let idsPerRetrieve = 2_000

    let settings: CRMSettings
    let session: SalesforceSession
    let schemas: SchemaCache

    /// A part of the read with what is needed to understand its answer.
    private enum Part {
        case retrieve(RecordFields, ids: [String])
        case query(RecordFields, keys: [CRMCandidateKey], soql: String)

        var object: CRMObject {
            switch self {
            case .retrieve(let fields, _), .query(let fields, _, _): fields.object
            }
        }
    }

    func read(_ request: CRMReadRequest) async throws(SyncError) -> CRMReadResult {
        var result = CRMReadResult()
        var parts: [Part] = []
        for object in CRMObject.allCases {
            do throws(SyncError) {
                parts += try await self.parts(object, of: request)
            } catch {
                try Self.contain(error, of: object, in: &result)
            }
        }
        for group in parts.chunks(of: SalesforceSession.subrequestsPerCall) {
            let due = group.filter { result.failures[$0.object] == nil }
            guard !due.isEmpty else { continue }
            let answers = try await session.composite(due.map(subrequest), effect: .repeatable)
            for (part, answer) in zip(due, answers) where result.failures[part.object] == nil {
                do throws(SyncError) {
                    try await add(answer, of: part, to: &result)
                } catch {
                    try Self.contain(error, of: part.object, in: &result)
                }
            }
        }
        return result
    }

    /// Keeps a failure that the object's own records or fields cause from stopping the other object; the rest is everyone's.
    private static func contain(_ error: SyncError, of object: CRMObject, in result: inout CRMReadResult) throws(SyncError) {
        guard error.errorClass == .permanent || error.errorClass == .schema else { throw error }
        result.fail(object, error)
    }

    private func parts(_ object: CRMObject, of request: CRMReadRequest) async throws(SyncError) -> [Part] {
        // What cannot be an id cannot be a record either, yet would spoil the whole retrieve.
        let ids = Set(request.ids[object] ?? []).filter(RecordID.isWellFormed).sorted()
        let keys = request.candidates[object] ?? []
        guard !ids.isEmpty || !keys.isEmpty else { return [] }
        let fields = try await fields(of: object, wanted: request.fields[object] ?? [])
        return ids.chunks(of: Self.idsPerRetrieve).map { .retrieve(fields, ids: $0) } + queries(fields, keys: keys)
    }

    private func fields(of object: CRMObject, wanted: [String]) async throws(SyncError) -> RecordFields {
        let needed = RecordFields.alwaysRead(settings) + wanted
        let types = try await schemas.types(object, knowing: needed)
        let missing = needed.filter { types[$0] == nil }
        guard missing.isEmpty else { throw .missingFields(missing, object: object) }
        return RecordFields(object: object, settings: settings, wanted: wanted, types: types)
    }

    private func subrequest(_ part: Part) -> Subrequest {
        switch part {
        case .retrieve(let fields, let ids):
            Subrequest(
                method: "POST", url: "\(session.basePath)/composite/sobjects/\(fields.object.apiName)",
                body: ["ids": .array(ids.map(JSONValue.string)), "fields": .array(fields.all.map(JSONValue.string))]
            )
        case .query(_, _, let soql):
            Subrequest(method: "GET", url: "\(session.basePath)/query?q=\(URLText.encoded(soql))", body: nil)
        }
    }

    private func add(_ answer: Subanswer, of part: Part, to result: inout CRMReadResult) async throws(SyncError) {
        switch part {
        case .retrieve(let fields, let ids):
            try await check(answer, fields)
            guard let rows = answer.body.arrayValue, rows.count == ids.count else {
                throw .unusableAnswer("the retrieve's answer does not have one row per id", effect: .repeatable)
            }
            for (id, row) in zip(ids, rows) {
                if let record = fields.record(row) { result.byID[fields.object, default: [:]][id] = record }
            }
        case .query(let fields, let keys, _):
            try await check(answer, fields)
            let found = try await rows(of: answer.body).compactMap { row in
                fields.record(row).map { Candidate(record: $0, email: fields.email(row)) }
            }
            result.candidates[fields.object, default: [:]].merge(Self.matches(keys, found)) { $0 + $1 }
        }
    }

    private func check(_ answer: Subanswer, _ fields: RecordFields) async throws(SyncError) {
        guard !answer.isSuccess else { return }
        var refusal = answer.refusal(effect: .repeatable, now: session.now)
        if refusal.errorClass == .schema {
            // The description was older than the org: a fresh one tells which field is gone.
            let types = FieldTypes(try await schemas.describe(fields.object))
            refusal.fields = fields.all.filter { types[$0] == nil }
        }
        throw refusal
    }

    /// All rows of a query, its further pages included; each page is one more call.
    private func rows(of firstPage: JSONValue) async throws(SyncError) -> [JSONValue] {
        var page = firstPage
        var rows: [JSONValue] = []
        while true {
            guard let records = page["records"]?.arrayValue else {
                throw .unusableAnswer("a query's answer has no records", effect: .repeatable)
            }
            rows += records
            guard page["done"]?.boolValue != true, let next = page["nextRecordsUrl"]?.stringValue, !records.isEmpty else {
                return rows
            }
            page = try await session.call("GET", next, effect: .repeatable)
        }
    }

    // MARK: Candidates

    private func queries(_ fields: RecordFields, keys: [CRMCandidateKey]) -> [Part] {
        let select = "SELECT \(fields.all.joined(separator: ",")) FROM \(fields.object.apiName) WHERE "
        // Room for the words around the lists.
        let room = SOQL.maxLength - select.count - 200
        var parts: [Part] = []
        var group: [CRMCandidateKey] = []
        var length = 0
        func close() {
            if let condition = condition(fields, keys: group) {
                parts.append(.query(fields, keys: group, soql: select + condition))
            }
            (group, length) = ([], 0)
        }
        for key in keys {
            let cost = literals(key).map { $0.count + 1 }.reduce(0, +)
            if length + cost > room { close() }
            group.append(key)
            length += cost
        }
        close()
        return parts
    }

    private func literals(_ key: CRMCandidateKey) -> [String] {
        [key.externalID, key.email ?? ""].map(SOQL.literal)
    }

    private func condition(_ fields: RecordFields, keys: [CRMCandidateKey]) -> String? {
        func literals(_ texts: [String]) -> [String] {
            Set(texts.filter { !$0.isEmpty && $0.count <= SOQL.maxLiteral / 2 }).sorted().map(SOQL.literal)
        }
        let byExternalID = SOQL.membership(of: fields.settings.externalIDField, in: literals(keys.map(\.externalID)))
        var byEmail = SOQL.membership(of: "Email", in: literals(keys.compactMap(\.email)))
        if fields.object == .lead, let emails = byEmail {
            // A converted lead is read-only: nobody to be adopted.
            byEmail = "(\(emails) AND IsConverted = false)"
        }
        let conditions = [byExternalID, byEmail].compactMap(\.self)
        return conditions.isEmpty ? nil : conditions.joined(separator: " OR ")
    }

    private struct Candidate {
        let record: CRMRecord
        let email: String?
    }

    /// The records that match each key, by external ID or email, both ignoring case as Salesforce does.
    private static func matches(_ keys: [CRMCandidateKey], _ found: [Candidate]) -> [CRMCandidateKey: [CRMRecord]] {
        let byExternalID = Dictionary(grouping: found) { $0.record.externalID?.lowercased() }
        let byEmail = Dictionary(grouping: found) { $0.email?.lowercased() }
        var result: [CRMCandidateKey: [CRMRecord]] = [:]
        for key in Set(keys) {
            var records = (byExternalID[key.externalID.lowercased()] ?? []).map(\.record)
            let known = Set(records.map(\.id))
            if let email = key.email?.lowercased() {
                records += (byEmail[email] ?? []).map(\.record).filter { !known.contains($0.id) }
            }
            if !records.isEmpty { result[key] = records }
        }
        return result
    }
}

extension SyncError {
    /// Fields that Salesforce does not show: deleted, renamed, or hidden from the integration's user.
    static func missingFields(_ fields: [String], object: CRMObject) -> SyncError {
        SyncError(
            .schema, code: "INVALID_FIELD",
            message: "\(object.apiName) has no such field, or hides it from the integration's user: "
                + fields.joined(separator: ", "),
            fields: fields
        )
    }
}
