import Connectors
import Contracts
import Logging
import Metrics
import Store
import SyncCore

/// Does in marketing what users of CRM records asked for (ACT-3), one action after the other.
///
/// An action is noted as begun before its call and settled after it. One that is found begun had no answer, or its worker died:
/// a campaign is not sent a second time, for nobody can find out whether it was; who entered an automation is looked up.
actor ActionDrain {
    private static let batch = 20
    private static let pauseAfterRefusal = Duration.seconds(60)

    private let name: String
    private let store: Store
    private let connections: any Connections
    private let clock: any WallClock
    private let settings: DrainSettings
    private let jitter: @Sendable () -> Double
    private let logger: Logger
    private let lease: LeaseKeeper
    private var pace: Pace

    init(
        integration name: String, holder: String, store: Store, connections: any Connections, clock: any WallClock,
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
            "actions/\(name)", holder: "\(holder)/actions", store: store, clock: clock, ttl: settings.leaseTTL, logger: logger)
        pace = Pace(settings, clock: clock, jitter: jitter, logger: logger)
    }

    func turn() async -> NextTurn {
        do {
            let next = try await dueActions()
            pace.succeeded()
            return next
        } catch {
            return pace.failed(error, "a turn of the actions")
        }
    }

    private func dueActions() async throws -> NextTurn {
        guard try await !due(limit: 1).isEmpty, let integration = try await store.integration(name), integration.state == .active
        else { return pace.pollAgain }
        let marketing = try await connections.actions(of: integration)
        let label = Profile(name: integration.settings.profile).actionLabel
        return try await lease.hold { lease in
            try await self.work(integration, marketing, label: label, lease: lease)
        } ?? pace.pollAgain
    }

    private func due(limit: Int) async throws(StoreError) -> [StoredAction] {
        try await store.dueActions(integration: name, limit: limit, now: clock.now())
    }

    /// Only what is read under the lease is due: another worker may have done the rest by then.
    private func work(
        _ integration: StoredIntegration, _ marketing: any MarketingActions, label: String, lease: Lease
    ) async throws -> NextTurn {
        for action in try await due(limit: Self.batch) {
            guard try await isStillWanted(integration) else { return pace.pollAgain }
            let attempt = ActionAttempt(
                action: action, marketing: marketing, label: label, store: store, clock: clock, lease: lease)
            let failure = try await attempt.carryOut()
            let now = clock.now()
            let outcome = failure.map { verdict(on: action, after: $0, now: now) } ?? .done
            try await store.settle(action, outcome, lease: lease, now: now)
            report(action, outcome)
            // Where the account refuses everything for now, the others are spared.
            switch failure?.error.errorClass {
            case .rateLimited(let until): return .at(until)
            case .auth: return .at(now.advanced(by: Self.pauseAfterRefusal))
            case .transient, .lock, .permanent, .schema, .inDoubt, nil: continue
            }
        }
        return .now
    }

    /// Whether nobody stopped the worker, paused the integration or changed its settings (GEN-4).
    private func isStillWanted(_ integration: StoredIntegration) async throws(StoreError) -> Bool {
        guard !Task.isStopping, let current = try await store.integration(name) else { return false }
        return current.state == .active && current.revision == integration.revision
    }

    private func verdict(on action: StoredAction, after failure: ActionAttempt.Failure, now: Timestamp) -> ActionOutcome {
        ActionOutcome(
            after: failure.error, of: action.request.kind, mayBeDone: failure.mayBeDone, attempts: action.attempts + 1,
            retry: settings.retry, now: now, jitter: jitter())
    }

    private func report(_ action: StoredAction, _ outcome: ActionOutcome) {
        let (word, error): (String, SyncError?) =
            switch outcome {
            case .done: ("done", nil)
            case .failed(let error): ("failed", error)
            case .unknown(let error): ("unknown", error)
            case .retry(_, let error, _): ("retry", error)
            }
        let kind = action.request.kind.rawValue
        Counter(label: "tandem_actions_total", dimensions: [("integration", name), ("kind", kind), ("outcome", word)]).increment()
        guard let error else { return }
        logger.warning(
            "an action was not done", metadata: ["kind": "\(kind)", "outcome": "\(word)", "code": "\(error.code)"])
    }
}
