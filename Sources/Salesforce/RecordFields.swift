import Connectors
import Contracts
import SyncCore

/// Which fields a read asks for, and how its rows become records.
struct RecordFields {
    private static let id = "Id"
    private static let email = "Email"
    // Edits by people and integrations; SystemModstamp also moves when a trigger or a mass job merely touches the record.
    private static let modified = "LastModifiedDate"

    let object: CRMObject
    let settings: CRMSettings
    /// The fields the caller asked for.
    let wanted: [String]
    let types: FieldTypes

    /// What every read needs, besides what is wanted.
    static func alwaysRead(_ settings: CRMSettings) -> [String] {
        [id, settings.externalIDField, settings.syncStatusField, modified, email]
    }

    /// Everything to be selected, each field once.
    var all: [String] {
        var seen: Set<String> = []
        return (Self.alwaysRead(settings) + wanted).filter { seen.insert($0.lowercased()).inserted }
    }

    /// The person's address in a row, asked for or not: candidates are matched by it.
    func email(_ row: JSONValue) -> String? { row[Self.email]?.stringValue }

    /// A row as a record; `nil` for a hole in a retrieve's answer.
    func record(_ row: JSONValue) -> CRMRecord? {
        guard let members = row.objectValue, let id = members[Self.id]?.stringValue else { return nil }
        // Rows come in the schema's spelling, whatever spelling was asked for.
        let byName = Dictionary(members.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        func value(_ field: String) -> FieldValue {
            FieldCoding.value(byName[field.lowercased()] ?? .null, type: types[field] ?? .unsupported(""))
        }
        func text(_ field: String) -> String? {
            if case .text(let text) = value(field) { text } else { nil }
        }
        return CRMRecord(
            object: object, id: id, values: Dictionary(wanted.map { ($0, value($0)) }, uniquingKeysWith: { first, _ in first }),
            externalID: text(settings.externalIDField), syncStatus: text(settings.syncStatusField),
            modifiedAt: byName[Self.modified.lowercased()]?.stringValue.flatMap(Timestamp.init(iso8601:))
        )
    }
}
