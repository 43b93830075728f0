public import Connectors
public import Contracts
public import EventLog
public import Logging
import ServiceLifecycle
public import Store
import SyncCore

/// The inbound worker: takes marketing changes and automation actions in, and carries them to the CRM.
///
/// Any number may run: partitions are shared out by the log, integrations by leases.
public struct InboundBatcher: Sendable {
    private let ingest: InboundIngest
    private let store: Store
    private let connections: any Connections
    private let clock: any WallClock
    private let settings: DrainSettings
    private let holder: String
    private let logger: Logger
    private let jitter: @Sendable () -> Double

    /// - Parameters:
    ///   - holder: names this process among those that may hold a lease; unique per process start.
    ///   - jitter: random numbers in 0..<1 that spread retries.
    public init(
        log: any EventLog, store: Store, connections: any Connections, topics: Topics, clock: any WallClock,
        settings: DrainSettings = DrainSettings(), holder: String, logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        ingest = InboundIngest(log: log, store: store, topics: topics, clock: clock, logger: logger)
        self.store = store
        self.connections = connections
        self.clock = clock
        self.settings = settings
        self.holder = holder
        self.logger = logger
        self.jitter = jitter
    }

    /// Works until it is shut down. A graceful shutdown lets a flush under way finish; a cancellation gives it up, and
    /// what it had not settled is done again by whoever holds the lease next.
    public func run() async throws {
        let loops = IntegrationLoops(store: store, clock: clock, pollInterval: settings.pollInterval)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run { await loops.wake($0) } }
            group.addTask { await loops.run { turns(of: $0) } }
            try await group.next()
            // Told to shut down, the drains end by themselves once their flush is settled.
            if !Task.isShuttingDownGracefully { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    private func turns(of name: String) -> [IntegrationLoops.Turn] {
        let drain = InboundDrain(
            integration: name, holder: holder, store: store, connections: connections, clock: clock, settings: settings,
            logger: logger, jitter: jitter)
        let tags = TagDrain(
            integration: name, holder: holder, worker: "inbound", store: store, connections: connections, clock: clock,
            settings: settings,
            logger: logger, jitter: jitter)
        return [{ await drain.turn() }, { await tags.turn() }]
    }
}
