import Connectors
import Contracts
import EventLog
import Logging
import Store
import SyncCore

/// Leads the runs of one integration through their states: begins those that are due, splits them into chunks, and once all was
/// read compares it with the links. One conductor of all is at work at a time, by a lease.
actor RunConductor {
    private let name: String
    private let store: Store
    private let connections: any Connections
    private let log: any EventLog
    private let topics: Topics
    private let clock: any WallClock
    private let logger: Logger
    private let lease: LeaseKeeper
    private let pollLease: LeaseKeeper
    private let syncLease: LeaseKeeper
    private let schemas: PollSchemaCache
    private let teller: RunTeller
    private var pace: Pace

    init(
        integration name: String, holder: String, store: Store, connections: any Connections, log: any EventLog, topics: Topics,
        clock: any WallClock, settings: DrainSettings, logger: Logger, jitter: @escaping @Sendable () -> Double
    ) {
        self.name = name
        self.store = store
        self.connections = connections
        self.log = log
        self.topics = topics
        self.clock = clock
        let logger = logger.naming(integration: name)
        self.logger = logger
        func keeper(_ lease: String, _ holder: String) -> LeaseKeeper {
            LeaseKeeper(lease, holder: holder, store: store, clock: clock, ttl: settings.leaseTTL, logger: logger)
        }
        lease = keeper("run/\(name)", holder)
        pollLease = keeper("poll/\(name)", "\(holder)/run")
        syncLease = keeper(LeaseKeeper.syncLease(of: name), "\(holder)/run")
        schemas = PollSchemaCache(connections: connections, clock: clock)
        teller = RunTeller(integration: name, store: store, log: log, topic: topics.notifications, clock: clock, logger: logger)
        pace = Pace(settings, clock: clock, jitter: jitter, logger: logger)
    }

    /// Does what is due now and says when to come back. Failures become waits; only a cancellation ends a conductor.
    func turn() async -> NextTurn {
        do {
            return try await dueWork()
        } catch is PollInterrupted {
            return .now
        } catch let error as SyncError {
            return await waitOut(error)
        } catch {
            return pace.failed(error, "the run's turn")
        }
    }

    private func dueWork() async throws -> NextTurn {
        try await teller.tell()
        guard let integration = try await store.integration(name), integration.state == .active else { return pace.pollAgain }
        let schedule = RunSchedule(integration: integration, store: store, clock: clock, logger: logger)
        let run = try await store.activeRun(of: name)
        let isDue = try await schedule.isDue
        guard isDue || run?.isAtWork == true else { return pace.pollAgain }
        let hold = try await store.hold(of: name, direction: .outbound)
        guard hold?.isActive(at: clock.now()) != true else { return pace.pollAgain }
        let next = try await lease.hold { lease in
            try await schedule.begin(lease: lease)
            guard let run = try await self.store.activeRun(of: self.name), run.isAtWork else { return self.again(nil) }
            return self.again(try await self.lead(run, integration, lease: lease))
        }
        guard let next else { return pace.pollAgain }
        pace.succeeded()
        try await teller.tell()
        return next ?? pace.pollAgain
    }

    private nonisolated func again(_ next: NextTurn?) -> NextTurn? { next }

    // MARK: From state to state

    /// `nil` when the next step is not this worker's, or not due.
    private func lead(_ run: Run, _ integration: StoredIntegration, lease: Lease) async throws -> NextTurn? {
        switch run.state {
        case .waiting where run.kind == .incremental: return try await pollNow(run, integration, lease: lease)
        case .waiting:
            try await split(run, integration, lease: lease)
            return .now
        case .reading:
            guard try await store.chunks(ofRun: run.id).allSatisfy(\.isDone) else { return nil }
            try await change(run, lease: lease) { run, now in
                var run = run
                if run.kind != .full { return run.ended(.finished, now: now) }
                run.state = .comparing
                return run
            }
            return .now
        case .comparing: return try await compare(run, integration, lease: lease)
        case .held, .finished, .failed, .cancelled: return nil
        }
    }

    /// *Sync now*: a poll under its own lease; `nil` while another one is at work.
    private func pollNow(_ run: Run, _ integration: StoredIntegration, lease: Lease) async throws -> NextTurn? {
        try integration.settings.crm.budget.allow(.outbound, by: try await store.usage(of: name), now: clock.now())
        let tally = try await pollLease.hold { pollLease in
            let poll = PollRun(
                integration: integration, connections: self.connections, schemas: self.schemas, store: self.store, log: self.log,
                topic: self.topics.crmChanges, clock: self.clock, logger: self.logger, lease: pollLease)
            try await poll.noteSelections(isForced: true)
            let state = try await self.store.scheduleState(of: self.name)
            return try await poll.run(state?.schedule == integration.settings.outbound.schedule ? state : nil)
        }
        guard let tally else { return nil }
        try await change(run, lease: lease) { run, now in
            var run = run.started(now: run.requestedAt)
            run.counts = RunCounts(read: tally.read, written: tally.published, skipped: tally.read - tally.published)
            return run.ended(.finished, now: now)
        }
        return .now
    }

    private func split(_ run: Run, _ integration: StoredIntegration, lease: Lease) async throws {
        try integration.settings.crm.budget.allow(.backfill, by: try await store.usage(of: name), now: clock.now())
        let scope = RunScope(
            integration: integration, run: run, crm: try await connections.crm(of: integration),
            marketing: try await connections.marketing(of: integration), schemas: schemas,
            polls: try await store.polls(of: name))
        let (chunks, expected) = try await scope.chunks()
        guard try await store.planRun(run.id, chunks: chunks, expected: expected, lease: lease, now: clock.now()) != nil else {
            return
        }
        logger.info("a run begins", metadata: ["run": "\(run.id)", "kind": "\(run.kind.rawValue)", "chunks": "\(chunks.count)"])
        try await callRunners(to: chunks)
    }

    /// Runners elsewhere hear of the chunks at once; those that do not would find them by themselves a little later.
    private func callRunners(to chunks: [RunChunk]) async throws {
        let now = clock.now()
        try await log.publish(
            chunks.map { chunk in
                let id = "\(chunk.run):\(chunk.number)"
                let command = SyncCommand(
                    integration: name, command: .chunk, requestID: id, run: chunk.run, chunk: chunk.number, occurredAt: now)
                let event = Event(
                    attributes: EventAttributes(id: id, source: ChunkDesk.source), message: .syncCommand(command))
                return OutgoingRecord(topic: topics.syncCommands, message: EventCodec.encode(event))
            })
    }

    private func compare(_ run: Run, _ integration: StoredIntegration, lease: Lease) async throws -> NextTurn? {
        let comparison = RunComparison(
            integration: integration, run: run, store: store, connections: connections, log: log, topics: topics, clock: clock,
            syncLease: syncLease)
        switch try await comparison.endings() {
        case .tooMany(let gone, let reason):
            logger.error("a run is held", metadata: ["run": "\(run.id)", "gone": "\(gone)"])
            try await change(run, lease: lease) { run, _ in
                var run = run
                (run.state, run.gone, run.reason) = (.held, gone, reason)
                return run
            }
            return nil
        case .turnTaken: return nil
        case .ended(let gone):
            // Kept at once: when suspicions have settled, another look finds these links ended.
            if gone > run.gone {
                try await change(run, lease: lease) { run, _ in
                    var run = run
                    run.gone = gone
                    return run
                }
            }
            let drifts = DriftDesk(
                integration: integration, store: store, connections: connections, schemas: schemas, clock: clock)
            if let moment = try await drifts.confirm(after: pace.settings.driftSettling, lease: lease) { return .at(moment) }
            if integration.settings.runs.repairsDrift {
                guard try await syncLease.hold(during: { try await drifts.repair(lease: $0) }) != nil else { return nil }
            }
            try await change(run, lease: lease) { run, now in run.ended(.finished, now: now) }
            return .now
        }
    }

    private func change(
        _ run: Run, lease: Lease, _ change: @escaping @Sendable (Run, Timestamp) -> Run
    ) async throws {
        let (now, state) = (clock.now(), run.state)
        _ = try await store.changeRun(run.id, lease: lease, now: now) { run throws(RunRefusal) in
            // Somebody may have cancelled it meanwhile.
            run.state == state ? change(run, now) : run
        }
    }

    // MARK: Failures

    private func waitOut(_ error: SyncError) async -> NextTurn {
        if error.errorClass == .schema { await schemas.forget() }
        logger.warning("a run waits", metadata: ["code": "\(error.code)", "message": "\(error.message)"])
        if case .rateLimited(let until) = error.errorClass { return .at(max(until, clock.now())) }
        return .at(pace.pause())
    }
}
