/// The topics and messages as an AsyncAPI 3 document with Kafka bindings.
enum AsyncAPIDocument {
    static var document: JSONValue {
        [
            "asyncapi": "3.0.0",
            "info": [
                "title": "Tandem",
                "version": "1.0.0",
                "description": """
                Events that keep a marketing platform and a CRM in step: CloudEvents 1.0 in Kafka's binary mode. Structured \
                mode (application/cloudevents+json) is read too. Topic names begin with a prefix that a cluster may change.
                """,
                "license": ["name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"],
            ],
            "defaultContentType": .string(EventCodec.dataContentType),
            "channels": .object(Dictionary(uniqueKeysWithValues: channels.map { ($0.name, $0.json) })),
            "operations": .object(Dictionary(uniqueKeysWithValues: channels.map { ($0.operation, $0.operationJSON) })),
            "components": ["messages": .object(messages)],
        ]
    }

    // MARK: Channels

    private struct Channel {
        let name: String
        let address: String
        let summary: String
        /// What Tandem itself does with the topic, AsyncAPI's `send` or `receive`.
        let action: String
        let messages: [String]

        var operation: String { action + name.prefix(1).uppercased() + name.dropFirst() }

        var json: JSONValue {
            let references = messages.map { ($0, reference("components", "messages", $0)) }
            return [
                "address": .string(address),
                "summary": .string(summary),
                "messages": .object(Dictionary(uniqueKeysWithValues: references)),
                "bindings": ["kafka": ["topic": .string(address), "bindingVersion": kafkaBindingVersion]],
            ]
        }

        var operationJSON: JSONValue {
            [
                "action": .string(action),
                "channel": reference("channels", name),
                "messages": .array(messages.map { reference("channels", name, "messages", $0) }),
                "summary": .string(summary),
            ]
        }
    }

    private static let deadLetterName = "deadLetter"

    private static var channels: [Channel] {
        let topics = Topics()
        return [
            Channel(
                name: "marketingChanges", address: topics.marketingChanges, summary: "Record changes on the marketing side.",
                action: "receive", messages: [MessageDescription.recordChange.name]),
            Channel(
                name: "automationEvents", address: topics.automationEvents,
                summary: "Actions that automations, and users of CRM records, ask for.",
                action: "receive", messages: [MessageDescription.automationAction.name]),
            Channel(
                name: "crmChanges", address: topics.crmChanges,
                summary: "Record changes on the CRM side. A change is delivered as the CRM has the record by then.",
                action: "receive", messages: [MessageDescription.recordChange.name]),
            Channel(
                name: "syncCommands", address: topics.syncCommands, summary: "Runs to be begun and steered, and their chunks.",
                action: "receive", messages: [MessageDescription.syncCommand.name]),
            Channel(
                name: "activities", address: topics.activities, summary: "What people got from marketing and did there.",
                action: "receive", messages: [MessageDescription.activity.name]),
            Channel(
                name: "notifications", address: topics.notifications, summary: "What becomes of runs.", action: "send",
                messages: [MessageDescription.runNotification.name]),
            Channel(
                name: "deadLetters", address: topics.deadLetters, summary: "What could not be read or settled.", action: "send",
                messages: [deadLetterName]),
        ]
    }

    // MARK: Messages

    private static var messages: [String: JSONValue] {
        var messages = Dictionary(uniqueKeysWithValues: MessageDescription.all.map { ($0.name, message($0)) })
        messages[deadLetterName] = [
            "name": .string(deadLetterName),
            "title": "Dead letter",
            "summary": "A message as it came, whatever it was, with Kafka Connect's error headers.",
            "headers": ["$ref": .string("./\(ContractDocuments.deadLetterHeadersPath)")],
        ]
        return messages
    }

    private static func message(_ description: MessageDescription) -> JSONValue {
        let attributes = EventAttributes(
            id: "0190f3c2-6f7a-7c1e-9d52-5b1f0a7c2e11", source: "/tandem/gateway",
            time: Timestamp(milliseconds: 1_779_944_631_250))
        let exampleHeaders = EventCodec.encode(Event(attributes: attributes, message: description.example)).headers.map {
            header in
            (header.name, JSONValue.string(String(decoding: header.value ?? [], as: UTF8.self)))
        }
        let examplePayload = MessageData.members(of: description.example)
        return [
            "name": .string(description.name),
            "title": .string(description.title),
            "summary": .string(description.summary),
            "contentType": .string(EventCodec.dataContentType),
            "headers": headers(eventType: description.eventType),
            "payload": ["$ref": .string("./\(description.schemaPath)")],
            "bindings": [
                "kafka": [
                    "key": ["type": "string", "description": "integration/object/recordId, so that a record keeps its order."],
                    "bindingVersion": kafkaBindingVersion,
                ]
            ],
            "examples": [
                [
                    "headers": .object(Dictionary(uniqueKeysWithValues: exampleHeaders)),
                    "payload": .object(Dictionary(uniqueKeysWithValues: examplePayload.map { ($0.name, $0.value) })),
                ]
            ],
        ]
    }

    private static func headers(eventType: String) -> JSONValue {
        [
            "type": "object",
            "required": ["ce_specversion", "ce_type", "ce_source", "ce_id"],
            "properties": [
                "ce_specversion": ["type": "string", "const": .string(EventCodec.specVersion)],
                "ce_type": ["type": "string", "const": .string(eventType)],
                "ce_source": ["type": "string", "minLength": 1, "description": "A URI reference naming the producer."],
                "ce_id": [
                    "type": "string", "minLength": 1, "description": "Unique per source: a redelivered event keeps it.",
                ],
                "ce_time": ["type": "string", "format": "date-time"],
                "content-type": ["type": "string", "const": .string(EventCodec.dataContentType)],
            ],
        ]
    }

    private static let kafkaBindingVersion: JSONValue = "0.5.0"

    private static func reference(_ path: String...) -> JSONValue {
        ["$ref": .string("#/" + path.joined(separator: "/"))]
    }
}
