import Connectors
import Contracts
import Logging
import SyncCore

/// One `write` of a batch: packs the records into the fewest calls and settles each on its own (IN-9, IN-10).
struct Writer {
    /// What one collections subrequest may hold.
    static let rowsPerSubrequest = 200
    /// A refused part is sent again in this many pieces, which still fit one call.
    private static let pieces = SalesforceSession.subrequestsPerCall
    /// How many calls the search for offenders may cost; what is not settled then is left for a later batch.
    private static let searchCalls = 30
    private static let headers = [
        // A sync must not hand records to other owners, and alert-only duplicate rules ask a human who is not there.
        "Sforce-Auto-Assign": "FALSE",
        "Sforce-Duplicate-Rule-Header": "allowSave=true",
    ].merging(SalesforceSession.clientHeader) { first, _ in first }

    /// Records that travel in one subrequest, by their place in the batch.
    private struct Part {
        var kind: Kind
        var rows: [Int]
    }

    private enum Kind: Hashable {
        case updates
        case upserts(CRMObject)
    }

    private let org: Org
    private let logger: Logger
    private let writes: [CRMWrite]
    private var outcomes: [Result<CRMWriteSuccess, SyncError>?]
    private var types: [CRMObject: FieldTypes] = [:]
    /// The ids of the accounts that contacts name, by place in the batch; null where the name is blank.
    private var accounts: [Int: JSONValue] = [:]
    private var searchCallsLeft = Writer.searchCalls
    private var redescribed: Set<CRMObject> = []

    init(_ writes: [CRMWrite], to org: Org, logger: Logger) {
        self.writes = writes
        self.org = org
        self.logger = logger
        outcomes = Array(repeating: nil, count: writes.count)
    }

    /// One outcome per write, in order.
    mutating func run() async -> [Result<CRMWriteSuccess, SyncError>] {
        for object in CRMObject.allCases { await loadTypes(object) }
        await resolveAccounts()
        let sendable = writes.indices.filter { outcomes[$0] == nil }
        for wave in WriteOrder.waves(sendable, of: writes) { await send(parts(wave)) }
        return outcomes.map { $0 ?? .failure(.unusableAnswer("the record was not settled", effect: .write)) }
    }

    // MARK: Before the call

    /// Settles the records with fields that Salesforce does not have: one of them would sink its whole subrequest.
    private mutating func loadTypes(_ object: CRMObject) async {
        let rows = writes.indices.filter { writes[$0].object == object }
        guard !rows.isEmpty else { return }
        do throws(SyncError) {
            let needed = rows.reduce(into: Set<String>()) { $0.formUnion(fields(of: writes[$1])) }
            types[object] = try await org.schemas.types(object, knowing: needed)
            settleUnknownFields(rows)
        } catch {
            settle(rows, error)
        }
    }

    /// The fields a write names, Tandem's own first.
    private func fields(of write: CRMWrite) -> [String] {
        let key = write.object.isPerson || write.isUpsert ? [org.settings.externalIDField] : []
        return key + statuses(of: write).map(\.field) + write.values.keys.sorted()
    }

    /// The texts that tell how the record stands (OUT-6).
    private func statuses(of write: CRMWrite) -> [(field: String, text: String)] {
        let sync = write.syncStatus.map { (org.settings.syncStatusField, $0) }
        let account = write.accountStatus.flatMap { text in org.settings.accountStatusField.map { ($0, text) } }
        return [sync, account].compactMap(\.self)
    }

    @discardableResult
    private mutating func settleUnknownFields(_ rows: [Int]) -> Bool {
        var settled = false
        for row in rows {
            let write = writes[row]
            guard let types = types[write.object] else { continue }
            let missing = fields(of: write).filter { types[$0] == nil }
            guard !missing.isEmpty else { continue }
            outcomes[row] = .failure(.missingFields(missing, object: write.object))
            settled = true
        }
        return settled
    }

    /// Settles the contacts whose account's name stands for none.
    private mutating func resolveAccounts() async {
        var names: [Int: String] = [:]
        for row in writes.indices where outcomes[row] == nil && writes[row].object == .contact {
            guard let value = writes[row].values[CRMRecord.accountNameField] else { continue }
            if case .text(let name) = FieldType.text(maxLength: nil).normalized(value) {
                names[row] = name
            } else {
                accounts[row] = .null
            }
        }
        guard !names.isEmpty else { return }
        let found = await AccountNames(org: org, headers: Self.headers).resolve(writes.indices.compactMap { names[$0] })
        for (row, name) in names {
            switch found[AccountNames.key(name)] {
            case .success(let id): accounts[row] = .string(id)
            case .failure(let error): outcomes[row] = .failure(error)
            case nil: outcomes[row] = .failure(.unusableAnswer("the account was not settled", effect: .repeatable))
            }
        }
    }

    private func parts(_ rows: [Int]) -> [Part] {
        let groups = Dictionary(grouping: rows) { row in
            switch writes[row].target {
            case .update: Kind.updates
            case .upsert: Kind.upserts(writes[row].object)
            }
        }
        let kinds: [Kind] = [.updates] + CRMObject.allCases.map(Kind.upserts)
        return kinds.flatMap { kind in
            // Rows of one type side by side: Salesforce works in chunks of one type and takes few of them.
            let sorted = (groups[kind] ?? []).sorted { (writes[$0].object.rawValue, $0) < (writes[$1].object.rawValue, $1) }
            return sorted.chunks(of: Self.rowsPerSubrequest).map { Part(kind: kind, rows: $0) }
        }
    }

