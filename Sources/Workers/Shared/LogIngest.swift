import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import Store
import SyncCore

/// The first step of either direction: folds what topics carry into the durable queue.
///
/// One batch of the log is one transaction of the store, and its offsets are committed only after that transaction: a
/// crash in between delivers the batch again, which folds into the same rows without effect.
struct LogIngest: Sendable {
    private let rules: any IntakeRules
    private let log: any EventLog
    private let store: Store
    /// The topic of what cannot be taken in.
    private let deadLetters: String
    private let clock: any WallClock
    private let logger: Logger
    private let integrations: IntegrationCache

    init(
        _ rules: any IntakeRules, log: any EventLog, store: Store, deadLetters: String, clock: any WallClock, logger: Logger
    ) {
        self.rules = rules
        self.log = log
        self.store = store
        self.deadLetters = deadLetters
        self.clock = clock
        self.logger = logger
        integrations = IntegrationCache(store: store, clock: clock)
    }

    /// Consumes until the log is closed or the task is cancelled. `onNews` hears which integrations have new rows.
    func run(onNews: @Sendable (Set<String>) async -> Void) async throws {
        let consumer = LogConsumer(group: rules.group, topics: rules.topics, log: log, clock: clock, logger: logger)
        try await consumer.run(takeIn: { try await ingest($0) }, onNews: onNews)
    }

    /// Folds `records` into the queue and sends what cannot be read to the dead letters.
    ///
    /// - Returns: the integrations that have new or changed rows.
    /// - Throws: ``StoreError`` or ``EventLogError``; nothing is half done then that a repetition would do twice.
    func ingest(_ records: [LogRecord]) async throws -> Set<String> {
        var intake = Intake(rules)
        for record in records { intake.read(record) }
        let known = try await integrations.integrations(including: intake.names)
        intake.sort(into: known)

        try await DeadLetterBox(log: log, topic: deadLetters, logger: logger).bury(intake.deadLetters)
        if !intake.entries.isEmpty {
            _ = try await store.enqueue(intake.entries, direction: rules.direction, tags: intake.tags, now: clock.now())
            Counter(label: "tandem_ingested_total").increment(by: intake.entries.count)
        }
        if !intake.actions.isEmpty {
            _ = try await store.take(intake.actions, now: clock.now())
            Counter(label: "tandem_ingested_total").increment(by: intake.actions.count)
        }
        return Set(intake.entries.map(\.key.integration)).union(intake.actions.map(\.key.integration))
    }
}
