/// CloudEvents attributes as a message gave them, before any is required.
struct FoundAttributes {
    /// The attributes Tandem reads, by their CloudEvents names; every other one is left alone.
    enum Name: String {
        case specversion, type, source, id, time
    }

    private var specVersion: String?
    private var type: String?
    private var source: String?
    private var id: String?
    private var time: String?

    mutating func set(_ name: Name, to value: String) {
        switch name {
        case .specversion: specVersion = value
        case .type: type = value
        case .source: source = value
        case .id: id = value
        case .time: time = value
        }
    }

    /// What every event must have; `prefix` is what stands before an attribute's name where it was read.
    func required(prefix: String) throws(CodecError) -> (type: MessageType, attributes: EventAttributes) {
        let specVersion = try Self.required(specVersion, .specversion, prefix)
        guard specVersion == EventCodec.specVersion else {
            throw CodecError(.unsupportedSpecVersion, "\(prefix)specversion is '\(specVersion.prefix(20))', not 1.0")
        }
        let typeName = try Self.required(type, .type, prefix)
        guard let type = MessageType(typeName) else {
            throw CodecError(.unknownType, "\(prefix)type '\(typeName.prefix(200))' is not known to this version")
        }
        let source = try Self.required(source, .source, prefix)
        let id = try Self.required(id, .id, prefix)
        guard let time else { return (type, EventAttributes(id: id, source: source)) }
        guard let timestamp = Timestamp(iso8601: time) else {
            throw CodecError(.notCloudEvent, "\(prefix)time is not a date and time with an offset (RFC 3339)")
        }
        return (type, EventAttributes(id: id, source: source, time: timestamp))
    }

    private static func required(_ value: String?, _ name: Name, _ prefix: String) throws(CodecError) -> String {
        guard let value else { throw CodecError(.notCloudEvent, "\(prefix)\(name) is missing") }
        guard !value.isEmpty else { throw CodecError(.notCloudEvent, "\(prefix)\(name) is empty") }
        return value
    }
}

/// What a message's headers say about the event.
struct EventHeaders {
    enum Mode {
        case binary, structured
        /// Neither a `ce_` header nor the media type of an event format.
        case undeclared
    }

    private(set) var mode = Mode.undeclared
    private(set) var attributes = FoundAttributes()

    /// What a header is for, by its name in small letters.
    private enum Meaning {
        case contentType
        case attribute(FoundAttributes.Name)
        case otherAttribute

        init?(_ name: String) {
            switch name {
            case "ce_specversion": self = .attribute(.specversion)
            case "ce_type": self = .attribute(.type)
            case "ce_source": self = .attribute(.source)
            case "ce_id": self = .attribute(.id)
            case "ce_time": self = .attribute(.time)
            case EventCodec.contentTypeHeader: self = .contentType
            default:
                guard name.utf8.starts(with: EventCodec.headerPrefix.utf8) else { return nil }
                self = .otherAttribute
            }
        }
    }

    /// Of headers with one name the last counts, as in Kafka's own clients.
    init(_ headers: [MessageHeader]) throws(CodecError) {
        for header in headers {
            guard let value = header.value else { continue }
            let name = header.name.utf8.contains(where: Self.isCapital) ? header.name.lowercased() : header.name
            switch Meaning(name) {
            case .contentType: if try Self.isStructured(value) { mode = .structured }
            case .attribute(let attribute):
                if mode == .undeclared { mode = .binary }
                guard let text = String(validating: value, as: UTF8.self) else {
                    throw CodecError(.notCloudEvent, "\(name) is not UTF-8")
                }
                attributes.set(attribute, to: text)
            case .otherAttribute: if mode == .undeclared { mode = .binary }
            case nil: continue
            }
        }
    }

    private static func isCapital(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }

    private static func isStructured(_ contentType: [UInt8]) throws(CodecError) -> Bool {
        guard contentType.count >= 23 else { return false }
        let text = String(decoding: contentType, as: UTF8.self).lowercased()
        guard text.hasPrefix("application/cloudevents") else { return false }
        let mediaType = text.prefix { $0 != ";" && $0 != " " }
        guard mediaType == "application/cloudevents+json" else {
            throw CodecError(.notCloudEvent, "event format '\(mediaType.prefix(100))' is not application/cloudevents+json")
        }
        return true
    }
}
