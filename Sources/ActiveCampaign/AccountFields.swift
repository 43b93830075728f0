import Connectors
import Contracts
import SyncCore

/// The fields an account can have: its name, its URL and the customer's own.
enum AccountFields {
    static func schema(_ custom: [JSONValue]) -> ObjectSchema {
        let standard = [
            FieldSchema(name: "name", label: "Name", type: .text(maxLength: nil), isRequired: true),
            FieldSchema(name: "accountUrl", label: "URL", type: .url(maxLength: nil)),
        ]
        return ObjectSchema(name: "account", fields: standard + custom.compactMap(field))
    }

    private static func field(_ row: JSONValue) -> FieldSchema? {
        guard let id = row["id"]?.textValue else { return nil }
        let label = row["fieldLabel"]?.stringValue
        let options = (row["fieldOptions"]?.arrayValue ?? []).compactMap(\.textValue)
        return FieldSchema(
            name: ContactFields.key(ofField: id),
            aliases: ["accountField:\(id)"] + (label.map { ["title:\($0)"] } ?? []), label: label,
            type: type(row["fieldType"]?.stringValue, options: options), isRequired: row["isRequired"]?.intValue == 1
        )
    }

    private static func type(_ name: String?, options: [String]) -> FieldType {
        switch name {
        case "text", "hidden", nil: .text(maxLength: nil)
        case "textarea": .longText(maxLength: nil)
        case "number": .number(precision: nil, scale: nil)
        case "date": .date
        case "datetime": .dateTime
        case "dropdown", "radio": .picklist(options: options, restricted: false)
        case "multiselect", "checkbox": .multiPicklist(options: options, restricted: false)
        // `currency` as well: it is written in cents with a currency of its own, and webhooks tell it in a form that is not
        // documented. A wrong factor of 100 is worse than a number field in its place.
        case let other?: .unsupported(other)
        }
    }

    /// The body of a write.
    static func body(_ fields: [String: JSONValue]) throws(SyncError) -> JSONValue {
        var body: [String: JSONValue] = [:]
        var values: [JSONValue] = []
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            let value = value == .null ? "" : value
            if let field = ContactFields.customField(key) {
                values.append(["customFieldId": .integer(Int64(field)), "fieldValue": choices(value)])
            } else if key == "name" || key == "accountUrl" {
                body[key] = value
            } else {
                throw SyncError(
                    .schema, code: "unknown-field", message: "ActiveCampaign's accounts have no field \(key)", fields: [key])
            }
        }
        if !values.isEmpty { body["fields"] = .array(values) }
        return ["account": .object(body)]
    }

    /// Several choices are a list here, where contacts have `||Red||Blue||`.
    private static func choices(_ value: JSONValue) -> JSONValue {
        guard let text = value.stringValue, text.count > 4, text.hasPrefix("||"), text.hasSuffix("||") else { return value }
        return .array(text.split(separator: "||").map { .string(String($0)) })
    }
}
