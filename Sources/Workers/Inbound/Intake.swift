import Contracts
import EventLog
import Store
import SyncCore

/// Sorts one batch of log records into what to queue, which tags to give, and what nobody can read.
struct Intake {
    struct Letter {
        var message: EncodedMessage
        var code: String
        var reason: String
    }

    /// Field values are lists at most; what is nested deeper could not be stored and read back.
    private static let maxDepth = 8

    /// The consumer group, named in dead letters.
    let group: String
    private(set) var entries: [QueueEntry] = []
    private(set) var tags: [(integration: String, contactID: String, tag: String)] = []
    private(set) var deadLetters: [Letter] = []
    private var unsorted: [(event: Event, record: LogRecord)] = []

    init(group: String) {
        self.group = group
    }

    /// The integrations that the messages read so far name.
    var names: Set<String> { Set(unsorted.map(\.event.message.key.integration)) }

    mutating func read(_ record: LogRecord) {
        do throws(CodecError) {
            unsorted.append((try EventCodec.decode(record.message), record))
        } catch {
            reject(record, stage: .valueConverter, code: error.code.rawValue, reason: error.reason)
        }
    }

    /// Decides about everything read, now that the integrations are known.
    mutating func sort(into integrations: [String: StoredIntegration]) {
        for (event, record) in unsorted {
            let key = event.message.key
            guard let integration = integrations[key.integration] else {
                reject(
                    record, stage: .taskPut, code: "unknown-integration", reason: "no integration is named \(key.integration)")
                continue
            }
            guard key.object == "contact" else {
                reject(
                    record, stage: .taskPut, code: "unknown-object",
                    reason: "\(key.object) is not an object of the marketing side that syncs")
                continue
            }
            guard event.message.fields.values.allSatisfy({ $0.depth <= Self.maxDepth }) else {
                reject(record, stage: .valueConverter, code: "invalid-data", reason: "a field is nested too deeply")
                continue
            }
            guard integration.state != .disconnected else { continue }
            accept(event.message, from: record, profile: Profile(name: integration.settings.profile))
        }
        unsorted = []
    }

    /// Nothing happens after it was appended: a time from the future would make every later change look old.
    private mutating func accept(_ message: Message, from record: LogRecord, profile: Profile) {
        let sequence = record.sequence
        switch message {
        case .recordChange(var change):
            change.occurredAt = min(change.occurredAt, record.timestamp).wholeSecond
            entries.append(QueueEntry(key: change.key, change: PendingChange(change, sequence: sequence)))
        case .automationAction(var action):
            action.occurredAt = min(action.occurredAt, record.timestamp).wholeSecond
            entries.append(QueueEntry(key: action.key, change: PendingChange(action, sequence: sequence)))
            // IN-4: the person gets the tag at once, not with the flush; one without email will not be created (GEN-2).
            if action.fields["email"]?.isBlank != true, let tag = profile.createTag(for: action.action.object) {
                tags.append((integration: action.key.integration, contactID: action.key.recordID, tag: tag))
            }
        }
    }

    private mutating func reject(_ record: LogRecord, stage: DeadLetterStage, code: String, reason: String) {
        let info = DeadLetterInfo(
            topic: record.topic, partition: record.partition, offset: record.offset, connectorName: group,
            stage: stage, component: "InboundIngest", code: code, reason: reason)
        deadLetters.append(Letter(message: DeadLetter.message(for: record.message, info), code: code, reason: reason))
    }
}

extension Timestamp {
    /// ActiveCampaign stamps in whole seconds. Were finer stamps of other producers kept, an edit could seem older than
    /// what it followed within the same second and be dropped.
    fileprivate var wholeSecond: Timestamp {
        Timestamp(milliseconds: milliseconds - (milliseconds % 1000 + 1000) % 1000)
    }
}

extension LogRecord {
    /// Orders changes of one second by when they were appended, then by offset. Offsets alone do not compare between
    /// topics, and a record's changes come from two.
    fileprivate var sequence: Int64 { timestamp.milliseconds << 20 | offset & 0xF_FFFF }
}

extension AutomationAction.Action {
    /// The CRM object the action asks for.
    var object: CRMObject {
        switch self {
        case .createContact: .contact
        case .createLead: .lead
        }
    }
}

extension JSONValue {
    /// How many arrays and objects lie within each other.
    fileprivate var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.values.map(\.depth).max() ?? 0)
        default: 0
        }
    }
}

extension Message {
    var fields: [String: JSONValue] {
        switch self {
        case .recordChange(let change): change.fields
        case .automationAction(let action): action.fields
        }
    }

    var key: RecordKey {
        switch self {
        case .recordChange(let change): change.key
        case .automationAction(let action): action.key
        }
    }
}
