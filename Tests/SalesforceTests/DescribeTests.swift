import Connectors
import Contracts
import SyncCore
import Testing

@testable import Salesforce

@Suite("Descriptions")
struct DescribeTests {
    private func type(_ members: [String: JSONValue]) throws -> FieldType {
        var field = members
        field["name"] = "F"
        let schema = try Describe.schema(["fields": [.object(field)]], object: .lead)
        return try #require(schema.fields.first).type
    }

    @Test("Every type of the API becomes ours")
    func types() throws {
        #expect(try type(["type": "string", "length": 80]) == .text(maxLength: 80))
        #expect(try type(["type": "string", "length": 0]) == .text(maxLength: nil))
        #expect(try type(["type": "textarea", "length": 32000]) == .longText(maxLength: 32000))
        #expect(try type(["type": "email", "length": 80]) == .email(maxLength: 80))
        #expect(try type(["type": "phone", "length": 40]) == .phone(maxLength: 40))
        #expect(try type(["type": "url", "length": 255]) == .url(maxLength: 255))
        #expect(try type(["type": "double", "precision": 18, "scale": 2]) == .number(precision: 18, scale: 2))
        #expect(try type(["type": "currency", "precision": 18, "scale": 0]) == .currency(precision: 18, scale: 0))
        #expect(try type(["type": "percent", "precision": 3, "scale": 0]) == .percent(precision: 3, scale: 0))
        #expect(try type(["type": "int"]) == .integer)
        #expect(try type(["type": "boolean"]) == .boolean)
        #expect(try type(["type": "date"]) == .date)
        #expect(try type(["type": "datetime"]) == .dateTime)
        for other in ["reference", "address", "id", "base64", "location", "time", "anyType"] {
            #expect(try type(["type": .string(other)]) == .unsupported(other))
        }
    }

    @Test("Options are the active values, not the labels")
    func options() throws {
        let values: JSONValue = [
            ["value": "a", "label": "A", "active": true], ["value": "b", "label": "B", "active": false],
            ["value": "c", "label": "C"],
        ]
        #expect(
            try type(["type": "picklist", "picklistValues": values, "restrictedPicklist": true])
                == .picklist(options: ["a", "c"], restricted: true))
        #expect(
            try type(["type": "multipicklist", "picklistValues": values, "restrictedPicklist": false])
                == .multiPicklist(options: ["a", "c"], restricted: false))
    }

    @Test(
        "Required is what a create cannot do without",
        arguments: [
            (false, false, true, "string", true), (true, false, true, "string", false), (false, true, true, "string", false),
            (false, false, false, "string", false), (false, false, true, "boolean", false),
        ])
    func required(nillable: Bool, defaulted: Bool, creatable: Bool, type: String, expected: Bool) throws {
        let field: JSONValue = [
            "name": "F", "type": .string(type), "nillable": .boolean(nillable), "defaultedOnCreate": .boolean(defaulted),
            "createable": .boolean(creatable), "updateable": true,
        ]
        let described = try #require(try Describe.schema(["fields": [field]], object: .contact).fields.first)
        #expect(described.isRequired == expected)
        #expect(described.isCreatable == creatable)
        #expect(described.isUpdatable)
    }
}

@Suite("Values of fields")
struct FieldCodingTests {
    @Test(
        "Numbers are exact, however the API writes them",
        arguments: [
            ("60000", "60000"), ("60000.5", "60000.5"), ("1.0E7", "10000000"), ("0.1", "0.1"), ("1.0E-7", "0.0000001"),
            ("123456789012.34", "123456789012.34"), ("-3.5", "-3.5"), ("9.12E8", "912000000"),
            ("1.0E20", "100000000000000000000"),
        ])
    func numbers(json: String, expected: String) throws {
        let value = FieldCoding.value(try JSONValue.parse(Array(json.utf8)), type: .currency(precision: nil, scale: nil))
        guard case .number(let number) = value else { return _ = Issue.record("was \(value)") }
        #expect("\(number)" == expected)
        // What is written reads back as the same.
        let written = FieldCoding.json(value, type: .currency(precision: nil, scale: nil))
        #expect(FieldCoding.value(written, type: .currency(precision: nil, scale: nil)) == value)
    }

    @Test("Nothing, empty text and blanks are all blank, in every type")
    func blanks() {
        let types: [FieldType] = [
            .text(maxLength: nil), .integer, .date, .dateTime, .multiPicklist(options: [], restricted: false),
        ]
        for type in types {
            for json: JSONValue in [.null, "", "  "] { #expect(FieldCoding.value(json, type: type) == .blank) }
        }
    }

    @Test("A value of another type than described is kept, not lost")
    func odd() {
        #expect(FieldCoding.value("soon", type: .date) == .text("soon"))
        #expect(FieldCoding.value("2026-13-01", type: .date) == .text("2026-13-01"))
        #expect(FieldCoding.value(true, type: .text(maxLength: nil)) == .boolean(true))
    }
}
