import Contracts
import EventLog
import Store
import SyncCore

/// How one direction takes messages in: from where, and what of them it queues.
protocol IntakeRules: Sendable {
    var direction: Direction { get }
    /// The consumer group; named in dead letters.
    var group: String { get }
    var topics: [String] { get }
    /// The part of Tandem that dead letters name.
    var component: String { get }

    /// Whether a message is this direction's to take in or to refuse; `nil` stands for one that cannot be read. Others may read
    /// the same topic.
    func answersFor(_ message: Message?, on topic: String) -> Bool

    func takeIn(_ message: Message, from record: LogRecord, of integration: StoredIntegration) throws(IntakeRefusal)
        -> Intake.Work
}

/// Why a message that was read cannot be queued.
struct IntakeRefusal: Error {
    var stage: DeadLetterStage
    var code: String
    var reason: String
}

/// Sorts one batch of log records into what to queue, which tags to give, what to do, and what nobody can read.
struct Intake {
    /// What one message asks for.
    enum Work {
        /// - Parameter tag: one its person gets at once.
        case change(QueueEntry, tag: String? = nil)
        case action(ActionRequest)
    }

    private let rules: any IntakeRules
    private(set) var entries: [QueueEntry] = []
    private(set) var tags: [(integration: String, contactID: String, tag: String)] = []
    private(set) var actions: [ActionRequest] = []
    private(set) var deadLetters: [Letter] = []
    private var unsorted: [(message: Message, record: LogRecord)] = []

    init(_ rules: any IntakeRules) {
        self.rules = rules
    }

    /// The integrations that the messages read so far name.
    var names: Set<String> { Set(unsorted.map(\.message.key.integration)) }

    mutating func read(_ record: LogRecord) {
        do throws(CodecError) {
            let message = try EventCodec.decode(record.message).message
            if rules.answersFor(message, on: record.topic) { unsorted.append((message, record)) }
        } catch {
            guard rules.answersFor(nil, on: record.topic) else { return }
            reject(record, IntakeRefusal(stage: .valueConverter, code: error.code.rawValue, reason: error.reason))
        }
    }

    /// Decides about everything read, now that the integrations are known.
    mutating func sort(into integrations: [String: StoredIntegration]) {
        for (message, record) in unsorted {
            do throws(IntakeRefusal) {
                let name = message.key.integration
                guard let integration = integrations[name] else {
                    throw IntakeRefusal(
                        stage: .taskPut, code: "unknown-integration", reason: "no integration is named \(name)")
                }
                let work = try rules.takeIn(message, from: record, of: integration)
                if integration.state != .disconnected { take(work) }
            } catch {
                reject(record, error)
            }
        }
        unsorted = []
    }

    private mutating func take(_ work: Work) {
        switch work {
        case .change(let entry, let tag):
            entries.append(entry)
            if let tag { tags.append((integration: entry.key.integration, contactID: entry.key.recordID, tag: tag)) }
        case .action(let request): actions.append(request)
        }
    }

    private mutating func reject(_ record: LogRecord, _ refusal: IntakeRefusal) {
        deadLetters.append(Letter(record, refusal, group: rules.group, component: rules.component))
    }
}

extension LogRecord {
    /// Orders changes of one second by when they were appended, then by offset. Offsets alone do not compare between
    /// topics, and a record's changes come from two.
    var sequence: Int64 { timestamp.milliseconds << 20 | offset & 0xF_FFFF }
}
