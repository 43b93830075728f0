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
        let wakeUps = WakeUps()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run { await wakeUps.wake($0) } }
            group.addTask { await superviseDrains(wakeUps) }
            try await group.next()
            // Told to shut down, the drains end by themselves once their flush is settled.
            if !Task.isShuttingDownGracefully { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    /// Keeps one drain per integration, for integrations may be applied while the worker runs.
    private func superviseDrains(_ wakeUps: WakeUps) async {
        await withDiscardingTaskGroup { group in
            var started: Set<String> = []
            while !Task.isStopping {
                let names = ((try? await store.integrations()) ?? []).map(\.settings.name)
                for name in names where started.insert(name).inserted {
                    let drain = InboundDrain(
                        integration: name, holder: holder, store: store, connections: connections, clock: clock,
                        settings: settings, logger: logger, jitter: jitter)
                    let tags = TagDrain(
                        integration: name, holder: holder, store: store, connections: connections, clock: clock,
                        settings: settings, logger: logger, jitter: jitter)
                    group.addTask {
                        await loop(await wakeUps.forRecords(of: name)) { await drain.turn() }
                        await drain.release()
                    }
                    group.addTask {
                        await loop(await wakeUps.forTags(of: name)) { await tags.turn() }
                        await tags.release()
                    }
                }
                await cancelWhenGracefulShutdown {
                    try? await clock.sleep(until: clock.now().advanced(by: settings.pollInterval))
                }
            }
        }
    }

    private func loop(_ wakeUp: WakeUp, turn: @Sendable () async -> NextTurn) async {
        while !Task.isStopping {
            switch await turn() {
            case .now: await Task.yield()
            case .at(let moment): await cancelWhenGracefulShutdown { await wakeUp.wait(until: moment, clock: clock) }
            }
        }
    }
}

/// The wake-ups of the loops of each integration.
private actor WakeUps {
    private var records: [String: WakeUp] = [:]
    private var tags: [String: WakeUp] = [:]

    func forRecords(of name: String) -> WakeUp { Self.find(name, in: &records) }
    func forTags(of name: String) -> WakeUp { Self.find(name, in: &tags) }

    func wake(_ names: Set<String>) async {
        for name in names {
            await forRecords(of: name).wake()
            await forTags(of: name).wake()
        }
    }

    private static func find(_ name: String, in wakeUps: inout [String: WakeUp]) -> WakeUp {
        if let wakeUp = wakeUps[name] { return wakeUp }
        let wakeUp = WakeUp()
        wakeUps[name] = wakeUp
        return wakeUp
    }
}
