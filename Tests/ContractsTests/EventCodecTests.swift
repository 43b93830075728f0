import Foundation
import Testing

@testable import Contracts

@Suite("Messages as CloudEvents")
struct EventCodecTests {
    @Test("Encode and decode, binary and structured, give the event back", arguments: Sample.events)
    func roundTrip(_ event: Event) throws {
        let binary = EventCodec.encode(event)
        #expect(try EventCodec.decode(binary) == event)
        for contentType in ["application/cloudevents+json", "APPLICATION/CloudEvents+JSON; charset=utf-8", nil] {
            #expect(try EventCodec.decode(Sample.structured(binary, contentType: contentType)) == event)
        }
    }

    @Test("The binary form: record key, ce_ headers, JSON data")
    func binaryForm() {
        let message = EventCodec.encode(Sample.change)
        #expect(message.key == "acme-1/contact/42".bytes)
        let headers = message.headers.map { "\($0.name): \(String(decoding: $0.value ?? [], as: UTF8.self))" }
        #expect(
            headers == [
                "ce_specversion: 1.0", "ce_type: dev.tandem.record.changed.v1", "ce_source: /tandem/test", "ce_id: e-1",
                "ce_time: 2026-05-28T05:05:00.001Z", "content-type: application/json",
            ])
        let data =
            #"{"integration":"acme-1","object":"contact","recordId":"42","change":"upserted","#
            + #""occurredAt":"2026-05-28T05:03:51.250Z","fields":{"email":"a@example.com","gone":null,"list":[1,null],"#
            + #""note":"ä\n\"","score":1.5},"tags":["added-to-salesforce-contact"]}"#
        #expect(String(decoding: message.value ?? [], as: UTF8.self) == data)
    }

    @Test("Header names in any case, unknown headers and null headers, are all right; the last of a name counts")
    func headers() throws {
        var message = EventCodec.encode(Sample.change)
        message.headers = message.headers.map { MessageHeader($0.name.uppercased(), $0.value) }
        message.headers += [MessageHeader("ce_subject", "x"), MessageHeader("traceparent", nil), MessageHeader("ce_id", "last")]
        #expect(try EventCodec.decode(message).attributes.id == "last")
    }

    @Test("Data of a producer that says little: upserted, now, no fields; what it says beyond is passed over")
    func defaults() throws {
        let data =
            #"{"new":{"integration":[1]},"recordId":"42","integration":"acme-1","object":"contact","tags":null,"recordId":7,"#
            + #""change":null,"occurredAt":null,"fields":null,"action":5}"#
        let event = try EventCodec.decode(Sample.message(data.bytes))
        let change = RecordChange(key: Sample.key, occurredAt: Timestamp(seconds: 1_779_944_631), isDated: false)
        #expect(event.message == .recordChange(change))

        let action = try EventCodec.decode(
            Sample.message(
                #"{"integration":"acme-1","recordId":"42","action":"create-lead"}"#.bytes, type: AutomationAction.eventType))
        #expect(
            action.message
                == .automationAction(
                    AutomationAction(
                        key: Sample.key, action: .createLead, occurredAt: change.occurredAt, isDated: false)))
    }

    @Test("Base64 data in structured mode")
    func base64() throws {
        let encoded = Data(EventCodec.encode(Sample.change).value ?? []).base64EncodedString()
        var envelope = try #require(
            try JSONValue.parse(Sample.structured(EventCodec.encode(Sample.change)).value ?? []).objectValue)
        envelope["data"] = nil
        envelope["data_base64"] = .string(encoded)
        func decode() throws -> Event {
            try EventCodec.decode(EncodedMessage(key: nil, value: JSONValue.object(envelope).serialized(), headers: []))
        }
        #expect(try decode() == Sample.change)
        envelope["data_base64"] = "e30"
        #expect(throws: CodecError(.invalidData, "data_base64 is not Base64")) { try decode() }
        envelope["data_base64"] = "e30x"
        #expect(throws: CodecError(.malformedJSON, "data_base64, byte 2: expected the end")) { try decode() }
    }

    // MARK: Errors

    @Test("Every attribute an event must have is named when it is missing or empty", arguments: [true, false])
    func missingAttributes(isBinary: Bool) throws {
        for name in ["specversion", "type", "source", "id"] {
            for (value, what) in [(nil, "missing"), ("", "empty")] as [(String?, String)] {
                var message = Sample.message(JSONValue.object(Sample.changeData).serialized())
                message.headers.removeAll { $0.name == "ce_\(name)" }
                if let value { message.headers.append(MessageHeader("ce_\(name)", value)) }
                if !isBinary { message = try Sample.structured(message) }
                let prefix = isBinary ? "ce_" : ""
                #expect(throws: CodecError(.notCloudEvent, "\(prefix)\(name) is \(what)")) { try EventCodec.decode(message) }
            }
        }
    }

    @Test(
        "Attributes that cannot be understood",
        arguments: [
            ("ce_specversion", "0.3", CodecError.Code.unsupportedSpecVersion, "ce_specversion is '0.3', not 1.0"),
            ("ce_type", "dev.tandem.x.v9", .unknownType, "ce_type 'dev.tandem.x.v9' is not known to this version"),
            ("ce_time", "yesterday", .notCloudEvent, "ce_time is not a date and time with an offset (RFC 3339)"),
            (
                "content-type", "application/cloudevents+avro", .notCloudEvent,
                "event format 'application/cloudevents+avro' is not application/cloudevents+json"
            ),
            (
                "content-type", "application/cloudevents-batch+json", .notCloudEvent,
                "event format 'application/cloudevents-batch+json' is not application/cloudevents+json"
            ),
        ])
    func badAttributes(name: String, value: String, code: CodecError.Code, reason: String) {
        var message = Sample.message(JSONValue.object(Sample.changeData).serialized())
        message.headers.append(MessageHeader(name, value))
        #expect(throws: CodecError(code, reason)) { try EventCodec.decode(message) }
    }

    @Test("A header that is not UTF-8 is named")
    func malformedHeader() {
        var message = Sample.message("{}".bytes)
        message.headers.append(MessageHeader("ce_id", [0xFF]))
        #expect(throws: CodecError(.notCloudEvent, "ce_id is not UTF-8")) { try EventCodec.decode(message) }
    }

    @Test(
        "Values that hold no event",
        arguments: [
            (nil, true, CodecError.Code.emptyValue, "the message has no value"),
            ("", true, .emptyValue, "the message has no value"),
            ("{", true, .malformedJSON, "the value, byte 1: expected a member name or '}'"),
            (#"{"recordId":7,"x":tru}"#, true, .malformedJSON, "the value, byte 18: expected 'true'"),
            ("{} x", true, .malformedJSON, "the value, byte 3: expected the end"),
            ("[1]", true, .invalidData, "the data is not a JSON object"),
            ("hello", false, .notCloudEvent, "no ce_specversion header, and the value is not a JSON object"),
            ("{}", false, .notCloudEvent, "specversion is missing"),
            (#"{"specversion":"1.0","id":5}"#, false, .notCloudEvent, "id is not a string"),
            (#"{"specversion":"1.0","id":5"#, false, .malformedJSON, "the value, byte 27: expected ',' or '}'"),
            (
                #"{"specversion":"1.0","type":"dev.tandem.record.changed.v1","source":"/x","id":"1","data":null}"#, false,
                .emptyValue,
                "the event has no data"
            ),
        ] as [(String?, Bool, CodecError.Code, String)])
    func badValues(value: String?, isBinary: Bool, code: CodecError.Code, reason: String) {
        var message = Sample.message(value?.bytes)
        if !isBinary { message.headers = [] }
        #expect(throws: CodecError(code, reason)) { try EventCodec.decode(message) }
    }

    @Test(
        "Data members of the wrong kind are named, and their values are not",
        arguments: [
            ("integration", 5, "integration is not a string"),
            ("integration", "A_b", "integration is not 1 to 63 of a-z, 0-9 and '-'"),
            ("integration", "", "integration is not 1 to 63 of a-z, 0-9 and '-'"), ("integration", nil, "integration is missing"),
            ("object", [], "object is not a string"), ("object", "a/b", "object is not 1 to 255 characters without '/'"),
            ("object", nil, "object is missing"), ("recordId", 42, "recordId is not a string"),
            ("recordId", "", "recordId is not 1 to 255 characters without '/'"), ("recordId", nil, "recordId is missing"),
            ("change", "merged", "change is none of upserted, deleted"), ("change", true, "change is not a string"),
            ("occurredAt", "2026-05-28", "occurredAt is not a date and time with an offset (ISO 8601)"),
            ("occurredAt", 1_779_944_631, "occurredAt is not a string"), ("fields", [], "fields is not an object"),
            ("tags", "vip", "tags is not an array of strings"), ("tags", ["a", "b", 3, [4]], "tags[2] is not a string"),
        ] as [(String, JSONValue, String)])
    func invalidData(name: String, value: JSONValue, reason: String) {
        let data = Sample.changeData.merging([name: value]) { $1 }
        #expect(throws: CodecError(.invalidData, reason)) {
            try EventCodec.decode(Sample.message(JSONValue.object(data).serialized()))
        }
    }

    @Test("A change needs a time of its own or of its event")
    func missingTime() {
        var message = Sample.message(JSONValue.object(Sample.changeData).serialized())
        message.headers.removeAll { $0.name == "ce_time" }
        #expect(throws: CodecError(.invalidData, "occurredAt is missing, and so is the event's time")) {
            try EventCodec.decode(message)
        }
    }

    @Test("Key parts may be 255 characters long, of any script, and no longer")
    func keyLength() throws {
        for character in ["x", "ä", "😀"] {
            for (count, isRight) in [(255, true), (256, false)] {
                let data = Sample.changeData.merging(["recordId": .string(String(repeating: character, count: count))]) { $1 }
                let event = try? EventCodec.decode(Sample.message(JSONValue.object(data).serialized()))
                #expect((event != nil) == isRight)
            }
        }
    }

    @Test(
        "However a valid message is damaged, it is read or refused, and as JSON it is judged like JSONDecoder", arguments: 0..<10)
    func fuzz(seed: UInt64) throws {
        var generator = JSONGenerator(seed: seed)
        for event in Sample.events {
            let original = EventCodec.encode(event)
            for _ in 0..<100 {
                var message = original
                let bytes = generator.mutated(original.value ?? [])
                message.value = bytes
                if bytes.isEmpty || looksLikeUTF16(bytes) { continue }
                #expect(isMalformed(message) == (decodedByFoundation(bytes) == nil), "\(String(decoding: bytes, as: UTF8.self))")

                message = try Sample.structured(original)
                message.value = generator.mutated(message.value ?? [])
                _ = isMalformed(message)
            }
        }
    }

    private func isMalformed(_ message: EncodedMessage) -> Bool {
        do throws(CodecError) {
            _ = try EventCodec.decode(message)
            return false
        } catch {
            return error.code == .malformedJSON
        }
    }
}
