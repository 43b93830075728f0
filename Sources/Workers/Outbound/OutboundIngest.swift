public import Connectors
public import Contracts
public import EventLog
public import Logging
public import Store

/// The first step of outbound: notes in the queue which CRM records changed, whoever published that.
public struct OutboundIngest: Sendable {
    private let ingest: LogIngest

    public init(log: any EventLog, store: Store, topics: Topics, clock: any WallClock, logger: Logger) {
        ingest = LogIngest(
            OutboundIntake(topics: topics), log: log, store: store, deadLetters: topics.deadLetters, clock: clock, logger: logger)
    }

    /// Consumes until the log is closed or the task is cancelled. `onNews` hears which integrations have new rows.
    public func run(onNews: @Sendable (Set<String>) async -> Void) async throws {
        try await ingest.run(onNews: onNews)
    }

    /// Folds `records` into the queue and sends what cannot be read to the dead letters.
    ///
    /// - Returns: the integrations that have new or changed rows.
    /// - Throws: ``StoreError`` or ``EventLogError``; nothing is half done then that a repetition would do twice.
    public func ingest(_ records: [LogRecord]) async throws -> Set<String> {
        try await ingest.ingest(records)
    }
}
