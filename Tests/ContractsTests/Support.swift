import Contracts
import Foundation

/// SplitMix64: the same seed gives the same test, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What Foundation makes of a text; `nil` if it refuses it.
///
/// `JSONDecoder` never looks at the value of a repeated member; `JSONSerialization` does, and so must we.
func decodedByFoundation(_ bytes: [UInt8]) -> JSONValue? {
    guard (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil else { return nil }
    return try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
}

/// Whether Foundation would take a text for UTF-16 or UTF-32, by its byte order mark or its first zeros.
func looksLikeUTF16(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || bytes.prefix(4).contains(0)
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

/// Events to test with.
enum Sample {
    static let key = RecordKey(integration: "acme-1", object: "contact", recordID: "42")
    static let moment = Timestamp(milliseconds: 1_779_944_631_250)
    static let attributes = EventAttributes(id: "e-1", source: "/tandem/test", time: Timestamp(milliseconds: 1_779_944_700_001))

    static let change = Event(
        attributes: attributes,
        message: .recordChange(
            RecordChange(
                key: key, occurredAt: moment,
                fields: ["email": "a@example.com", "note": "ä\n\"", "score": 1.5, "list": [1, nil], "gone": nil],
                tags: ["added-to-salesforce-contact"])))

    static let events = [
        change,
        Event(
            attributes: EventAttributes(id: "e-2", source: "/tandem/test"),
            message: .recordChange(RecordChange(key: key, kind: .deleted, occurredAt: moment))),
        Event(
            attributes: attributes,
            message: .automationAction(
                AutomationAction(
                    key: key, action: .createLead, occurredAt: moment, fields: ["email": "a@example.com"], tags: [],
                    automationID: "17"))),
        Event(
            attributes: attributes,
            message: .automationAction(AutomationAction(key: key, action: .createContact, occurredAt: moment))),
        Event(
            attributes: attributes,
            message: .automationAction(
                AutomationAction(
                    key: key, action: .enterAutomation, occurredAt: moment, target: "12", requestID: "r-1",
                    requestedBy: "Ann / sales"))),
        Event(
            attributes: attributes,
            message: .recordChange(
                RecordChange(key: key, occurredAt: attributes.time ?? moment, isDated: false, fields: ["email": "a@example.com"]))
        ),
        Event(
            attributes: attributes,
            message: .syncCommand(
                SyncCommand(
                    integration: "acme-1", command: .backfill, requestID: "r-1", fields: ["contact": ["Tier__c"]],
                    occurredAt: moment))),
        Event(
            attributes: attributes,
            message: .syncCommand(
                SyncCommand(integration: "acme-1", command: .chunk, requestID: "r-1", run: 7, chunk: 3, occurredAt: moment))),
        Event(
            attributes: attributes,
            message: .runNotification(
                RunNotification(
                    integration: "acme-1", run: 7, kind: "full", state: "reading", read: 10, written: 1, skipped: 8, failed: 1,
                    expected: 20, reason: "waits", occurredAt: moment))),
        Event(
            attributes: attributes,
            message: .activity(
                Activity(
                    key: key, activityID: "a-1", kind: .campaignReplied, occurredAt: moment,
                    details: [.campaignID: "12", .subject: "Re: \"News\"", .text: "ä\n"]))),
        Event(
            attributes: attributes,
            message: .activity(Activity(key: key, activityID: "a-2", kind: .eventTracked, occurredAt: moment))),
    ]

    static let changeData: [String: JSONValue] = ["integration": "acme-1", "object": "contact", "recordId": "42"]

    /// A binary mode message of this data.
    static func message(_ data: [UInt8]?, type: String = RecordChange.eventType) -> EncodedMessage {
        EncodedMessage(
            key: nil, value: data,
            headers: [
                MessageHeader("ce_specversion", "1.0"), MessageHeader("ce_type", type), MessageHeader("ce_source", "/x"),
                MessageHeader("ce_id", "1"), MessageHeader("ce_time", "2026-05-28T05:03:51Z"),
            ])
    }

    /// The same event in structured mode.
    static func structured(_ message: EncodedMessage, contentType: String? = "application/cloudevents+json") throws
        -> EncodedMessage
    {
        var envelope: [String: JSONValue] = ["data": try JSONValue.parse(message.value ?? []), "comment": [1]]
        for header in message.headers where header.name.hasPrefix("ce_") {
            envelope[String(header.name.dropFirst(3))] = .string(String(decoding: header.value ?? [], as: UTF8.self))
        }
        let headers = contentType.map { [MessageHeader("Content-Type", $0)] } ?? []
        return EncodedMessage(key: message.key, value: JSONValue.object(envelope).serialized(), headers: headers)
    }
}
