import Connectors
import Contracts
import SyncCore

/// A read of a batch, packed into as few calls as Salesforce allows.
struct Reader {
    let org: Org
    let depth: RecordFields.Depth

    /// A part of the read with what is needed to understand its answer.
    private enum Part {
        case retrieve(RecordFields, ids: [String])
        /// Where a retrieve does not do: it knows neither deleted records nor fields of other records.
        case lookup(RecordFields, ids: [String])
        case query(RecordFields, keys: [CRMCandidateKey], soql: String, deletedToo: Bool = false)

        var object: CRMObject {
            switch self {
            case .retrieve(let fields, _), .lookup(let fields, _), .query(let fields, _, _, _): fields.object
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
            let answers = try await org.session.composite(due.map(subrequest), effect: .repeatable)
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

    /// Keeps a failure that the object's own records or fields cause from stopping the others; the rest is everyone's.
    private static func contain(_ error: SyncError, of object: CRMObject, in result: inout CRMReadResult) throws(SyncError) {
        guard error.errorClass == .permanent || error.errorClass == .schema else { throw error }
        result.fail(object, error)
    }

    private func parts(_ object: CRMObject, of request: CRMReadRequest) async throws(SyncError) -> [Part] {
        // What cannot be an id cannot be a record either, yet would spoil the whole retrieve.
        let ids = Set(request.ids[object] ?? []).filter(RecordID.isWellFormed).sorted()
        let keys = request.candidates[object] ?? []
        guard !ids.isEmpty || !keys.isEmpty else { return [] }
        let fields = try await org.fields(of: object, wanted: request.fields[object] ?? [], depth: depth)
        let byID = ids.chunks(of: Org.rowsPerPart).map { ids in
            depth == .state || fields.crossesRecords ? Part.lookup(fields, ids: ids) : .retrieve(fields, ids: ids)
        }
        let inDoubt = keys.filter(\.isInDoubt)
        guard !inDoubt.isEmpty else { return byID + queries(fields, keys: keys) }
        let state = try await org.fields(of: object, wanted: request.fields[object] ?? [], depth: .state)
        return byID + queries(fields, keys: keys) + deletedQueries(state, keys: inDoubt)
    }

    private func subrequest(_ part: Part) -> Subrequest {
        switch part {
        case .retrieve(let fields, let ids):
            return Subrequest(
                method: "POST", url: "\(org.session.basePath)/composite/sobjects/\(fields.object.apiName)",
                body: ["ids": .array(ids.map(JSONValue.string)), "fields": .array(fields.all.map(JSONValue.string))]
            )
        case .lookup(let fields, let ids):
            let condition = SOQL.condition("Id", isAnyOf: ids.map(SOQL.literal))
            return org.part(SOQL.select(fields.all, from: fields.object, where: condition), deletedToo: depth == .state)
        case .query(_, _, let soql, let deletedToo):
            return org.part(soql, deletedToo: deletedToo)
        }
    }

    private func add(_ answer: Subanswer, of part: Part, to result: inout CRMReadResult) async throws(SyncError) {
        switch part {
        case .retrieve(let fields, let ids):
            try await org.check(answer, fields)
            guard let rows = answer.body.arrayValue, rows.count == ids.count else {
                throw .unusableAnswer("the retrieve's answer does not have one row per id", effect: .repeatable)
            }
            for (id, row) in zip(ids, rows) {
                if let record = fields.record(row) { result.byID[fields.object, default: [:]][id] = record }
            }
        case .lookup(let fields, let ids):
            try await org.check(answer, fields)
            let found = try await org.rows(of: answer.body).compactMap(fields.record)
            let byKey = Dictionary(found.map { (RecordID.key($0.id), $0) }, uniquingKeysWith: { first, _ in first })
            for id in ids {
                if let record = byKey[RecordID.key(id)] { result.byID[fields.object, default: [:]][id] = record }
            }
        case .query(let fields, let keys, _, _):
            try await org.check(answer, fields)
            let found = try await org.rows(of: answer.body).compactMap { row in
                fields.record(row).map { Candidate(record: $0, email: fields.email(row)) }
            }
            result.candidates[fields.object, default: [:]].merge(Self.matches(keys, found)) { $0 + $1 }
        }
    }

    // MARK: Candidates

    private func queries(_ fields: RecordFields, keys: [CRMCandidateKey]) -> [Part] {
        let select = SOQL.select(fields.all, from: fields.object, where: "")
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

    /// Records that were made, though nobody knows it, and deleted since.
    private func deletedQueries(_ fields: RecordFields, keys: [CRMCandidateKey]) -> [Part] {
        let deleted = " AND IsDeleted = true"
        let words = SOQL.select(fields.all, from: fields.object, where: "").count + deleted.count + 200
        return SOQL.groups(keys.map { SOQL.literal($0.externalID) }, besides: words).map { literals in
            let condition = SOQL.condition(fields.settings.externalIDField, isAnyOf: literals) + deleted
            return .query(
                fields, keys: keys, soql: SOQL.select(fields.all, from: fields.object, where: condition), deletedToo: true)
        }
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
