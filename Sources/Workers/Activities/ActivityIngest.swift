import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import Store
import SyncCore

/// Records what the topic of activities carries: one batch of the log is one transaction of the store, and its offsets are
/// committed only after it. A batch that is delivered again is recorded without effect (ACT-4).
struct ActivityIngest: Sendable {
    private let log: any EventLog
    private let store: Store
    private let topics: Topics
    private let clock: any WallClock
    private let logger: Logger
    private let integrations: IntegrationCache

    init(log: any EventLog, store: Store, topics: Topics, clock: any WallClock, logger: Logger) {
        self.log = log
        self.store = store
        self.topics = topics
        self.clock = clock
        self.logger = logger
        integrations = IntegrationCache(store: store, clock: clock)
    }

    /// Consumes until the log is closed or the task is cancelled. `onNews` hears which integrations have new activities.
    func run(onNews: @Sendable (Set<String>) async -> Void) async throws {
        let consumer = LogConsumer(
            group: topics.activityGroup, topics: [topics.activities], log: log, clock: clock, logger: logger)
        try await consumer.run(takeIn: { try await ingest($0) }, onNews: onNews)
    }

    /// Records `records` and sends what cannot be read to the dead letters.
    ///
    /// - Returns: the integrations that have new activities.
    /// - Throws: ``StoreError`` or ``EventLogError``; nothing is half done then that a repetition would do twice.
    func ingest(_ records: [LogRecord]) async throws -> Set<String> {
        var intake = ActivityIntake(group: topics.activityGroup)
        for record in records { intake.read(record) }
        let known = try await integrations.integrations(including: intake.names)
        intake.sort(into: known)

        try await DeadLetterBox(log: log, topic: topics.deadLetters, logger: logger).bury(intake.deadLetters)
        guard !intake.activities.isEmpty else { return [] }
        let mirrored = known.values.filter { $0.settings.activities.mirrorObject != nil }.map(\.settings.name)
        let recorded = try await store.record(intake.activities, mirroredOf: Set(mirrored), now: clock.now())
        report(recorded, duplicates: intake.activities.count - recorded.count)
        return Set(recorded.map(\.key.integration))
    }

    private func report(_ recorded: [Activity], duplicates: Int) {
        for (kind, activities) in Dictionary(grouping: recorded, by: \.kind) {
            Counter(label: "tandem_activities_recorded_total", dimensions: [("kind", kind.rawValue)]).increment(
                by: activities.count)
        }
        if duplicates > 0 { Counter(label: "tandem_activities_duplicate_total").increment(by: duplicates) }
    }
}
