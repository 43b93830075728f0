/// One header of a log record; Kafka allows a null value.
public struct MessageHeader: Sendable, Hashable {
    public var name: String
    public var value: [UInt8]?

    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ value: String) { self.init(name, Array(value.utf8)) }
}

/// A message as it lies on a topic, before anything is known of its meaning.
public struct EncodedMessage: Sendable, Equatable {
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [MessageHeader]

    public init(key: [UInt8]?, value: [UInt8]?, headers: [MessageHeader]) {
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// Every message this version of Tandem understands.
public enum Message: Sendable, Equatable {
    case recordChange(RecordChange)
    case automationAction(AutomationAction)
    case syncCommand(SyncCommand)
    case runNotification(RunNotification)
    case activity(Activity)

    /// What it is about; messages of one key keep their order on their topic.
    public var key: RecordKey {
        switch self {
        case .recordChange(let change): change.key
        case .automationAction(let action): action.key
        case .syncCommand(let command): command.key
        case .runNotification(let notification): notification.key
        case .activity(let activity): activity.key
        }
    }
}

/// What CloudEvents adds around a message.
public struct EventAttributes: Sendable, Equatable {
    /// Unique per source: a redelivered event has the same `source` and `id`.
    public var id: String
    /// A URI reference naming the producer, e.g. `/tandem/gateway`.
    public var source: String
    /// When the event was made; optional in CloudEvents.
    public var time: Timestamp?

    public init(id: String, source: String, time: Timestamp? = nil) {
        self.id = id
        self.source = source
        self.time = time
    }
}

/// A message that was read, with its CloudEvents attributes.
public struct Event: Sendable, Equatable {
    public var attributes: EventAttributes
    public var message: Message

    public init(attributes: EventAttributes, message: Message) {
        self.attributes = attributes
        self.message = message
    }
}

/// Why a message could not be read. `code` is stable; `reason` names what and where, and never holds field values.
public struct CodecError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, CaseIterable {
        case notCloudEvent = "not-cloudevent"
        case unsupportedSpecVersion = "unsupported-specversion"
        case unknownType = "unknown-type"
        case malformedJSON = "malformed-json"
        case invalidData = "invalid-data"
        case emptyValue = "empty-value"
    }

    public var code: Code
    public var reason: String

    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
