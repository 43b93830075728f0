extension MessageData {
    /// A message's CloudEvents type, its record and its data as JSON text.
    static func encode(_ message: Message) -> (type: String, key: RecordKey, data: [UInt8]) {
        switch message {
        case .recordChange(let change):
            let members = [("change", JSONValue.string(change.kind.rawValue))]
            let data = encode(change.key, change.occurredAt, members, change.fields, change.tags)
            return (RecordChange.eventType, change.key, data)
        case .automationAction(let action):
            var members = [("action", JSONValue.string(action.action.rawValue))]
            if let id = action.automationID { members.append(("automationId", .string(id))) }
            let data = encode(action.key, action.occurredAt, members, action.fields, action.tags)
            return (AutomationAction.eventType, action.key, data)
        }
    }

    private static func encode(
        _ key: RecordKey, _ occurredAt: Timestamp, _ more: [(name: String, value: JSONValue)], _ fields: [String: JSONValue],
        _ tags: [String]?
    ) -> [UInt8] {
        var members: [(name: String, value: JSONValue)] = [
            ("integration", .string(key.integration)), ("object", .string(key.object)), ("recordId", .string(key.recordID)),
        ]
        members += more
        members.append(("occurredAt", .string(occurredAt.iso8601)))
        members.append(("fields", .object(fields)))
        if let tags { members.append(("tags", .array(tags.map(JSONValue.string)))) }

        var data: [UInt8] = []
        for (name, value) in members {
            data.append(UInt8(ascii: data.isEmpty ? "{" : ","))
            JSONValue.append(name, to: &data)
            data.append(UInt8(ascii: ":"))
            value.append(to: &data)
        }
        data.append(UInt8(ascii: "}"))
        return data
    }
}
