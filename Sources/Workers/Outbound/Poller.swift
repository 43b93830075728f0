import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import Store
import SyncCore

/// Polls the CRM of one integration whenever its schedule says so, and publishes what changed (OUT-3, OUT-7).
///
/// Any number may run for an integration: a poll is done under its lease, by one of them, and what one that died left
/// unfinished the next one continues at the page it was on.
actor Poller {
    private let name: String
    private let store: Store
    private let connections: any Connections
    private let log: any EventLog
    private let topic: String
    private let clock: any WallClock
    private let logger: Logger
    private let lease: LeaseKeeper
    private let schemas: PollSchemaCache
    private let holds: HoldKeeper
    /// The revision of the settings that the turn works with.
    private var revision: Int?
    /// The one whose selections were noted.
    private var notedRevision: Int?
    private var pace: Pace

    init(
        integration name: String, holder: String, store: Store, connections: any Connections, log: any EventLog,
        topics: Topics, clock: any WallClock, settings: DrainSettings, logger: Logger, jitter: @escaping @Sendable () -> Double
    ) {
        self.name = name
        self.store = store
        self.connections = connections
        self.log = log
        topic = topics.crmChanges
        self.clock = clock
        let logger = logger.naming(integration: name)
        self.logger = logger
        pace = Pace(settings, clock: clock, jitter: jitter, logger: logger)
        lease = LeaseKeeper("poll/\(name)", holder: holder, store: store, clock: clock, ttl: settings.leaseTTL, logger: logger)
        schemas = PollSchemaCache(connections: connections, clock: clock)
        holds = HoldKeeper(integration: name, direction: .outbound, store: store, clock: clock, logger: logger)
    }

    /// Does what is due now and says when to come back. Failures become waits; only a cancellation ends a poll.
    func turn() async -> NextTurn {
        do {
            return try await dueWork()
        } catch is PollInterrupted {
            return .now
        } catch let error as SyncError {
            return await waitOut(error)
        } catch {
            return pace.failed(error, "the poll")
        }
    }

    private func dueWork() async throws -> NextTurn {
        let (now, lookAgain) = (clock.now(), pace.pollAgain)
        guard let integration = try await store.integration(name), integration.state == .active else { return lookAgain }
        revision = integration.revision
        let state = try await store.scheduleState(of: name)
        reportLag(state, now)
        let hold = try await store.hold(of: name, direction: .outbound)
        guard hold?.isActive(at: now) != true else { return lookAgain }
        guard notedRevision != integration.revision || isDue(integration.settings.outbound.schedule, state, now) else {
            return lookAgain
        }
        try integration.settings.crm.budget.allow(.outbound, by: try await store.usage(of: name), now: now)
        let done: Void? = try await lease.hold { try await self.work(integration, lease: $0) }
        if done != nil {
            notedRevision = integration.revision
            pace.succeeded()
        }
        return lookAgain
    }

    private func isDue(_ schedule: Schedule?, _ state: ScheduleState?, _ now: Timestamp) -> Bool {
        guard let schedule, let state, state.schedule == schedule else { return schedule != state?.schedule }
        return state.startedAt != nil || state.nextAt <= now
    }

    /// Everything that waits: the lease was free, but another poller may have done it all a moment ago.
    private func work(_ integration: StoredIntegration, lease: Lease) async throws {
        let run = PollRun(
            integration: integration, connections: connections, schemas: schemas, store: store, log: log, topic: topic,
            clock: clock, logger: logger, lease: lease)
        try await run.noteSelections()
        guard let schedule = integration.settings.outbound.schedule else {
            return try await store.removeSchedule(of: name, lease: lease)
        }
        var state = try await store.scheduleState(of: name)
        if state?.schedule != schedule {
            let now = clock.now()
            logger.info("polls are scheduled", metadata: ["schedule": "\(schedule.text)"])
            let scheduled = state.follow(schedule, now: now)
            try await store.saveSchedule(scheduled, of: name, lease: lease, now: now)
            state = scheduled
        }
        if let state, isDue(schedule, state, clock.now()) { try await run.run(state) }
    }

    // MARK: Failures

    private func waitOut(_ error: SyncError) async -> NextTurn {
        if error.errorClass == .schema { await schemas.forget() }
        let next = pace.settings.retry.next(after: error, attempts: 1, now: clock.now(), jitter: pace.jitter())
        if case .holdIntegration(let until) = next {
            do {
                try await holds.hold(error, until: until, revision: revision)
                return pace.pollAgain
            } catch {
                logger.error("the hold could not be stored", metadata: ["error": "\(error)"])
            }
        } else {
            logger.warning("the poll waits", metadata: ["code": "\(error.code)", "message": "\(error.message)"])
        }
        return .at(pace.pause())
    }

    /// How far polling is behind its schedule.
    private func reportLag(_ state: ScheduleState?, _ now: Timestamp) {
        guard let state else { return }
        let lag = max(.zero, now.since(state.nextAt))
        Gauge(label: "tandem_poll_lag_seconds", dimensions: [("integration", name)]).record(lag.components.seconds)
    }
}

extension ScheduleState? {
    /// A schedule that was just set starts at once (OUT-3).
    fileprivate func follow(_ schedule: Schedule, now: Timestamp) -> ScheduleState {
        var state = self ?? ScheduleState(schedule: schedule, nextAt: now)
        (state.schedule, state.nextAt) = (schedule, now)
        return state
    }
}
