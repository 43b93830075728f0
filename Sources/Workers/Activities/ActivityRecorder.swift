public import Connectors
public import Contracts
public import EventLog
public import Logging
import ServiceLifecycle
public import Store

/// The recorder: keeps what people got from marketing and did there, for the panels of their CRM records (ACT-1).
///
/// Any number may run: partitions are shared out by the log, and what two of them record twice is kept once.
public struct ActivityRecorder: Sendable {
    private let log: any EventLog
    private let store: Store
    private let connections: any Connections
    private let topics: Topics
    private let clock: any WallClock
    private let settings: DrainSettings
    private let holder: String
    private let logger: Logger
    private let jitter: @Sendable () -> Double

    /// - Parameters:
    ///   - holder: this process, as the leases of the mirrors name it.
    ///   - jitter: in 0..<1, spreads retries.
    public init(
        log: any EventLog, store: Store, connections: any Connections, topics: Topics, clock: any WallClock,
        settings: DrainSettings = DrainSettings(), holder: String, logger: Logger,
        jitter: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.log = log
        self.store = store
        self.connections = connections
        self.topics = topics
        self.clock = clock
        self.settings = settings
        self.holder = holder
        self.logger = logger
        self.jitter = jitter
    }

    /// Works until it is shut down. A graceful shutdown lets the batch under way be recorded; after a cancellation it is
    /// delivered again.
    public func run() async throws {
        let loops = IntegrationLoops(store: store, clock: clock, pollInterval: settings.pollInterval)
        let ingest = ActivityIngest(log: log, store: store, topics: topics, clock: clock, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run { _ in } }
            group.addTask { await loops.run { turns(of: $0) } }
            try await group.next()
            if !Task.isShuttingDownGracefully { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    private func turns(of name: String) -> [IntegrationLoops.Turn] {
        let pruner = ActivityPruner(integration: name, store: store, clock: clock, logger: logger)
        let mirror = ActivityMirror(
            integration: name, holder: holder, store: store, connections: connections, clock: clock, settings: settings,
            logger: logger, jitter: jitter)
        return [{ await pruner.turn() }, { await mirror.turn() }]
    }
}
