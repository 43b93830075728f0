import Contracts
import EventLog
import Logging
import Metrics

/// A message nobody can do anything with, and why.
struct Letter: Sendable {
    var message: EncodedMessage
    var code: String
    var reason: String

    /// - Parameters:
    ///   - group: the consumer group that read it.
    ///   - component: the part of Tandem that was at work.
    init(_ record: LogRecord, _ refusal: IntakeRefusal, group: String, component: String) {
        let info = DeadLetterInfo(
            topic: record.topic, partition: record.partition, offset: record.offset, connectorName: group, stage: refusal.stage,
            component: component, code: refusal.code, reason: refusal.reason)
        message = DeadLetter.message(for: record.message, info)
        code = refusal.code
        reason = refusal.reason
    }
}

/// Where such messages go.
struct DeadLetterBox: Sendable {
    let log: any EventLog
    let topic: String
    let logger: Logger

    /// Publishes dead letters. One the log will not take (it grew by its headers) goes without its value rather than
    /// holding up its partition for ever; the headers still say where the original lies.
    func bury(_ letters: [Letter]) async throws {
        guard !letters.isEmpty else { return }
        do throws(EventLogError) {
            try await log.publish(letters.map { OutgoingRecord(topic: topic, message: $0.message) })
        } catch {
            guard !error.isTransient else { throw error }
            let bare = letters.map { letter in
                var message = letter.message
                message.value = nil
                return OutgoingRecord(topic: topic, message: message)
            }
            try await log.publish(bare)
        }
        report(letters)
    }

    private func report(_ letters: [Letter]) {
        for (code, group) in Dictionary(grouping: letters, by: \.code) {
            Counter(label: "tandem_dead_letters_total", dimensions: [("code", code)]).increment(by: group.count)
            logger.warning(
                "messages sent to the dead letters",
                metadata: ["code": "\(code)", "count": "\(group.count)", "first": "\(group[0].reason)"])
        }
    }
}