    private func subrequest(_ part: Part) -> Subrequest {
        let path =
            switch part.kind {
            case .updates: "composite/sobjects"
            case .upserts(let object): "composite/sobjects/\(object.apiName)/\(org.settings.externalIDField)"
            }
        let records = part.rows.map(record)
        return Subrequest(
            method: "PATCH", url: "\(org.session.basePath)/\(path)", body: ["allOrNone": false, "records": .array(records)],
            headers: Self.headers
        )
    }

    private func record(_ row: Int) -> JSONValue {
        let write = writes[row]
        var members = write.values.reduce(into: [String: JSONValue]()) { members, entry in
            members[entry.key] = FieldCoding.json(entry.value, type: types[write.object]?[entry.key] ?? .unsupported(""))
        }
        if let account = accounts[row] {
            members[CRMRecord.accountNameField] = nil
            members["AccountId"] = account
        }
        for (field, text) in statuses(of: write) { members[field] = .string(text) }
        members["attributes"] = ["type": .string(write.object.apiName)]
        switch write.target {
        case .update(let id):
            members["id"] = .string(id)
            if let stamp = write.stampExternalID { members[org.settings.externalIDField] = .string(stamp) }
        case .upsert(let externalID):
            members[org.settings.externalIDField] = .string(externalID)
        }
        return .object(members)
    }

    // MARK: The calls

    private mutating func send(_ parts: [Part]) async {
        var queue = parts.chunks(of: SalesforceSession.subrequestsPerCall)
        while !queue.isEmpty {
            let group = queue.removeFirst()
            do throws(SyncError) {
                let answers = try await org.session.composite(group.map(subrequest), effect: .write)
                var again: [Part] = []
                for (part, answer) in zip(group, answers) { again += await take(answer, of: part) }
                queue += again.chunks(of: SalesforceSession.subrequestsPerCall)
            } catch {
                if Self.isRefusedForItsContent(error) {
                    var again: [Part] = []
                    for part in group { again += await reduce(part, refused: error) }
                    queue += again.chunks(of: SalesforceSession.subrequestsPerCall)
                } else {
                    settle(group.flatMap(\.rows), error)
                    return giveUp(queue, after: error)
                }
            }
        }
    }

    /// What was not sent yet after a call failed for reasons that the next one would meet too.
    private mutating func giveUp(_ queue: [[Part]], after error: SyncError) {
        // They were not sent, so there is no doubt about them.
        let errorClass: ErrorClass = error.errorClass == .inDoubt ? .transient : error.errorClass
        settle(queue.joined().flatMap(\.rows), SyncError(errorClass, code: error.code, message: error.message))
    }

    /// Settles a part by its answer; returns what must be sent again.
    private mutating func take(_ answer: Subanswer, of part: Part) async -> [Part] {
        guard answer.isSuccess else {
            let refusal = answer.refusal(effect: .write, now: org.session.now)
            guard answer.status == 400 else {
                settle(part.rows, refusal)
                return []
            }
            return await reduce(part, refused: refusal)
        }
        guard let results = answer.body.arrayValue, results.count == part.rows.count else {
            settle(part.rows, .unusableAnswer("the answer does not have one result per record", effect: .write))
            return []
        }
        for (row, result) in zip(part.rows, results) { outcomes[row] = outcome(result, of: writes[row]) }
        return []
    }

    private func outcome(_ result: JSONValue, of write: CRMWrite) -> Result<CRMWriteSuccess, SyncError> {
        guard result["success"]?.boolValue == true else {
            let error = VendorErrors.rowError(in: result, isUpsert: write.isUpsert, now: org.session.now)
            return .failure(error ?? .unusableAnswer("the record's result states neither success nor error", effect: .write))
        }
        if let id = result["id"]?.stringValue {
            return .success(CRMWriteSuccess(id: id, created: result["created"]?.boolValue ?? false))
        }
        guard case .update(let id) = write.target else {
            return .failure(.unusableAnswer("the result of a create has no id", effect: .write))
        }
        return .success(CRMWriteSuccess(id: id, created: false))
    }

    // MARK: A part refused as a whole

    private static func isRefusedForItsContent(_ error: SyncError) -> Bool {
        error.errorClass == .permanent || error.errorClass == .schema
    }

    /// Settles the offender if it can be told, else returns smaller parts to find it by.
    private mutating func reduce(_ part: Part, refused error: SyncError) async -> [Part] {
        guard part.rows.count > 1, Self.isRefusedForItsContent(error) else {
            settle(part.rows, error)
            return []
        }
        if error.errorClass == .schema, await settleVanishedFields(part) {
            let rest = part.rows.filter { outcomes[$0] == nil }
            return rest.isEmpty ? [] : [Part(kind: part.kind, rows: rest)]
        }
        guard searchCallsLeft > 0 else {
            settle(part.rows, SyncError(.transient, code: error.code, message: error.message, fields: error.fields))
            return []
        }
        // Pieces of one part make one call, which is what the search costs.
        searchCallsLeft -= 1
        logger.warning(
            "Salesforce refused a part of a batch, sending it in pieces",
            metadata: ["code": "\(error.code)", "records": "\(part.rows.count)"]
        )
        let size = (part.rows.count + Self.pieces - 1) / Self.pieces
        return part.rows.chunks(of: size).map { Part(kind: part.kind, rows: $0) }
    }

    /// Whether a fresh description shows fields of the part's records to be gone.
    private mutating func settleVanishedFields(_ part: Part) async -> Bool {
        for object in Set(part.rows.map { writes[$0].object }) where redescribed.insert(object).inserted {
            if let schema = try? await org.schemas.describe(object) { types[object] = FieldTypes(schema) }
        }
        return settleUnknownFields(part.rows)
    }

    private mutating func settle(_ rows: [Int], _ error: SyncError) {
        for row in rows { outcomes[row] = .failure(error) }
    }
}

extension CRMWrite {
    fileprivate var isUpsert: Bool {
        if case .upsert = target { true } else { false }
    }
}
