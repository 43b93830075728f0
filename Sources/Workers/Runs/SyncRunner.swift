public import Connectors
public import Contracts
public import EventLog
public import Logging
import ServiceLifecycle
public import Store
import SyncCore

/// The runner: full, initial and incremental runs and backfills, begun by commands or by schedule.
///
/// Any number may run: commands are shared out by the log, the lead of a run and each of its chunks by leases.
public struct SyncRunner: Sendable {
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
    ///   - holder: names this process among those that may hold a lease; unique per process start.
    ///   - jitter: random numbers in 0..<1 that spread retries.
    public init(
        log: any EventLog, store: Store, connections: any Connections, topics: Topics, clock: any WallClock,
        settings: DrainSettings = DrainSettings(), holder: String, logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
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

    /// Works until it is shut down. A graceful shutdown lets the page under way finish; after a cancellation whoever takes the
    /// chunk next reads that page again.
    public func run() async throws {
        let loops = IntegrationLoops(store: store, clock: clock, pollInterval: settings.pollInterval)
        let ingest = CommandIngest(log: log, store: store, topics: topics, clock: clock, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run { await loops.wake($0) } }
            group.addTask { await loops.run { turns(of: $0) } }
            try await group.next()
            if !Task.isShuttingDownGracefully { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    private func turns(of name: String) -> [IntegrationLoops.Turn] {
        let conductor = conductor(of: name)
        let crm = reader(of: name, readsCRM: true)
        let marketing = reader(of: name, readsCRM: false)
        return [{ await conductor.turn() }, { await crm.turn() }, { await marketing.turn() }]
    }

    func conductor(of name: String) -> RunConductor {
        RunConductor(
            integration: name, holder: holder, store: store, connections: connections, log: log, topics: topics, clock: clock,
            settings: settings, logger: logger, jitter: jitter)
    }

    func reader(of name: String, readsCRM: Bool) -> ChunkReader {
        ChunkReader(
            integration: name, readsCRM: readsCRM, holder: holder, store: store, connections: connections, log: log,
            topics: topics, clock: clock, settings: settings, logger: logger, jitter: jitter)
    }
}
