import Foundation

/// An event with its attributes and data in one JSON object (CloudEvents' JSON event format).
struct StructuredEnvelope {
    enum EventData {
        /// Begins at this byte of the message's value.
        case json(offset: Int)
        /// Was carried as Base64.
        case bytes([UInt8])
    }

    private(set) var attributes = FoundAttributes()
    private(set) var data: EventData?

    /// The first thing wrong with the envelope's members; told only once the whole text has proved to be JSON.
    private var problem: CodecError?

    init(_ value: [UInt8]) throws(CodecError) {
        do {
            try read(JSONReader(value))
        } catch {
            throw CodecError(.malformedJSON, "the value, \(error)")
        }
        if let problem { throw problem }
    }

    private mutating func read(_ start: JSONReader) throws(JSONSyntaxError) {
        var reader = start
        reader.skipWhitespace()
        guard reader.current == UInt8(ascii: "{") else {
            _ = try reader.value()
            try reader.end()
            problem = CodecError(.notCloudEvent, "the value is not a JSON object")
            return
        }
        var seen: Set<String> = []
        try reader.object { (reader, name) throws(JSONSyntaxError) in
            let offset = reader.offset
            let value = try reader.value()
            if seen.insert(name).inserted, value != .null { take(name, value, at: offset) }
        }
        try reader.end()
    }

    private mutating func take(_ name: String, _ value: JSONValue, at offset: Int) {
        if name == "data" {
            data = .json(offset: offset)
        } else if name == "data_base64" {
            if let text = value.stringValue, let decoded = Data(base64Encoded: text) {
                data = .bytes([UInt8](decoded))
            } else {
                problem = problem ?? CodecError(.invalidData, "data_base64 is not Base64")
            }
        } else if let attribute = FoundAttributes.Name(rawValue: name) {
            if let text = value.stringValue {
                attributes.set(attribute, to: text)
            } else {
                problem = problem ?? CodecError(.notCloudEvent, "\(name) is not a string")
            }
        }
    }
}
