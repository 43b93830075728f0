/// Where a dead letter came from and why it could not go on; what Kafka Connect's error headers say.
public struct DeadLetterInfo: Sendable, Hashable {
    /// The topic, partition and offset of the original.
    public var topic: String
    public var partition: Int32
    public var offset: Int64
    /// The worker's consumer group.
    public var connectorName: String
    /// Tells members of one group apart.
    public var taskID: String
    public var stage: DeadLetterStage
    /// The part of Tandem that was at work.
    public var component: String
    /// A stable code, e.g. `malformed-json`; the exception class of what another program wrote.
    public var code: String
    /// What and where; holds no field values.
    public var reason: String

    public init(
        topic: String, partition: Int32, offset: Int64, connectorName: String, taskID: String = "0", stage: DeadLetterStage,
        component: String, code: String, reason: String
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.connectorName = connectorName
        self.taskID = taskID
        self.stage = stage
        self.component = component
        self.code = code
        self.reason = reason
    }

    /// Of a message that could not be read.
    public init(
        topic: String, partition: Int32, offset: Int64, connectorName: String, taskID: String = "0", error: CodecError
    ) {
        self.init(
            topic: topic, partition: partition, offset: offset, connectorName: connectorName, taskID: taskID,
            stage: .valueConverter, component: "EventCodec", code: error.code.rawValue, reason: error.reason)
    }
}

/// The step that failed, by Kafka Connect's names.
public struct DeadLetterStage: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// The message could not be read.
    public static let valueConverter = DeadLetterStage(rawValue: "VALUE_CONVERTER")
    /// It was read, but could not be settled.
    public static let taskPut = DeadLetterStage(rawValue: "TASK_PUT")
}

/// Messages that nothing more can be done with, in the form Kafka Connect gives them.
public enum DeadLetter {
    /// What an exception's class is called in the headers: this and the code.
    static let classPrefix = "dev.tandem."

    /// The original with its key, value and headers, and `info` in Kafka Connect's error headers.
    ///
    /// Error headers it has from before (a dead letter that was replayed and failed again) give way.
    public static func message(for original: EncodedMessage, _ info: DeadLetterInfo) -> EncodedMessage {
        var message = original
        message.headers.removeAll { $0.name.hasPrefix(DeadLetterHeader.prefix) }
        for header in DeadLetterHeader.allCases { message.headers.append(MessageHeader(header.name, header.value(in: info))) }
        return message
    }

    /// The message as it was before it became a dead letter, to be replayed.
    public static func original(of deadLetter: EncodedMessage) -> EncodedMessage {
        var message = deadLetter
        message.headers.removeAll { $0.name.hasPrefix(DeadLetterHeader.prefix) }
        return message
    }
}

/// The headers of Kafka Connect's `DeadLetterQueueReporter`, in its order.
enum DeadLetterHeader: String, CaseIterable {
    case topic, partition, offset
    case connectorName = "connector.name"
    case taskID = "task.id"
    case stage
    case className = "class.name"
    case exceptionClassName = "exception.class.name"
    case exceptionMessage = "exception.message"
    case exceptionStackTrace = "exception.stacktrace"

    static let prefix = "__connect.errors."

    var name: String { Self.prefix + rawValue }

    func value(in info: DeadLetterInfo) -> String {
        switch self {
        case .topic: info.topic
        case .partition: String(info.partition)
        case .offset: String(info.offset)
        case .connectorName: info.connectorName
        case .taskID: info.taskID
        case .stage: info.stage.rawValue
        case .className: DeadLetter.classPrefix + info.component
        case .exceptionClassName: DeadLetter.classPrefix + info.code
        case .exceptionMessage: info.reason
        case .exceptionStackTrace: "\(info.code): \(info.reason)"
        }
    }
}

extension DeadLetterInfo {
    /// Reads the error headers of a dead letter, Tandem's or Kafka Connect's; `nil` unless they name the original's place.
    public init?(reading message: EncodedMessage) {
        func text(_ header: DeadLetterHeader) -> String? {
            let name = header.name
            return message.headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        func name(_ header: DeadLetterHeader) -> String {
            let name = text(header) ?? ""
            return name.hasPrefix(DeadLetter.classPrefix) ? String(name.dropFirst(DeadLetter.classPrefix.count)) : name
        }
        guard let topic = text(.topic), let partition = text(.partition).flatMap({ Int32($0) }),
            let offset = text(.offset).flatMap({ Int64($0) })
        else { return nil }
        self.init(
            topic: topic, partition: partition, offset: offset, connectorName: text(.connectorName) ?? "",
            taskID: text(.taskID) ?? "", stage: DeadLetterStage(rawValue: text(.stage) ?? ""), component: name(.className),
            code: name(.exceptionClassName), reason: text(.exceptionMessage) ?? "")
    }
}
