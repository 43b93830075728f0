import Connectors
import Contracts
import EventLog
import Logging
import Store
import SyncCore

/// Reads the chunks of one integration's run on one side, one after the other, as long as there is one that nobody reads (RUN-3).
actor ChunkReader {
    private let name: String
    /// Whether it reads the CRM, or else marketing.
    private let readsCRM: Bool
    private let store: Store
    private let connections: any Connections
    private let log: any EventLog
    private let topics: Topics
    private let clock: any WallClock
    private let holder: String
    private let logger: Logger
    private let schemas: PollSchemaCache
    private var pace: Pace

    init(
        integration name: String, readsCRM: Bool, holder: String, store: Store, connections: any Connections,
        log: any EventLog, topics: Topics, clock: any WallClock, settings: DrainSettings, logger: Logger,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.name = name
        self.readsCRM = readsCRM
        self.store = store
        self.connections = connections
        self.log = log
        self.topics = topics
        self.clock = clock
        self.holder = "\(holder)/\(readsCRM ? "crm" : "marketing")"
        let logger = logger.naming(integration: name)
        self.logger = logger
        schemas = PollSchemaCache(connections: connections, clock: clock)
        pace = Pace(settings, clock: clock, jitter: jitter, logger: logger)
    }

    /// Reads what is to be read now and says when to come back. Failures become waits; only a cancellation ends a reader.
    func turn() async -> NextTurn {
        do {
            return try await dueWork()
        } catch is PollInterrupted {
            return .now
        } catch let error as SyncError {
            return await waitOut(error)
        } catch {
            return pace.failed(error, "the reading of a chunk")
        }
    }

    private func dueWork() async throws -> NextTurn {
        guard let integration = try await store.integration(name), integration.state == .active,
            let run = try await store.activeRun(of: name), run.state == .reading, run.isAtWork
        else { return pace.pollAgain }
        let hold = try await store.hold(of: name, direction: .outbound)
        guard hold?.isActive(at: clock.now()) != true else { return pace.pollAgain }
        for chunk in try await store.chunks(ofRun: run.id) where !chunk.isDone && chunk.source.isCRM == readsCRM {
            let lease = LeaseKeeper(
                RunChunk.lease(run: run.id, number: chunk.number), holder: holder, store: store, clock: clock,
                ttl: pace.settings.leaseTTL, logger: logger)
            let next = try await lease.hold { try await self.read(chunk.number, of: run, integration, lease: $0) }
            guard let next else { continue }
            pace.succeeded()
            return next
        }
        return pace.pollAgain
    }

    /// Goes on with a chunk where it stands: somebody else may have read on since it was looked up.
    private func read(
        _ number: Int, of run: Run, _ integration: StoredIntegration, lease: Lease
    ) async throws -> NextTurn {
        guard let chunk = try await store.chunks(ofRun: run.id).first(where: { $0.number == number }), !chunk.isDone else {
            return .now
        }
        let desk = ChunkDesk(
            integration: integration, run: run, store: store, connections: connections, schemas: schemas, log: log,
            topics: topics,
            clock: clock, lease: lease)
        switch chunk.source {
        case .crmPages, .crmExport:
            var reading = try await CRMChunkReading(chunk, desk)
            let now = clock.now()
            guard let wait = try await reading.read() else { return .now }
            return .at(now.advanced(by: wait))
        case .people, .customValues:
            var reading = try await MarketingChunkReading(chunk, desk)
            try await reading.read()
            return .now
        }
    }

    // MARK: Failures

    /// A run whose chunk cannot be read as things are fails as a whole: what it would find of the rest would not be complete.
    private func waitOut(_ error: SyncError) async -> NextTurn {
        if error.errorClass == .schema { await schemas.forget() }
        switch error.errorClass {
        case .permanent, .schema:
            do {
                guard let run = try await store.activeRun(of: name) else { return pace.pollAgain }
                let now = clock.now()
                _ = try await store.changeRun(run.id, now: now) { run throws(RunRefusal) in
                    run.state.isOver ? run : run.ended(.failed, reason: error, now: now)
                }
                logger.error("the run failed", metadata: ["run": "\(run.id)", "code": "\(error.code)"])
                return pace.pollAgain
            } catch {
                return pace.failed(error, "the end of a run")
            }
        case .rateLimited(let until):
            logger.notice("a run waits", metadata: ["code": "\(error.code)", "message": "\(error.message)"])
            return .at(max(until, clock.now()))
        case .transient, .lock, .auth, .inDoubt:
            logger.warning("a run waits", metadata: ["code": "\(error.code)", "message": "\(error.message)"])
            return .at(pace.pause())
        }
    }
}
