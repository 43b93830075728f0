import Contracts
import EventLog
import Store
import SyncCore

/// What inbound queues: changes of people in marketing, and the CRM records that automations ask for.
struct InboundIntake: IntakeRules {
    /// Field values are lists at most; what is nested deeper could not be stored and read back.
    private static let maxDepth = 8

    let group: String
    let topics: [String]

    init(topics: Topics) {
        group = topics.inboundGroup
        self.topics = [topics.marketingChanges, topics.automationEvents]
    }

    var direction: Direction { .inbound }
    var component: String { "InboundIngest" }

    /// What is to be done in marketing is outbound's.
    func answersFor(_ message: Message?, on topic: String) -> Bool {
        if case .automationAction(let action) = message { action.action.createdObject != nil } else { true }
    }

    func takeIn(
        _ message: Message, from record: LogRecord, of integration: StoredIntegration
    ) throws(IntakeRefusal) -> Intake.Work {
        let key = message.key
        let isAccountChange = if case .recordChange = message { key.object == CRMObject.account.rawValue } else { false }
        guard key.object == "contact" || isAccountChange else {
            throw IntakeRefusal(
                stage: .taskPut, code: "unknown-object",
                reason: "\(key.object) is not an object of the marketing side that syncs")
        }
        guard message.fields.values.allSatisfy({ $0.depth <= Self.maxDepth }) else {
            throw IntakeRefusal(stage: .valueConverter, code: "invalid-data", reason: "a field is nested too deeply")
        }
        return try work(message, from: record, profile: Profile(name: integration.settings.profile))
    }

    /// Little seems to happen after it was appended: a time from the future would make every later change look old. It is as good
    /// as none.
    private func clamp(_ occurredAt: inout Timestamp, _ isDated: inout Bool, by record: LogRecord) {
        if !occurredAt.isPlausible(arrivingAt: record.timestamp) { (occurredAt, isDated) = (record.timestamp, false) }
        occurredAt = occurredAt.wholeSecond
    }

    private func work(
        _ message: Message, from record: LogRecord, profile: Profile
    ) throws(IntakeRefusal) -> Intake.Work {
        let sequence = record.sequence
        switch message {
        case .recordChange(var change):
            clamp(&change.occurredAt, &change.isDated, by: record)
            return .change(QueueEntry(key: change.key, change: PendingChange(change, sequence: sequence)))
        case .automationAction(var action):
            clamp(&action.occurredAt, &action.isDated, by: record)
            // IN-4: the person gets the tag at once, not with the flush; one without email will not be created (GEN-2).
            let hasEmail = action.fields["email"]?.isBlank != true
            return .change(
                QueueEntry(key: action.key, change: PendingChange(action, sequence: sequence)),
                tag: hasEmail ? action.action.createdObject.flatMap { profile.createTag(for: $0) } : nil)
        case .syncCommand, .runNotification, .activity:
            throw IntakeRefusal(stage: .taskPut, code: "unexpected-type", reason: "this is no change of a record and no action")
        }
    }
}

extension Timestamp {
    /// ActiveCampaign stamps in whole seconds. Were finer stamps of other producers kept, an edit could seem older than
    /// what it followed within the same second and be dropped.
    fileprivate var wholeSecond: Timestamp {
        Timestamp(milliseconds: milliseconds - (milliseconds % 1000 + 1000) % 1000)
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
    fileprivate var fields: [String: JSONValue] {
        switch self {
        case .recordChange(let change): change.fields
        case .automationAction(let action): action.fields
        case .syncCommand, .runNotification, .activity: [:]
        }
    }
}
