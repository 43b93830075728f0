public import Connectors
public import Contracts
public import EventLog
public import Logging
import ServiceLifecycle
public import Store
import SyncCore

/// The outbound worker: polls the CRM on schedule, takes in what the topic of CRM changes carries, delivers it to marketing, and
/// does there what users of CRM records ask for.
///
/// Any number may run: partitions are shared out by the log, integrations by leases.
public struct OutboundPoller: Sendable {
    private let ingest: OutboundIngest
    private let log: any EventLog
    private let topics: Topics
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
        ingest = OutboundIngest(log: log, store: store, topics: topics, clock: clock, logger: logger)
        self.log = log
        self.topics = topics
        self.store = store
        self.connections = connections
        self.clock = clock
        self.settings = settings
        self.holder = holder
        self.logger = logger
        self.jitter = jitter
    }

    /// Works until it is shut down. A graceful shutdown lets a delivery under way finish; a cancellation gives it up, and
    /// what it had not settled is done again by whoever holds the lease next.
    public func run() async throws {
        let loops = IntegrationLoops(store: store, clock: clock, pollInterval: settings.pollInterval)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run { await loops.wake($0) } }
            group.addTask { await loops.run { turns(of: $0) } }
            try await group.next()
            // Told to shut down, the drains end by themselves once their delivery is settled.
            if !Task.isShuttingDownGracefully { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    private func turns(of name: String) -> [IntegrationLoops.Turn] {
        let poller = Poller(
            integration: name, holder: holder, store: store, connections: connections, log: log, topics: topics, clock: clock,
            settings: settings, logger: logger, jitter: jitter)
        let drain = OutboundDrain(
            integration: name, holder: holder, store: store, connections: connections, clock: clock, settings: settings,
            logger: logger, jitter: jitter)
        let tags = TagDrain(
            integration: name, holder: holder, worker: "outbound", store: store, connections: connections, clock: clock,
            settings: settings,
            logger: logger, jitter: jitter)
        let actions = ActionDrain(
            integration: name, holder: holder, store: store, connections: connections, clock: clock, settings: settings,
            logger: logger, jitter: jitter)
        return [{ await poller.turn() }, { await drain.turn() }, { await tags.turn() }, { await actions.turn() }]
    }
}
