import Contracts
import EventLog
import Store
import SyncCore

/// Sorts one batch of log records into the activities to record and what nobody can read.
struct ActivityIntake {
    /// The marketing side's object that people are.
    private static let object = "contact"
    private static let component = "ActivityIngest"

    private let group: String
    private(set) var activities: [Activity] = []
    private(set) var deadLetters: [Letter] = []
    private var unsorted: [(activity: Activity, record: LogRecord)] = []

    init(group: String) { self.group = group }

    /// The integrations that the messages read so far name.
    var names: Set<String> { Set(unsorted.map(\.activity.key.integration)) }

    mutating func read(_ record: LogRecord) {
        do throws(IntakeRefusal) {
            unsorted.append((try activity(in: record), record))
        } catch {
            reject(record, error)
        }
    }

    private func activity(in record: LogRecord) throws(IntakeRefusal) -> Activity {
        do throws(CodecError) {
            if case .activity(let activity) = try EventCodec.decode(record.message).message { return activity }
        } catch {
            throw IntakeRefusal(stage: .valueConverter, code: error.code.rawValue, reason: error.reason)
        }
        throw IntakeRefusal(stage: .taskPut, code: "unexpected-type", reason: "this is no activity")
    }

    /// Decides about everything read, now that the integrations are known. What is told of one that was disconnected is let go.
    mutating func sort(into integrations: [String: StoredIntegration]) {
        for (activity, record) in unsorted {
            do throws(IntakeRefusal) {
                let key = activity.key
                guard let integration = integrations[key.integration] else {
                    throw IntakeRefusal(
                        stage: .taskPut, code: "unknown-integration", reason: "no integration is named \(key.integration)")
                }
                guard key.object == Self.object else {
                    throw IntakeRefusal(
                        stage: .taskPut, code: "unknown-object",
                        reason: "activities are of people (\(Self.object)), not of \(key.object)")
                }
                if integration.state != .disconnected { activities.append(Self.checked(activity, of: record)) }
            } catch {
                reject(record, error)
            }
        }
        unsorted = []
    }

    /// Little seems to happen after it was appended: a time from the future would stand at the head of its list for good.
    private static func checked(_ activity: Activity, of record: LogRecord) -> Activity {
        var activity = activity.limited
        if !activity.occurredAt.isPlausible(arrivingAt: record.timestamp) { activity.occurredAt = record.timestamp }
        return activity
    }

    private mutating func reject(_ record: LogRecord, _ refusal: IntakeRefusal) {
        deadLetters.append(Letter(record, refusal, group: group, component: Self.component))
    }
}
