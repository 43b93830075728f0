import Contracts
import EventLog
import Store
import SyncCore

/// What outbound queues: that a CRM record changed. What it holds is read when its turn comes, so nothing depends on the
/// order of events or on how much of a record they carry.
struct OutboundIntake: IntakeRules {
    let group: String
    let topics: [String]

    init(topics: Topics) {
        group = topics.outboundGroup
        self.topics = [topics.crmChanges]
    }

    var direction: Direction { .outbound }
    var component: String { "OutboundIngest" }

    func takeIn(
        _ message: Message, from record: LogRecord, of integration: StoredIntegration
    ) throws(IntakeRefusal) -> Intake.Work {
        guard case .recordChange(let change) = message else {
            throw IntakeRefusal(stage: .taskPut, code: "unexpected-type", reason: "CRM records change; they ask for no action")
        }
        guard CRMObject(rawValue: change.key.object) != nil else {
            throw IntakeRefusal(
                stage: .taskPut, code: "unknown-object", reason: "\(change.key.object) is not an object of the CRM that syncs")
        }
        // Nothing happens after it was appended, whatever the producer's clock says.
        let stamp = Stamp(at: min(change.occurredAt, record.timestamp), sequence: record.sequence)
        return Intake.Work(entry: QueueEntry(key: change.key, change: PendingChange(touchedAt: stamp)))
    }
}
