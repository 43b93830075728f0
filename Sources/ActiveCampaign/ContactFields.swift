import Connectors
import Contracts
import SyncCore

/// The fields a contact can have: a handful of standard ones and the account's own.
enum ContactFields {
    /// Our key, the vendor's key on a contact, and what it holds.
    private static let standard: [(key: String, vendorKey: String, label: String, type: FieldType)] = [
        ("email", "email", "Email", .email(maxLength: nil)),
        ("firstName", "firstName", "First Name", .text(maxLength: nil)),
        ("lastName", "lastName", "Last Name", .text(maxLength: nil)),
        ("phone", "phone", "Phone", .phone(maxLength: nil)),
        ("accountName", "orgname", "Account", .text(maxLength: nil)),
    ]

    static func schema(_ custom: Listing) -> ObjectSchema {
        let options = Dictionary(grouping: custom.alongside) { $0["field"]?.textValue }.mapValues { rows in
            rows.sorted { ($0["orderid"]?.intValue ?? 0) < ($1["orderid"]?.intValue ?? 0) }.compactMap {
                $0["value"]?.stringValue
            }
        }
        let standardFields = standard.map {
            FieldSchema(name: $0.key, label: $0.label, type: $0.type, isRequired: $0.key == "email")
        }
        return ObjectSchema(name: "contact", fields: standardFields + custom.rows.compactMap { field($0, options: options) })
    }

    /// A contact's values under our keys.
    static func values(_ contact: JSONValue, fieldValues: [JSONValue]) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for field in standard { values[field.key] = contact[field.vendorKey] }
        for row in fieldValues {
            if let field = row["field"]?.textValue { values[key(ofField: field)] = row["value"] ?? .null }
        }
        return values
    }

    private static func key(ofField id: String) -> String { "field:\(id)" }

    private static func field(_ row: JSONValue, options: [String?: [String]]) -> FieldSchema? {
        guard let id = row["id"]?.textValue else { return nil }
        let title = row["title"]?.stringValue
        let tag = row["perstag"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        return FieldSchema(
            name: key(ofField: id), aliases: [tag.map { "perstag:\($0)" }, title.map { "title:\($0)" }].compactMap(\.self),
            label: title, type: type(row["type"]?.stringValue, options: options[id] ?? []),
            isRequired: row["isrequired"]?.intValue == 1
        )
    }

    private static func type(_ name: String?, options: [String]) -> FieldType {
        switch name {
        case "text", "hidden", nil: .text(maxLength: nil)
        case "textarea": .longText(maxLength: nil)
        case "number": .number(precision: nil, scale: nil)
        case "currency": .currency(precision: nil, scale: nil)
        case "date": .date
        case "datetime": .dateTime
        // ActiveCampaign keeps values that are not among the options.
        case "dropdown", "radio": .picklist(options: options, restricted: false)
        case "listbox", "checkbox", "multiselect": .multiPicklist(options: options, restricted: false)
        case let other?: .unsupported(other)
        }
    }
}
