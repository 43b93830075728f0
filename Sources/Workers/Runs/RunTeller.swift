import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import Store
import SyncCore

/// Tells what becomes of an integration's runs: each state once it is reached, and every minute how far one has come.
actor RunTeller {
    private static let interval = Duration.seconds(60)

    let integration: String
    let store: Store
    let log: any EventLog
    let topic: String
    let clock: any WallClock
    let logger: Logger
    private var lastProgress: Timestamp?

    init(
        integration: String, store: Store, log: any EventLog, topic: String, clock: any WallClock, logger: Logger
    ) {
        self.integration = integration
        self.store = store
        self.log = log
        self.topic = topic
        self.clock = clock
        self.logger = logger
    }

    /// A state may be told twice, never not at all.
    func tell() async throws {
        for run in try await store.unnotifiedRuns(of: integration) {
            try await publish(run)
            try await store.noteNotified(run)
            logger.info(
                "a run moved on", metadata: ["run": "\(run.id)", "kind": "\(run.kind.rawValue)", "state": "\(run.stage)"])
        }
        guard let run = try await store.activeRun(of: integration) else { return lastProgress = nil }
        let now = clock.now()
        guard run.isAtWork, lastProgress.map({ now.since($0) >= Self.interval }) ?? true else { return }
        lastProgress = now
        let gauges = [("read", run.counts.read), ("expected", run.expected ?? 0)]
        for (label, count) in gauges {
            Gauge(label: "tandem_run_\(label)", dimensions: [("integration", integration)]).record(count)
        }
        if run.counts.read > 0 { try await publish(run) }
    }

    private func publish(_ run: Run) async throws {
        let notification = RunNotification(
            integration: run.integration, run: run.id, kind: run.kind.rawValue, state: run.stage, read: run.counts.read,
            written: run.counts.written, skipped: run.counts.skipped, failed: run.counts.failed, expected: run.expected,
            reason: run.reason.map { "\($0.code): \($0.message)" }, occurredAt: clock.now())
        let id = "\(run.id):\(run.stage):\(run.counts.read)"
        let event = Event(attributes: EventAttributes(id: id, source: ChunkDesk.source), message: .runNotification(notification))
        try await log.publish([OutgoingRecord(topic: topic, message: EventCodec.encode(event))])
    }
}

extension Run {
    /// The state in a word, a pause being one.
    var stage: String { pausedAt == nil ? state.rawValue : "paused" }
}
