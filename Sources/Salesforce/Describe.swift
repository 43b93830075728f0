import Connectors
import Contracts
import SyncCore

extension CRMObject {
    /// The object's API name.
    var apiName: String {
        switch self {
        case .contact: "Contact"
        case .lead: "Lead"
        case .account: "Account"
        case .opportunity: "Opportunity"
        }
    }
}

/// Reads `describe` answers.
enum Describe {
    static func schema(_ answer: JSONValue, object: CRMObject) throws(SyncError) -> ObjectSchema {
        guard let fields = answer["fields"]?.arrayValue else {
            throw .unusableAnswer("the description of \(object.apiName) lists no fields", effect: .repeatable)
        }
        let accountName = object == .contact ? fields.first { $0["name"] == "AccountId" }.map(accountName) : nil
        return ObjectSchema(name: object.apiName, fields: fields.compactMap(field) + [accountName].compactMap(\.self))
    }

    /// The fields no query may filter by, such as long texts.
    static func unfilterable(_ answer: JSONValue) -> [String] {
        (answer["fields"]?.arrayValue ?? []).filter { $0["filterable"] == false }.compactMap { $0["name"]?.stringValue }
    }

    /// The name of the account a contact belongs to, as a field of the contact that can be written as far as the reference
    /// to the account can (MAP-4).
    private static func accountName(_ reference: JSONValue) -> FieldSchema {
        FieldSchema(
            name: CRMRecord.accountNameField, label: "Account Name", type: .text(maxLength: 255),
            isCreatable: reference["createable"]?.boolValue ?? false, isUpdatable: reference["updateable"]?.boolValue ?? false
        )
    }

    private static func field(_ description: JSONValue) -> FieldSchema? {
        guard let name = description["name"]?.stringValue else { return nil }
        let isCreatable = description["createable"]?.boolValue ?? false
        // Check boxes say they are not nillable, yet always have a default.
        let isRequired =
            isCreatable && description["nillable"]?.boolValue == false
            && description["defaultedOnCreate"]?.boolValue == false && description["type"] != "boolean"
        return FieldSchema(
            name: name, label: description["label"]?.stringValue, type: type(description), isCreatable: isCreatable,
            isUpdatable: description["updateable"]?.boolValue ?? false, isRequired: isRequired
        )
    }

    private static func type(_ description: JSONValue) -> FieldType {
        let length = description["length"]?.intValue.flatMap { $0 > 0 ? $0 : nil }
        let precision = description["precision"]?.intValue
        let scale = description["scale"]?.intValue
        let restricted = description["restrictedPicklist"]?.boolValue ?? false
        let name = description["type"]?.stringValue ?? ""
        return switch name {
        case "string", "encryptedstring", "combobox": .text(maxLength: length)
        case "textarea": .longText(maxLength: length)
        case "email": .email(maxLength: length)
        case "phone": .phone(maxLength: length)
        case "url": .url(maxLength: length)
        case "double", "long": .number(precision: precision, scale: scale)
        case "currency": .currency(precision: precision, scale: scale)
        case "percent": .percent(precision: precision, scale: scale)
        case "int": .integer
        case "boolean": .boolean
        case "date": .date
        case "datetime": .dateTime
        case "picklist": .picklist(options: options(description), restricted: restricted)
        case "multipicklist": .multiPicklist(options: options(description), restricted: restricted)
        default: .unsupported(name)
        }
    }

    /// The API reads and writes an option's `value`, not its label.
    private static func options(_ description: JSONValue) -> [String] {
        (description["picklistValues"]?.arrayValue ?? [])
            .filter { $0["active"]?.boolValue ?? true }
            .compactMap { $0["value"]?.stringValue }
    }
}
