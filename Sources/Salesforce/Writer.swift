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
    private var forms: WriteForms
    private var searchCallsLeft = Writer.searchCalls

    init(_ writes: [CRMWrite], to org: Org, logger: Logger) {
        self.writes = writes
        self.org = org
        self.logger = logger
        forms = WriteForms(writes, org: org)
        outcomes = Array(repeating: nil, count: writes.count)
    }

    /// One outcome per write, in order.
    mutating func run() async -> [Result<CRMWriteSuccess, SyncError>] {
        await forms.prepare()
        for (row, refusal) in forms.refusals { outcomes[row] = .failure(refusal) }
        let sendable = writes.indices.filter { outcomes[$0] == nil }
        for wave in WriteOrder.waves(sendable, of: writes) { await send(parts(wave)) }
        return outcomes.map { $0 ?? .failure(.unusableAnswer("the record was not settled", effect: .write)) }
    }

    // MARK: What is sent

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
            headers: WriteForms.headers
        )
    }

    private func record(_ row: Int) -> JSONValue {
        var members = forms.members(row)
        members["attributes"] = ["type": .string(writes[row].object.apiName)]
        if case .update(let id) = writes[row].target { members["id"] = .string(id) }
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
            let error = VendorErrors.rowError(in: result, isUpsert: write.importOperation == .upsert, now: org.session.now)
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
        guard await forms.refuseVanishedFields(part.rows) else { return false }
        for row in part.rows { outcomes[row] = forms.refusals[row].map(Result.failure) ?? outcomes[row] }
        return true
    }

    private mutating func settle(_ rows: [Int], _ error: SyncError) {
        for row in rows { outcomes[row] = .failure(error) }
    }
}
