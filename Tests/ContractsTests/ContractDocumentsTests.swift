import Testing

@testable import Contracts

@Suite("Published documents say what the code does")
struct ContractDocumentsTests {
    @Test("Exactly the members that the decoder requires are required", arguments: MessageDescription.all.map(\.name))
    func required(name: String) throws {
        let description = try #require(MessageDescription.all.first { $0.name == name })
        for member in description.members {
            for change in [nil, .null] as [JSONValue?] {
                var data = Self.data(of: description)
                #expect(data[member.name] != nil, "the example must have every member")
                data[member.name] = change
                #expect(Self.accepts(data, description) == !member.isRequired, "\(member.name)")
                #expect(description.allows(data) == !member.isRequired, "\(member.name)")
            }
        }
    }

    @Test("Schema and decoder agree on every member's values", arguments: MessageDescription.all.map(\.name))
    func values(name: String) throws {
        let description = try #require(MessageDescription.all.first { $0.name == name })
        for member in description.members + [.init(name: "unknown", isRequired: false, schema: [:], summary: "")] {
            for value in Self.candidates {
                var data = Self.data(of: description)
                data[member.name] = value
                #expect(Self.accepts(data, description) == description.allows(data), "\(member.name): \(value)")
            }
        }
    }

    static let candidates: [JSONValue] = [
        nil, true, 5, -5, 1.5, [], ["a"], ["a", 1], [nil], [:], ["a": [1]], "", "a", "A", "a/b", "a b", "ä", "upserted",
        "deleted",
        "create-contact", "create-lead", "send-campaign", "enter-automation", "campaign-sent", "2026-05-28T05:03:51Z",
        "2026-05-28T05:03:51.123+0000", "2026-05-28 05:03:51Z",
        "2026-05-28T05:03:51", .string(String(repeating: "a", count: 63)), .string(String(repeating: "a", count: 64)),
        .string(String(repeating: "ä", count: 255)), .string(String(repeating: "ä", count: 256)),
    ]

    @Test("The schemas allow what encode writes", arguments: Sample.events)
    func encoded(_ event: Event) throws {
        let message = EventCodec.encode(event)
        let type = message.headers.first { $0.name == "ce_type" }?.value
        let description = try #require(MessageDescription.all.first { $0.eventType.bytes == type })
        let data = try #require(try JSONValue.parse(message.value ?? []).objectValue)
        #expect(description.allows(data))
        #expect(Set(data.keys).isSubset(of: description.members.map(\.name)))
    }

    @Test("Every reference leads somewhere, and every document is JSON and the same each time")
    func documents() throws {
        let documents = ContractDocuments.all()
        #expect(
            documents.map(\.path) == [
                "record-change.schema.json", "automation-action.schema.json", "sync-command.schema.json",
                "run-notification.schema.json", "activity.schema.json", "dead-letter-headers.schema.json", "asyncapi.json",
            ])
        #expect(ContractDocuments.all().map(\.content) == documents.map(\.content))
        for document in documents {
            let root = try JSONValue.parse(document.content.bytes)
            for reference in references(in: root) {
                if reference.hasPrefix("#/") {
                    let target = reference.dropFirst(2).split(separator: "/").reduce(Optional(root)) { value, name in
                        value?.objectValue?[String(name)]
                    }
                    #expect(target != nil, "\(reference)")
                } else {
                    #expect(documents.contains { "./\($0.path)" == reference }, "\(reference)")
                }
            }
        }
    }

    @Test("The AsyncAPI document has every topic and every message")
    func coverage() throws {
        let root = try JSONValue.parse(#require(ContractDocuments.all().last).content.bytes).objectValue
        let addresses = root?["channels"]?.objectValue?.values.compactMap { $0.objectValue?["address"]?.stringValue }
        #expect(Set(addresses ?? []) == Set(Topics().all))
        let messages = root?["components"]?.objectValue?["messages"]?.objectValue
        #expect(Set(messages?.keys ?? [:].keys) == Set(MessageDescription.all.map(\.name) + ["deadLetter"]))
    }

    private func references(in value: JSONValue) -> [String] {
        switch value {
        case .object(let members):
            members.flatMap { name, value in name == "$ref" ? [value.stringValue ?? ""] : references(in: value) }
        case .array(let elements): elements.flatMap(references(in:))
        default: []
        }
    }

    private static func data(of description: MessageDescription) -> [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: MessageData.members(of: description.example).map { ($0.name, $0.value) })
    }

    private static func accepts(_ data: [String: JSONValue], _ description: MessageDescription) -> Bool {
        let message = Sample.message(JSONValue.object(data).serialized(), type: description.eventType)
        return (try? EventCodec.decode(message)) != nil
    }
}

/// Just enough of JSON Schema for the schemas there are.
extension MessageDescription {
    func allows(_ data: [String: JSONValue]) -> Bool {
        guard let schema = schema.objectValue, let required = schema["required"]?.arrayValue?.compactMap(\.stringValue),
            let properties = schema["properties"]?.objectValue
        else { return false }
        return required.allSatisfy { data[$0] != nil }
            && data.allSatisfy { name, value in properties[name]?.objectValue.map { Self.allows(value, $0) } ?? true }
    }

    private static func allows(_ value: JSONValue, _ schema: [String: JSONValue]) -> Bool {
        let types = schema["type"]?.arrayValue ?? [schema["type"] ?? nil]
        let type: JSONValue =
            switch value {
            case .null: "null"
            case .boolean: "boolean"
            case .integer: "integer"
            case .double: "number"
            case .string: "string"
            case .array: "array"
            case .object: "object"
            }
        guard types.contains(type) else { return false }
        if case .integer(let least) = schema["minimum"], case .integer(let number) = value, number < least { return false }
        if let choices = schema["enum"]?.arrayValue, !choices.contains(value) { return false }
        if let pattern = schema["pattern"]?.stringValue, let text = value.stringValue {
            guard let expression = try? Regex(pattern).matchingSemantics(.unicodeScalar), text.wholeMatch(of: expression) != nil
            else { return false }
        }
        guard let items = schema["items"]?.objectValue, let elements = value.arrayValue else { return true }
        return elements.allSatisfy { allows($0, items) }
    }
}
