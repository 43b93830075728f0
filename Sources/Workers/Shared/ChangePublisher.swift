import Contracts
import EventLog
import Metrics
import SyncCore

/// Puts changes onto a topic, for good.
struct ChangePublisher: Sendable {
    let log: any EventLog
    let topic: String

    /// Returns once they are on the topic. One that the log will not take, for a record may be too large, goes without its values
    /// rather than holding up the others for ever: delivery reads the record anew.
    func publish(_ changes: [RecordChange], from source: String) async throws {
        guard let first = changes.first else { return }
        do throws(EventLogError) {
            try await log.publish(changes.map { message($0, from: source) })
        } catch {
            guard !error.isTransient else { throw error }
            let bare = changes.map { change in
                var change = change
                change.fields = [:]
                return message(change, from: source)
            }
            try await log.publish(bare)
        }
        // Changes are looked for one integration at a time.
        let dimensions = [("integration", first.key.integration), ("topic", topic)]
        Counter(label: "tandem_published_total", dimensions: dimensions).increment(by: changes.count)
    }

    private func message(_ change: RecordChange, from source: String) -> OutgoingRecord {
        // Of a change without a time of its own this says when the news of it came.
        let time = change.isDated ? nil : change.occurredAt
        let event = Event(
            attributes: EventAttributes(id: change.eventID, source: source, time: time), message: .recordChange(change))
        return OutgoingRecord(topic: topic, message: EventCodec.encode(event))
    }
}

extension RecordChange {
    /// The same for the same state of the record, so that what is published again can be recognised.
    fileprivate var eventID: String { "\(key)@\(occurredAt.iso8601)" }
}
