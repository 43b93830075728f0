extension MessageData {
    typealias WrittenMember = (name: String, value: JSONValue)

    /// A message's CloudEvents type, its record and its data as JSON text.
    static func encode(_ message: Message) -> (type: String, key: RecordKey, data: [UInt8]) {
        let data = encode(members(of: message))
        return switch message {
        case .recordChange(let change): (RecordChange.eventType, change.key, data)
        case .automationAction(let action): (AutomationAction.eventType, action.key, data)
        }
    }

    /// The data's members in the order they are written.
    static func members(of message: Message) -> [WrittenMember] {
        switch message {
        case .recordChange(let change): members(of: change)
        case .automationAction(let action): members(of: action)
        }
    }

    private static func members(of change: RecordChange) -> [WrittenMember] {
        key(change.key) + [("change", .string(change.kind.rawValue))]
            + rest(
                change.isDated ? change.occurredAt : nil, change.fields, change.tags)
    }

    private static func members(of action: AutomationAction) -> [WrittenMember] {
        var members = key(action.key) + [("action", .string(action.action.rawValue))]
        if let id = action.automationID { members.append(("automationId", .string(id))) }
        return members + rest(action.isDated ? action.occurredAt : nil, action.fields, action.tags)
    }

    private static func key(_ key: RecordKey) -> [WrittenMember] {
        [("integration", .string(key.integration)), ("object", .string(key.object)), ("recordId", .string(key.recordID))]
    }

    /// What has no time of its own is given the event's when it is read.
    private static func rest(_ occurredAt: Timestamp?, _ fields: [String: JSONValue], _ tags: [String]?) -> [WrittenMember] {
        var members: [WrittenMember] = []
        if let occurredAt { members.append(("occurredAt", .string(occurredAt.iso8601))) }
        members.append(("fields", .object(fields)))
        if let tags { members.append(("tags", .array(tags.map(JSONValue.string)))) }
        return members
    }

    private static func encode(_ members: [WrittenMember]) -> [UInt8] {
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
