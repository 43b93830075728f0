/// Messages as CloudEvents 1.0 on Kafka: binary mode out; binary and structured mode (JSON) in.
///
/// Header values are plain UTF-8, as the Kafka protocol binding has them (percent-encoding is HTTP's alone).
public enum EventCodec {
    static let specVersion = "1.0"
    static let headerPrefix = "ce_"
    static let contentTypeHeader = "content-type"
    static let dataContentType = "application/json"

    /// The event in binary mode, keyed by its record so that a record's events keep their order.
    public static func encode(_ event: Event) -> EncodedMessage {
        let (type, key, data) = MessageData.encode(event.message)
        var headers = [
            MessageHeader("ce_specversion", specVersion),
            MessageHeader("ce_type", type),
            MessageHeader("ce_source", event.attributes.source),
            MessageHeader("ce_id", event.attributes.id),
        ]
        if let time = event.attributes.time { headers.append(MessageHeader("ce_time", time.iso8601)) }
        headers.append(MessageHeader(contentTypeHeader, dataContentType))
        return EncodedMessage(key: Array(key.description.utf8), value: data, headers: headers)
    }

    /// Reads a message in either mode; in structured mode too when nothing but a `specversion` in the value tells so, as
    /// producers without headers send it.
    ///
    /// The key is not looked at: the data names the record.
    public static func decode(_ message: EncodedMessage) throws(CodecError) -> Event {
        guard let value = message.value, !value.isEmpty else { throw CodecError(.emptyValue, "the message has no value") }
        let headers = try EventHeaders(message.headers)
        switch headers.mode {
        case .binary:
            let (type, attributes) = try headers.attributes.required(prefix: headerPrefix)
            var reader = JSONReader(value)
            return try decode(type, attributes, from: &reader, in: "the value", toEnd: true)
        case .structured: return try decodeStructured(value)
        case .undeclared:
            let reader = JSONReader(value)
            guard value[reader.offset...].first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else {
                throw CodecError(.notCloudEvent, "no ce_specversion header, and the value is not a JSON object")
            }
            return try decodeStructured(value)
        }
    }

    private static func decodeStructured(_ value: [UInt8]) throws(CodecError) -> Event {
        let envelope = try StructuredEnvelope(value)
        let (type, attributes) = try envelope.attributes.required(prefix: "")
        switch envelope.data {
        case .json(let offset):
            var reader = JSONReader(value, at: offset)
            return try decode(type, attributes, from: &reader, in: "the value", toEnd: false)
        case .bytes(let data):
            var reader = JSONReader(data)
            return try decode(type, attributes, from: &reader, in: "data_base64", toEnd: true)
        case nil: throw CodecError(.emptyValue, "the event has no data")
        }
    }

    private static func decode(
        _ type: MessageType, _ attributes: EventAttributes, from reader: inout JSONReader, in place: String, toEnd: Bool
    ) throws(CodecError) -> Event {
        let data: MessageData
        do {
            data = try MessageData(of: type, from: &reader)
            if toEnd { try reader.end() }
        } catch {
            throw CodecError(.malformedJSON, "\(place), \(error)")
        }
        return Event(attributes: attributes, message: try data.message(defaultTime: attributes.time))
    }
}

/// The types of message there are.
enum MessageType {
    case recordChange, automationAction, syncCommand, runNotification, activity

    init?(_ name: String) {
        switch name {
        case RecordChange.eventType: self = .recordChange
        case AutomationAction.eventType: self = .automationAction
        case SyncCommand.eventType: self = .syncCommand
        case RunNotification.eventType: self = .runNotification
        case Activity.eventType: self = .activity
        default: return nil
        }
    }
}
