/// The members of a message's data as they were read: each of the right type, none required yet.
///
/// Members Tandem does not know are passed over, a null is as good as none, and of members with one name the first counts.
struct MessageData {
    private let type: MessageType
    private var integration: String?
    private var object: String?
    private var recordID: String?
    private var change: RecordChange.Kind?
    private var action: AutomationAction.Action?
    private var occurredAt: Timestamp?
    private var fields: [String: JSONValue]?
    private var tags: [String]?
    private var automationID: String?
    private var target: String?
    private var requestedBy: String?
    private var command: SyncCommand.Command?
    private var requestID: String?
    private var activityID: String?
    private var activityKind: Activity.Kind?
    /// Members that are no more than text or a number, by name.
    private var texts: [String: String] = [:]
    private var numbers: [String: Int64] = [:]

    /// The first thing wrong with a member; told only once the whole text has proved to be JSON.
    private var problem: String?

    init(of type: MessageType, from reader: inout JSONReader) throws(JSONSyntaxError) {
        self.type = type
        reader.skipWhitespace()
        guard reader.current == UInt8(ascii: "{") else {
            _ = try reader.value()
            problem = "the data is not a JSON object"
            return
        }
        try reader.object { (reader, name) throws(JSONSyntaxError) in try readMember(name, &reader) }
    }

    private mutating func readMember(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) {
        switch name {
        case "integration" where integration == nil:
            integration = try text(name, &reader, "1 to 63 of a-z, 0-9 and '-'", where: RecordKey.isIntegrationName)
        case "object" where object == nil: object = try keyPart(name, &reader)
        case "recordId" where recordID == nil: recordID = try keyPart(name, &reader)
        case "change" where type == .recordChange && change == nil: change = try choice(name, &reader)
        case "occurredAt" where occurredAt == nil: occurredAt = try timestamp(name, &reader)
        case "fields" where fields == nil:
            if try isAtHand("{", name, "an object", &reader) { fields = try reader.members() }
        case "tags" where tags == nil: tags = try texts(name, &reader)
        default:
            switch type {
            case .recordChange: _ = try reader.value()
            case .automationAction: try readActionMember(name, &reader)
            case .syncCommand, .runNotification: try readRunMember(name, &reader)
            case .activity: try readActivityMember(name, &reader)
            }
        }
    }

    private mutating func readActionMember(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) {
        switch name {
        case "action" where action == nil: action = try choice(name, &reader)
        case "automationId" where automationID == nil: automationID = try text(name, &reader)
        case "target" where target == nil: target = try keyPart(name, &reader)
        case "requestId" where requestID == nil: requestID = try keyPart(name, &reader)
        case "requestedBy" where requestedBy == nil: requestedBy = try text(name, &reader)
        default: _ = try reader.value()
        }
    }

    private mutating func readRunMember(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) {
        switch name {
        case "command" where type == .syncCommand && command == nil: command = try choice(name, &reader)
        case "requestId" where type == .syncCommand && requestID == nil: requestID = try text(name, &reader)
        case "kind", "state", "reason":
            guard type == .runNotification, texts[name] == nil else { return _ = try reader.value() }
            texts[name] = try text(name, &reader)
        case "run", "chunk", "read", "written", "skipped", "failed", "expected":
            if let number = try number(name, &reader), numbers[name] == nil { numbers[name] = number }
        default: _ = try reader.value()
        }
    }

    private mutating func readActivityMember(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) {
        switch name {
        case "activityId" where activityID == nil: activityID = try keyPart(name, &reader)
        case "kind" where activityKind == nil: activityKind = try choice(name, &reader)
        default:
            guard Activity.Detail(rawValue: name) != nil, texts[name] == nil else { return _ = try reader.value() }
            texts[name] = try text(name, &reader)
        }
    }

    /// The message these members make; `defaultTime` stands in for one that does not say when it happened.
    func message(defaultTime: Timestamp?) throws(CodecError) -> Message {
        if let problem { throw CodecError(.invalidData, problem) }
        let integration = try Self.required(integration, "integration")
        switch type {
        case .syncCommand: return .syncCommand(try syncCommand(integration, defaultTime))
        case .runNotification: return .runNotification(try runNotification(integration, defaultTime))
        case .recordChange, .automationAction, .activity: break
        }
        let object = try Self.required(type == .recordChange ? object : object ?? RecordKey.defaultObject, "object")
        let key = RecordKey(integration: integration, object: object, recordID: try Self.required(recordID, "recordId"))
        let isDated = occurredAt != nil
        let occurredAt = try Self.required(occurredAt ?? defaultTime, "occurredAt", "and so is the event's time")
        if type == .activity { return .activity(try activity(key, occurredAt)) }
        guard type == .automationAction else {
            return .recordChange(
                RecordChange(
                    key: key, kind: change ?? .upserted, occurredAt: occurredAt, isDated: isDated, fields: fields ?? [:],
                    tags: tags))
        }
        return .automationAction(
            AutomationAction(
                key: key, action: try Self.required(action, "action"), occurredAt: occurredAt, isDated: isDated,
                fields: fields ?? [:], tags: tags, automationID: automationID, target: target, requestID: requestID,
                requestedBy: requestedBy))
    }

