import Connectors
import Contracts
import SyncCore

/// The forms in which records are sent: their fields by name, checked against the org, and the accounts they name by id.
struct WriteForms {
    /// Those of every write to the REST API.
    static let headers = [
        // A sync must not hand records to other owners, and alert-only duplicate rules ask a human who is not there.
        "Sforce-Auto-Assign": "FALSE",
        "Sforce-Duplicate-Rule-Header": "allowSave=true",
    ].merging(SalesforceSession.clientHeader) { first, _ in first }

    private let org: Org
    private let writes: [CRMWrite]
    /// Why records cannot be sent, by their place.
    private(set) var refusals: [Int: SyncError] = [:]
    private var types: [CRMObject: FieldTypes] = [:]
    /// The ids of the accounts that contacts name, by the contact's place; null where the name is blank.
    private var accounts: [Int: JSONValue] = [:]
    private var redescribed: Set<CRMObject> = []

    init(_ writes: [CRMWrite], org: Org) {
        self.writes = writes
        self.org = org
    }

    /// Asks for what has to be known of the fields and accounts.
    mutating func prepare() async {
        for object in CRMObject.allCases { await loadTypes(object) }
        await resolveAccounts()
    }

    /// Refuses those of `rows` with fields that a fresh description shows to be gone. Whether there were any.
    mutating func refuseVanishedFields(_ rows: [Int]) async -> Bool {
        for object in Set(rows.map { writes[$0].object }) where redescribed.insert(object).inserted {
            if let schema = try? await org.schemas.describe(object) { types[object] = FieldTypes(schema) }
        }
        return refuseUnknownFields(rows)
    }

    /// The fields of a record, Tandem's own and the key of an upsert included; the id of an update is not among them.
    func members(_ row: Int) -> [String: JSONValue] {
        let write = writes[row]
        var members = write.values.reduce(into: [String: JSONValue]()) { members, entry in
            members[entry.key] = FieldCoding.json(entry.value, type: types[write.object]?[entry.key] ?? .unsupported(""))
        }
        if let account = accounts[row] {
            members[CRMRecord.accountNameField] = nil
            members["AccountId"] = account
        }
        for (field, text) in statuses(of: write) { members[field] = .string(text) }
        switch write.target {
        case .update:
            if let stamp = write.stampExternalID { members[org.settings.externalIDField] = .string(stamp) }
        case .upsert(let externalID):
            members[org.settings.externalIDField] = .string(externalID)
        }
        return members
    }

    // MARK: What has to be known

    /// One record with a field that Salesforce does not have would sink all that are sent with it.
    private mutating func loadTypes(_ object: CRMObject) async {
        let rows = writes.indices.filter { writes[$0].object == object }
        guard !rows.isEmpty else { return }
        do throws(SyncError) {
            let needed = rows.reduce(into: Set<String>()) { $0.formUnion(fields(of: writes[$1])) }
            types[object] = try await org.schemas.types(object, knowing: needed)
            refuseUnknownFields(rows)
        } catch {
            for row in rows { refusals[row] = error }
        }
    }

    /// The fields a write names, Tandem's own first.
    private func fields(of write: CRMWrite) -> [String] {
        let key = write.object.isPerson || write.importOperation == .upsert ? [org.settings.externalIDField] : []
        return key + statuses(of: write).map(\.field) + write.values.keys.sorted()
    }

    /// The texts that tell how the record stands (OUT-6).
    private func statuses(of write: CRMWrite) -> [(field: String, text: String)] {
        let sync = write.syncStatus.map { (org.settings.syncStatusField, $0) }
        let account = write.accountStatus.flatMap { text in org.settings.accountStatusField.map { ($0, text) } }
        return [sync, account].compactMap(\.self)
    }

    @discardableResult
    private mutating func refuseUnknownFields(_ rows: [Int]) -> Bool {
        var refused = false
        for row in rows {
            let write = writes[row]
            guard let types = types[write.object] else { continue }
            let missing = fields(of: write).filter { types[$0] == nil }
            guard !missing.isEmpty else { continue }
            refusals[row] = .missingFields(missing, object: write.object)
            refused = true
        }
        return refused
    }

    /// Refuses the contacts whose account's name stands for none.
    private mutating func resolveAccounts() async {
        var names: [Int: String] = [:]
        for row in writes.indices where refusals[row] == nil && writes[row].object == .contact {
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
            case .failure(let error): refusals[row] = error
            case nil: refusals[row] = .unusableAnswer("the account was not settled", effect: .repeatable)
            }
        }
    }
}
