import Connectors
import Contracts
import SyncCore

/// The fields a contact can have: a handful of standard ones and the account's own.
enum ContactFields {
    /// The account a contact belongs to is told and imported as a name, but written as an association.
    static let accountName = "accountName"

    private struct Standard {
        var key: String
        /// On a contact, and in an import.
        var vendorKey: String
        var importKey: String
        var label: String
        var type: FieldType
    }

    private static let standard = [
        Standard(key: "email", vendorKey: "email", importKey: "email", label: "Email", type: .email(maxLength: nil)),
        Standard(
            key: "firstName", vendorKey: "firstName", importKey: "first_name", label: "First Name", type: .text(maxLength: nil)),
        Standard(key: "lastName", vendorKey: "lastName", importKey: "last_name", label: "Last Name", type: .text(maxLength: nil)),
        Standard(key: "phone", vendorKey: "phone", importKey: "phone", label: "Phone", type: .phone(maxLength: nil)),
        Standard(
            key: accountName, vendorKey: "orgname", importKey: "customer_acct_name", label: "Account",
            type: .text(maxLength: nil)),
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

    /// A contact from its row, and what came along with it.
    static func contact(
        _ row: JSONValue, id: String, fieldValues: [JSONValue] = [], tags: [String] = []
    ) -> MarketingContact {
        MarketingContact(
            id: id, fields: values(row, fieldValues: fieldValues), tags: tags,
            // The `…_timestamp` members are local time without an offset; only this one tells the moment.
            updatedAt: row["udate"]?.stringValue.flatMap(Timestamp.init(iso8601:))
        )
    }

    /// A contact's values under our keys.
    private static func values(_ contact: JSONValue, fieldValues: [JSONValue]) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for field in standard { values[field.key] = contact[field.vendorKey] }
        for row in fieldValues {
            if let field = row["field"]?.textValue { values[key(ofField: field)] = row["value"] ?? .null }
        }
        return values
    }

    // MARK: Writing

    /// The body of a single write, `accountName` left out. A blank empties its field.
    static func body(_ fields: [String: JSONValue]) throws(SyncError) -> [String: JSONValue] {
        var body: [String: JSONValue] = [:]
        var values: [JSONValue] = []
        for (key, value) in sorted(fields) where key != accountName {
            let value = value == .null ? "" : value
            if let field = customField(key) {
                values.append(["field": .string(String(field)), "value": value])
            } else {
                body[try field(named: key).vendorKey] = value
            }
        }
        if !values.isEmpty { body["fieldValues"] = .array(values) }
        return body
    }

    /// An import's item for one contact: other names than anywhere else in the API, and ids of fields are numbers.
    static func importItem(_ contact: ContactWrite) throws(SyncError) -> JSONValue {
        var item: [String: JSONValue] = [:]
        var values: [JSONValue] = []
        for (key, value) in sorted(contact.fields) {
            if let field = customField(key) {
                values.append(["id": .integer(Int64(field)), "value": value])
            } else {
                item[try field(named: key).importKey] = value
            }
        }
        item["email"] = .string(contact.email)
        if !values.isEmpty { item["fields"] = .array(values) }
        if !contact.tags.isEmpty { item["tags"] = .array(contact.tags.map { .string($0) }) }
        return .object(item)
    }

    /// In one order always, so that a request that is repeated is the same one.
    private static func sorted(_ fields: [String: JSONValue]) -> [(key: String, value: JSONValue)] {
        fields.sorted { $0.key < $1.key }
    }

    private static func field(named key: String) throws(SyncError) -> Standard {
        if let field = standard.first(where: { $0.key == key }) { return field }
        throw SyncError(
            .schema, code: "unknown-field", message: "ActiveCampaign's contacts have no field \(key)", fields: [key])
    }

    // MARK: Keys

    static func key(ofField id: String) -> String { "field:\(id)" }

    /// The id in `field:7`.
    static func customField(_ key: String) -> Int? {
        key.hasPrefix("field:") ? Int(key.dropFirst("field:".count)) : nil
    }

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
