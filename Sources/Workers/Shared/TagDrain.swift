import Connectors
import Contracts
import Logging
import Store
import SyncCore

/// Gives people their tags (IN-4, OUT-4) and takes others off, at the pace the marketing account allows.
///
/// A tag is put on after its task is stored and forgotten after the vendor said yes; a repetition is harmless. Whichever
/// worker asked for it, any may do it.
actor TagDrain {
    private static let batch = 50

    private let name: String
    private let store: Store
    private let connections: any Connections
    private let clock: any WallClock
    private let jitter: @Sendable () -> Double
    private let settings: DrainSettings
    private let logger: Logger
    private let lease: LeaseKeeper

    /// - Parameter worker: the kind of worker that runs the drain; a process may run it for several.
    init(
        integration name: String, holder: String, worker: String, store: Store, connections: any Connections,
        clock: any WallClock,
        settings: DrainSettings, logger: Logger, jitter: @escaping @Sendable () -> Double
    ) {
        self.name = name
        self.store = store
        self.connections = connections
        self.clock = clock
        self.settings = settings
        self.jitter = jitter
        let logger = logger.naming(integration: name)
        self.logger = logger
        lease = LeaseKeeper(
            "tags/\(name)", holder: "\(holder)/\(worker)", store: store, clock: clock, ttl: settings.leaseTTL, logger: logger)
    }

    func turn() async -> NextTurn {
        do {
            return try await dueTags()
        } catch {
            logger.warning("tags could not be changed yet", metadata: ["error": "\(error)"])
            return .at(settings.retry.pause(afterFailures: 1, now: clock.now(), jitter: jitter()))
        }
    }

    private func dueTags() async throws -> NextTurn {
        let now = clock.now()
        let pollAgain = NextTurn.at(now.advanced(by: settings.pollInterval))
        guard let integration = try await store.integration(name), integration.state == .active else { return pollAgain }
        let tasks = try await store.tagTasks(integration: name, limit: Self.batch, now: now)
        guard !tasks.isEmpty else { return pollAgain }
        return try await lease.hold { try await self.change(tasks, of: integration, lease: $0) } ?? pollAgain
    }

    private func change(_ tasks: [TagTask], of integration: StoredIntegration, lease: Lease) async throws -> NextTurn {
        let marketing = try await connections.marketing(of: integration)
        var done: [Int64] = []
        var retry: [(id: Int64, at: Timestamp, error: SyncError)] = []
        var parked: [(id: Int64, error: SyncError)] = []
        var next = NextTurn.now
        for task in tasks {
            do throws(SyncError) {
                switch task.action {
                case .add: try await marketing.addTag(task.tag, toContact: task.contactID)
                case .remove: try await marketing.removeTag(task.tag, fromContact: task.contactID)
                }
                done.append(task.id)
            } catch {
                let at = clock.now()
                switch settings.retry.next(after: error, attempts: task.attempts + 1, now: at, jitter: jitter()) {
                case .retry(let at): retry.append((id: task.id, at: at, error: error))
                case .park: parked.append((id: task.id, error: error))
                case .holdIntegration(let until):
                    // The task waits too: one that is refused for reasons of its own must not keep the others from their turn.
                    let resume = until ?? at.advanced(by: .seconds(900))
                    retry.append((id: task.id, at: resume, error: error))
                    next = .at(until ?? at.advanced(by: .seconds(60)))
                }
                logger.warning("a tag could not be changed", metadata: ["contact": "\(task.contactID)", "code": "\(error.code)"])
                if next != .now { break }
            }
        }
        try await store.settleTags(done: done, retry: retry, parked: parked, lease: lease, now: clock.now())
        return next
    }
}
