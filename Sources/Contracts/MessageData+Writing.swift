extension MessageData {
    typealias WrittenMember = (name: String, value: JSONValue)

    /// A message's CloudEvents type, what it is about and its data as JSON text.
    static func encode(_ message: Message) -> (type: String, key: RecordKey, data: [UInt8]) {
        (type(of: message), message.key, encode(members(of: message)))
    }

    private static func type(of message: Message) -> String {
        switch message {
        case .recordChange: RecordChange.eventType
        case .automationAction: AutomationAction.eventType
        case .syncCommand: SyncCommand.eventType
        case .runNotification: RunNotification.eventType
        case .activity: Activity.eventType
        }
    }

    /// The data's members in the order they are written.
    static func members(of message: Message) -> [WrittenMember] {
        switch message {
        case .recordChange(let change): members(of: change)
        case .automationAction(let action): members(of: action)
        case .syncCommand(let command): members(of: command)
        case .runNotification(let notification): members(of: notification)
        case .activity(let activity): members(of: activity)
        }
    }

    private static func members(of change: RecordChange) -> [WrittenMember] {
        key(change.key) + [("change", .string(change.kind.rawValue))]
            + rest(
                change.isDated ? change.occurredAt : nil, change.fields, change.tags)
    }

    private static func members(of action: AutomationAction) -> [WrittenMember] {
        var members = key(action.key) + [("action", .string(action.action.rawValue))]
        let texts = [
            ("automationId", action.automationID), ("target", action.target), ("requestId", action.requestID),
            ("requestedBy", action.requestedBy),
        ]
        for (name, text) in texts { if let text { members.append((name, .string(text))) } }
        return members + rest(action.isDated ? action.occurredAt : nil, action.fields, action.tags)
    }

    private static func members(of command: SyncCommand) -> [WrittenMember] {
        var members: [WrittenMember] = [
            ("integration", .string(command.integration)), ("command", .string(command.command.rawValue)),
            ("requestId", .string(command.requestID)),
        ]
        if let run = command.run { members.append(("run", .integer(run))) }
        if let chunk = command.chunk { members.append(("chunk", .integer(Int64(chunk)))) }
        return members + rest(command.occurredAt, command.fields, nil)
    }

    private static func members(of notification: RunNotification) -> [WrittenMember] {
        var members: [WrittenMember] = [
            ("integration", .string(notification.integration)), ("run", .integer(notification.run)),
            ("kind", .string(notification.kind)), ("state", .string(notification.state)),
            ("read", .integer(Int64(notification.read))), ("written", .integer(Int64(notification.written))),
            ("skipped", .integer(Int64(notification.skipped))), ("failed", .integer(Int64(notification.failed))),
        ]
        if let expected = notification.expected { members.append(("expected", .integer(Int64(expected)))) }
        if let reason = notification.reason { members.append(("reason", .string(reason))) }
        return members + [("occurredAt", .string(notification.occurredAt.iso8601))]
    }

    private static func members(of activity: Activity) -> [WrittenMember] {
        let own: [WrittenMember] = [
            ("activityId", .string(activity.activityID)), ("kind", .string(activity.kind.rawValue)),
            ("occurredAt", .string(activity.occurredAt.iso8601)),
        ]
        let details = Activity.Detail.allCases.compactMap { detail in
            activity.details[detail].map { (name: detail.rawValue, value: JSONValue.string($0)) }
        }
        return key(activity.key) + own + details
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
