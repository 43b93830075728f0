import Contracts
import EventLog
import Store
import SyncCore

/// What outbound takes in: that a CRM record changed, and what users of CRM records want done in marketing (ACT-3). What a record
/// holds is read when its turn comes, so nothing depends on the order of events or on how much of a record they carry.
struct OutboundIntake: IntakeRules {
    let group: String
    let topics: [String]
    private let automationEvents: String

    init(topics: Topics) {
        group = topics.outboundGroup
        automationEvents = topics.automationEvents
        self.topics = [topics.crmChanges, topics.automationEvents]
    }

    var direction: Direction { .outbound }
    var component: String { "OutboundIngest" }

    /// Of the automations' events only those that are done in marketing: all others, and those nobody can read, are inbound's.
    func answersFor(_ message: Message?, on topic: String) -> Bool {
        guard topic == automationEvents else { return true }
        return if case .automationAction(let action) = message { action.action.createdObject == nil } else { false }
    }

    func takeIn(
        _ message: Message, from record: LogRecord, of integration: StoredIntegration
    ) throws(IntakeRefusal) -> Intake.Work {
        switch message {
        case .recordChange(let change): return try touch(change, from: record)
        case .automationAction(let action) where record.topic == automationEvents: return try take(action, from: record)
        case .automationAction, .syncCommand, .runNotification, .activity:
            throw IntakeRefusal(stage: .taskPut, code: "unexpected-type", reason: "CRM records change; they ask for no action")
        }
    }

    private func touch(_ change: RecordChange, from record: LogRecord) throws(IntakeRefusal) -> Intake.Work {
        guard CRMObject(rawValue: change.key.object) != nil else {
            throw IntakeRefusal(
                stage: .taskPut, code: "unknown-object", reason: "\(change.key.object) is not an object of the CRM that syncs")
        }
        // Nothing happens after it was appended, whatever the producer's clock says.
        let stamp = Stamp(at: min(change.occurredAt, record.timestamp), sequence: record.sequence)
        return .change(QueueEntry(key: change.key, change: PendingChange(touchedAt: stamp)))
    }

    private func take(_ action: AutomationAction, from record: LogRecord) throws(IntakeRefusal) -> Intake.Work {
        guard var request = ActionRequest(action) else {
            throw IntakeRefusal(
                stage: .taskPut, code: "unexpected-type", reason: "\(action.action.rawValue) is not done in marketing")
        }
        if let problem = request.problem { throw IntakeRefusal(stage: .taskPut, code: "invalid-action", reason: problem) }
        request.askedAt = min(request.askedAt, record.timestamp)
        return .action(request)
    }
}
