/// The published form of the messages: JSON Schemas (draft 2020-12) and an AsyncAPI 3 document, made from the code that
/// reads and writes them.
public enum ContractDocuments {
    static let dialect: JSONValue = "https://json-schema.org/draft/2020-12/schema"
    static let deadLetterHeadersPath = "dead-letter-headers.schema.json"

    /// Every document with its path below the directory they are kept in; the same bytes on every call.
    public static func all() -> [(path: String, content: String)] {
        let schemas = MessageDescription.all.map { (path: $0.schemaPath, content: $0.schema.prettyPrinted()) }
        return schemas + [
            (path: deadLetterHeadersPath, content: deadLetterHeaders.prettyPrinted()),
            (path: "asyncapi.json", content: AsyncAPIDocument.document.prettyPrinted()),
        ]
    }

    private static var deadLetterHeaders: JSONValue {
        let headers = DeadLetterHeader.allCases.map { header in
            (header.name, JSONValue.object(["type": "string", "description": .string(header.summary)]))
        }
        return [
            "$schema": dialect,
            "$id": "urn:dev.tandem:dead-letter-headers",
            "title": "Dead letter headers",
            "description": """
            What Tandem adds to a message it can do nothing more with, by the names of Kafka Connect. Key, value and the \
            original's own headers are kept.
            """,
            "type": "object",
            "required": .array(DeadLetterHeader.allCases.map { .string($0.name) }),
            "properties": .object(Dictionary(uniqueKeysWithValues: headers)),
        ]
    }
}

extension MessageDescription {
    /// The JSON Schema of the message's data. Members it does not name are allowed: new versions add some.
    var schema: JSONValue {
        let properties = members.map { member in
            (member.name, JSONValue.object(member.schema.merging(["description": .string(member.summary)]) { $1 }))
        }
        return [
            "$schema": ContractDocuments.dialect,
            "$id": .string("urn:\(eventType)"),
            "title": .string(title),
            "description": .string(summary),
            "type": "object",
            "required": .array(requiredNames.map(JSONValue.string)),
            "properties": .object(Dictionary(uniqueKeysWithValues: properties)),
        ]
    }
}

extension DeadLetterHeader {
    fileprivate var summary: String {
        switch self {
        case .topic: "The topic of the original."
        case .partition: "Its partition, in decimal."
        case .offset: "Its offset, in decimal."
        case .connectorName: "The worker's consumer group."
        case .taskID: "Tells members of the group apart."
        case .stage: "VALUE_CONVERTER: it could not be read. TASK_PUT: it could not be settled."
        case .className: "The part of Tandem that was at work."
        case .exceptionClassName:
            "\(DeadLetter.classPrefix) and the stable error code, e.g. \(DeadLetter.classPrefix)malformed-json."
        case .exceptionMessage: "What and where; holds no field values."
        case .exceptionStackTrace: "Code and message; no stack."
        }
    }
}

extension JSONValue {
    /// JSON text for people: two spaces a level, members in the order of their names, a line break at the end.
    func prettyPrinted() -> String { String(decoding: prettyPrinted(indent: "\n"), as: UTF8.self) + "\n" }

    private func prettyPrinted(indent: String) -> [UInt8] {
        let inner = indent + "  "
        switch self {
        case .array(let elements) where elements.contains { $0.objectValue != nil || $0.arrayValue != nil }:
            return Self.list("[", elements.map { Array(inner.utf8) + $0.prettyPrinted(indent: inner) }, indent, "]")
        case .object(let members) where !members.isEmpty:
            let lines = Self.sorted(members).map { name, value in
                Array(inner.utf8) + JSONValue.string(name).serialized() + Array(": ".utf8) + value.prettyPrinted(indent: inner)
            }
            return Self.list("{", lines, indent, "}")
        default: return serialized()
        }
    }

    private static func list(_ open: String, _ lines: [[UInt8]], _ indent: String, _ close: String) -> [UInt8] {
        Array(open.utf8) + lines.joined(separator: ",".utf8) + Array(indent.utf8) + Array(close.utf8)
    }
}