    private func activity(_ key: RecordKey, _ occurredAt: Timestamp) throws(CodecError) -> Activity {
        var details: [Activity.Detail: String] = [:]
        for detail in Activity.Detail.allCases { details[detail] = texts[detail.rawValue] }
        return Activity(
            key: key, activityID: try Self.required(activityID, "activityId"), kind: try Self.required(activityKind, "kind"),
            occurredAt: occurredAt, details: details)
    }

    private func syncCommand(_ integration: String, _ defaultTime: Timestamp?) throws(CodecError) -> SyncCommand {
        SyncCommand(
            integration: integration, command: try Self.required(command, "command"),
            requestID: try Self.required(requestID, "requestId"),
            run: numbers["run"], chunk: numbers["chunk"].map { Int($0) }, fields: fields ?? [:],
            occurredAt: try Self.required(occurredAt ?? defaultTime, "occurredAt", "and so is the event's time"))
    }

    private func runNotification(_ integration: String, _ defaultTime: Timestamp?) throws(CodecError) -> RunNotification {
        func count(_ name: String) throws(CodecError) -> Int { Int(try Self.required(numbers[name], name)) }
        return RunNotification(
            integration: integration, run: try Self.required(numbers["run"], "run"),
            kind: try Self.required(texts["kind"], "kind"),
            state: try Self.required(texts["state"], "state"), read: try count("read"), written: try count("written"),
            skipped: try count("skipped"), failed: try count("failed"), expected: numbers["expected"].map { Int($0) },
            reason: texts["reason"],
            occurredAt: try Self.required(occurredAt ?? defaultTime, "occurredAt", "and so is the event's time"))
    }

    private static func required<T>(_ value: T?, _ name: String, _ more: String? = nil) throws(CodecError) -> T {
        guard let value else { throw CodecError(.invalidData, "\(name) is missing\(more.map { ", \($0)" } ?? "")") }
        return value
    }

    // MARK: Values of one type

    /// Whether a value that begins with `first` is at hand. Another one is read away, and is wrong unless it is null.
    private mutating func isAtHand(
        _ first: Unicode.Scalar, _ path: @autoclosure () -> String, _ kind: String, _ reader: inout JSONReader
    ) throws(JSONSyntaxError) -> Bool {
        if reader.current == UInt8(ascii: first) { return true }
        if try reader.value() != .null { note("\(path()) is not \(kind)") }
        return false
    }

    private mutating func note(_ problem: String) {
        if self.problem == nil { self.problem = problem }
    }

    private mutating func text(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) -> String? {
        try isAtHand("\"", name, "a string", &reader) ? try reader.string() : nil
    }

    private mutating func text(
        _ name: String, _ reader: inout JSONReader, _ rule: String, where isRight: (String) -> Bool
    ) throws(JSONSyntaxError) -> String? {
        let text = try text(name, &reader)
        if let text, !isRight(text) { note("\(name) is not \(rule)") }
        return text
    }

    private mutating func keyPart(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) -> String? {
        try text(name, &reader, "1 to 255 characters without '/'", where: RecordKey.isKeyPart)
    }

    private mutating func number(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) -> Int64? {
        switch try reader.value() {
        case .integer(let number) where number >= 0: return number
        case .null: return nil
        default:
            note("\(name) is not a whole number from 0 on")
            return nil
        }
    }

    private mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ reader: inout JSONReader
    ) throws(JSONSyntaxError) -> Choice? {
        guard let text = try text(name, &reader) else { return nil }
        let choice = Choice(rawValue: text)
        if choice == nil { note("\(name) is none of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))") }
        return choice
    }

    private mutating func timestamp(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) -> Timestamp? {
        guard try isAtHand("\"", name, "a string", &reader) else { return nil }
        let token = try reader.stringToken()
        let isPlain = token.isASCII && !token.isEscaped
        let timestamp = Timestamp(iso8601: isPlain ? reader.bytes[token.range] : Array(try reader.text(of: token).utf8)[...])
        if timestamp == nil { note("\(name) is not a date and time with an offset (ISO 8601)") }
        return timestamp
    }

    private mutating func texts(_ name: String, _ reader: inout JSONReader) throws(JSONSyntaxError) -> [String]? {
        guard try isAtHand("[", name, "an array of strings", &reader) else { return nil }
        var texts: [String] = []
        var index = 0
        try reader.array { (reader) throws(JSONSyntaxError) in
            if reader.current == UInt8(ascii: "\"") {
                texts.append(try reader.string())
            } else {
                _ = try reader.value()
                note("\(name)[\(index)] is not a string")
            }
            index += 1
        }
        return texts
    }
}
