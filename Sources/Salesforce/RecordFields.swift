import Connectors
import Contracts
import SyncCore

/// Which fields a read asks for, and how its rows become records.
struct RecordFields {
    /// How much a read tells of a record.
    enum Depth {
        /// What it holds.
        case values
        /// Also when it changed, and whether it was deleted or merged.
        case state
    }

    private static let id = "Id"
    private static let email = "Email"
    // Edits by people and integrations; SystemModstamp also moves when a trigger or a mass job merely touches the record.
    private static let modified = "LastModifiedDate"
    private static let stamp = "SystemModstamp"
    private static let created = "CreatedDate"
    private static let isDeleted = "IsDeleted"
    private static let master = "MasterRecordId"
    private static let account = "AccountId"
    private static let isConverted = "IsConverted"
    private static let convertedContact = "ConvertedContactId"

    let object: CRMObject
    let settings: CRMSettings
    /// The fields the caller asked for.
    let wanted: [String]
    let types: FieldTypes
    /// Everything to be selected, each field once.
    let all: [String]

    init(object: CRMObject, settings: CRMSettings, wanted: [String], depth: Depth, types: FieldTypes) {
        self.object = object
        self.settings = settings
        self.wanted = wanted
        self.types = types
        var seen: Set<String> = []
        let fields = Self.required(object, depth, settings) + Self.whereShown(depth).filter { types[$0] != nil } + wanted
        all = fields.filter { seen.insert($0.lowercased()).inserted }
    }

    /// What a read cannot do without, besides what is wanted.
    static func required(_ object: CRMObject, _ depth: Depth, _ settings: CRMSettings) -> [String] {
        let own = object.isPerson ? [settings.externalIDField, settings.syncStatusField] : []
        return [id] + own + [modified] + (object.isPerson ? [email] : [])
            + (depth == .state ? [stamp, created, isDeleted] : [])
    }

    /// What only some objects have, and not every user may see.
    private static func whereShown(_ depth: Depth) -> [String] {
        [isConverted, convertedContact] + (depth == .state ? [master, account] : [])
    }

    /// Whether a field of another record is wanted, which only queries can reach.
    var crossesRecords: Bool { wanted.contains { $0.contains(".") } }

    /// The person's address in a row, asked for or not: candidates are matched by it.
    func email(_ row: JSONValue) -> String? { row[Self.email]?.stringValue }

    /// A row as a record; `nil` for a hole in a retrieve's answer.
    func record(_ row: JSONValue) -> CRMRecord? {
        row.objectValue.flatMap { members in
            let members = Members(members)
            return record(Row(types: types) { members[$0] })
        }
    }

    /// A row of a bulk result as a record; `nil` when it has no id.
    func record(_ row: BulkTable.Row) -> CRMRecord? {
        record(Row(types: types) { row[$0].map(JSONValue.string) })
    }

    private func record(_ row: Row) -> CRMRecord? {
        guard let id = row.json(Self.id)?.stringValue else { return nil }
        var record = CRMRecord(
            object: object, id: id,
            values: Dictionary(wanted.map { ($0, row.value($0)) }, uniquingKeysWith: { first, _ in first }),
            externalID: row.text(settings.externalIDField), syncStatus: row.text(settings.syncStatusField),
            modifiedAt: row.moment(Self.modified)
        )
        record.createdAt = row.moment(Self.created)
        record.stamp = row.moment(Self.stamp)
        record.isDeleted = row.flag(Self.isDeleted)
        record.mergedInto = row.text(Self.master)
        record.isConverted = row.flag(Self.isConverted)
        record.convertedTo = row.text(Self.convertedContact)
        record.accountID = row.text(Self.account)
        return record
    }
}

/// One answered row, whatever its form.
private struct Row {
    let types: FieldTypes
    /// The value of a field, or of a parent's by its path (`Account.Name`), in whatever spelling.
    let json: (String) -> JSONValue?

    func value(_ field: String) -> FieldValue {
        FieldCoding.value(json(field) ?? .null, type: types[field] ?? .unsupported(""))
    }

    func text(_ field: String) -> String? {
        if case .text(let text) = value(field) { text } else { nil }
    }

    func flag(_ field: String) -> Bool { value(field) == .boolean(true) }

    func moment(_ field: String) -> Timestamp? { json(field)?.stringValue.flatMap(Timestamp.init(iso8601:)) }
}

/// A JSON row's fields, found whatever spelling was asked for: they come in the schema's.
private struct Members {
    private let members: [String: JSONValue]

    init(_ members: [String: JSONValue]) {
        self.members = Dictionary(members.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(_ path: String) -> JSONValue? {
        guard let dot = path.firstIndex(of: ".") else { return members[path.lowercased()] }
        guard let parent = members[path[..<dot].lowercased()]?.objectValue else { return nil }
        return Members(parent)[String(path[path.index(after: dot)...])]
    }
}
