public import Connectors
import Contracts
public import Logging
import Metrics
public import Store
import SyncCore

/// The second half of outbound for one integration: takes what is due, reads it in the CRM, asks the core, writes to
/// marketing, shows it in the CRM, settles.
///
/// It shares the integration's lease with inbound and takes turns with it: either reads, merges and writes the same links.
/// A turn is kept short, for marketing takes five requests a second.
public actor OutboundDrain {
    private let name: String
    private let store: Store
    private let connections: any Connections
    private let schemas: SchemaCache
    private let clock: any WallClock
    private let logger: Logger
    private let lease: LeaseKeeper
    private let holds: HoldKeeper
    /// The revision of the settings that the turn works with.
    private var revision: Int?
    private var pace: Pace
    /// When each import under way is looked at next.
    private var nextLooks: [Int64: Timestamp] = [:]

    public init(
        integration name: String, holder: String, store: Store, connections: any Connections, clock: any WallClock,
        settings: DrainSettings, logger: Logger, jitter: @escaping @Sendable () -> Double
    ) {
        self.name = name
        self.store = store
        self.connections = connections
        self.clock = clock
        schemas = SchemaCache(connections: connections, clock: clock)
        let logger = logger.naming(integration: name)
        self.logger = logger
        pace = Pace(settings, clock: clock, jitter: jitter, logger: logger)
        holds = HoldKeeper(integration: name, direction: .outbound, store: store, clock: clock, logger: logger)
        lease = LeaseKeeper(
            LeaseKeeper.syncLease(of: name), holder: "\(holder)/outbound", store: store, clock: clock, ttl: settings.leaseTTL,
            logger: logger)
    }

    /// Does what is due now and says when to come back. Failures become waits; only a cancellation ends a drain.
    public func turn() async -> NextTurn {
        do {
            return try await dueWork()
        } catch let error as SyncError {
            return await waitOut(error)
        } catch {
            return pace.failed(error, "the turn")
        }
    }

    private func dueWork() async throws -> NextTurn {
        let (now, pollAgain) = (clock.now(), pace.pollAgain)
        guard let integration = try await store.integration(name), integration.state == .active else { return pollAgain }
        revision = integration.revision
        guard try await holds.isOver() else { return pollAgain }
        let imports = try await dueImports(now)
        let ready = try await store.depth(integration: name, direction: .outbound, now: now).ready
        guard ready > 0 || !imports.isEmpty else { return pollAgain }
        try integration.settings.crm.budget.allow(.outbound, by: try await store.usage(of: name), now: now)
        return try await lease.hold { lease in
            try await self.settle(imports, of: integration, lease: lease)
            return ready > 0 ? try await self.deliver(integration, lease: lease) : pollAgain
        } ?? pollAgain
    }

    // MARK: One delivery

    private func deliver(_ integration: StoredIntegration, lease: Lease) async throws -> NextTurn {
        let crm = try await connections.crm(of: integration)
        let marketing = try await connections.marketing(of: integration)
        let known = try await schemas.schemas(of: integration)
        let rows = try await store.take(
            integration: name, direction: .outbound, limit: OutboundDelivery.batch, now: clock.now())
        let reading = OutboundReading(integration: integration, store: store, crm: crm, schemas: known)
        let context = OutboundContext(
            settings: integration.settings, crm: known.crm, contacts: known.marketing, accounts: known.accounts)
        let intents = OutboundIntents(store: store, marketing: marketing, context: context, clock: clock, lease: lease)
        let facts = try await facts(of: rows, reading, intents, marketing, lease: lease)
        if facts.states.failures.values.contains(where: { $0.errorClass == .schema }) { await schemas.forget(name) }
        var batch = OutboundBatch(integration: integration)
        batch.resolve(rows, facts: facts, context: context, now: clock.now())

        let delivery = OutboundDelivery(
            integration: integration, store: store, crm: crm, marketing: marketing, context: context, schemas: known,
            clock: clock, lease: lease, logger: logger)
        // Before people leave the batch for an import.
        let nearMisses = batch.items.reduce(0) { $0 + $1.resolution.nearMisses }
        try await EchoCounts(integration: name, store: store).add(nearMisses: nearMisses)
        let imported = try await delivery.deliver(&batch)
        let noted = try await noteNewPeople(batch.items, lease: lease)
        await delivery.complete(&batch)
        return try await settle(batch, noted: noted, imported: imported, lease: lease, usage: await crm.usage())
    }

    /// What is known of the rows' records, once those whose answer got lost have their links.
    private func facts(
        of rows: [QueueRow], _ reading: OutboundReading, _ intents: OutboundIntents, _ marketing: any MarketingDestination,
        lease: Lease
    ) async throws -> OutboundFacts {
        var facts = try await reading.facts(of: rows)
        if try await endDeleted(facts.rivals, marketing, lease: lease) {
            facts = try await reading.facts(of: rows, states: facts.states)
        }
        let recovery = try await intents.recover(rows, facts)
        if !recovery.known.isEmpty {
            _ = try await noteNewPeople(recovery.known, lease: lease)
            facts = try await reading.facts(of: rows, states: facts.states)
        }
        (facts.unclear, facts.postponed) = (recovery.unclear, recovery.postponed)
        facts.early.formUnion(recovery.early)
        return facts
    }

    /// Ends the links of people who were deleted in marketing, which does not tell of it: they must not keep the living from
    /// going on with a record. Whether there are any.
    private func endDeleted(_ links: [Link], _ marketing: any MarketingDestination, lease: Lease) async throws -> Bool {
        guard !links.isEmpty else { return false }
        let people = try await marketing.contacts(ids: Set(links.map(\.marketingID)).sorted())
        let ended = links.filter { people[$0.marketingID] == nil }.map { $0.ended(by: .marketingDeleted) }
        guard !ended.isEmpty else { return false }
        let now = clock.now()
        try await store.saveLinks(
            ended, history: ended.map { OutboundSettling.ending(of: $0, at: now) }, lease: lease, now: now)
        return true
    }

    /// Keeps the links and the tags of people who were just made known before the CRM shows them: a worker that finds a record
    /// shown has nothing to go by for either. Returns what was kept, by row.
    private func noteNewPeople(_ items: [OutboundBatch.Item], lease: Lease) async throws -> [Int64: Settlement] {
        let settling = OutboundSettling(retry: pace.settings.retry, now: clock.now(), jitter: pace.jitter())
        let created = items.filter { $0.resolution.outcome == .create && $0.failure == nil }
        let notes = settling.settlements(of: created).map { settlement in
            var note = settlement
            (note.result, note.touches) = (.wait(until: settling.now), [])
            return note
        }
        guard !notes.isEmpty else { return [:] }
        try await store.settle(notes, direction: .outbound, lease: lease, now: settling.now)
        return Dictionary(uniqueKeysWithValues: notes.map { ($0.rowID, $0) })
    }

    private func settle(
        _ batch: OutboundBatch, noted: [Int64: Settlement], imported: Int, lease: Lease, usage: APIUsage?
    ) async throws -> NextTurn {
        let now = clock.now()
        let settling = OutboundSettling(retry: pace.settings.retry, now: now, jitter: pace.jitter())
        let settlements = settling.settlements(of: batch.items).map { settlement in
            guard let note = noted[settlement.rowID] else { return settlement }
            var rest = settlement
            rest.history.removeFirst(min(note.history.count, rest.history.count))
            rest.tags = []
            return rest
        }
        try await store.settle(settlements, direction: .outbound, lease: lease, now: now)
        // Only now: turns that merely wait in between must not shorten the pauses.
        if batch.outage == nil { pace.succeeded() }
        if let usage {
            try await store.recordUsage(integration: name, used: usage.used, limit: usage.limit, at: usage.at)
        }
        try await report(batch, settlements, imported: imported)
        if let hold = settling.hold(of: batch) {
            try await holds.hold(hold.reason, until: hold.until, revision: revision)
            return pace.pollAgain
        }
        // Each further turn would ask the CRM again, whose calls are counted by the day.
        if let outage = batch.outage { return await waitOut(outage) }
        return settlements.isEmpty && imported == 0 ? pace.pollAgain : .now
    }

    // MARK: Imports under way

    /// Those worth a look now. A new one gets its time.
    private func dueImports(_ now: Timestamp) async throws -> [ImportJob] {
        let imports = try await store.imports(integration: name)
        nextLooks = nextLooks.filter { look in imports.contains { $0.id == look.key } }
        for job in imports where nextLooks[job.id] == nil {
            nextLooks[job.id] = job.startedAt.advanced(by: ImportSettling.pause(for: job, now: job.startedAt))
        }
        return imports.filter { job in nextLooks[job.id].map { $0 <= now } ?? true }
    }

    private func settle(_ imports: [ImportJob], of integration: StoredIntegration, lease: Lease) async throws {
        guard !imports.isEmpty else { return }
        let marketing = try await connections.marketing(of: integration)
        let crm = try await connections.crm(of: integration)
        for job in imports {
            let settling = ImportSettling(
                job: job, integration: integration, store: store, crm: crm, marketing: marketing,
                settling: OutboundSettling(retry: pace.settings.retry, now: clock.now(), jitter: pace.jitter()))
            guard let settlements = try await settling.settlements() else {
                nextLooks[job.id] = clock.now().advanced(by: ImportSettling.pause(for: job, now: clock.now()))
                continue
            }
            try await store.closeImport(job.id, settlements: settlements, lease: lease, now: clock.now())
            let failed = settlements.count { $0.result != .done }
            logger.info(
                "import settled",
                metadata: ["records": "\(settlements.count)", "failed": "\(failed)", "import": "\(job.batchID ?? "")"])
        }
    }

    // MARK: Failures of the whole integration

    private func waitOut(_ error: SyncError) async -> NextTurn {
        if error.errorClass == .schema { await schemas.forget(name) }
        await holds.keep(error, after: pace.settings.retry, pause: pace.pause(), revision: revision)
        return pace.pollAgain
    }

    // MARK: What operators see

    private func report(_ batch: OutboundBatch, _ settlements: [Settlement], imported: Int) async throws {
        var outcomes: [String: Int] = [:]
        for item in batch.items { outcomes[item.label, default: 0] += 1 }
        for (outcome, count) in outcomes {
            Counter(label: "tandem_delivered_total", dimensions: [("integration", name), ("outcome", outcome)]).increment(
                by: count)
        }
        try await EchoCounts(integration: name, store: store).add(suppressed: outcomes["unchanged"] ?? 0)
        logger.info(
            "delivered",
            metadata: [
                "records": "\(batch.items.count)", "settled": "\(settlements.count)", "importing": "\(imported)",
                "outcomes": .dictionary(outcomes.mapValues { "\($0)" }),
            ])
        for item in batch.items {
            guard let error = item.failure ?? item.unfinished else { continue }
            logger.warning("record not delivered", metadata: ["record": "\(item.row.key)", "code": "\(error.code)"])
        }
    }
}

extension OutboundBatch.Item {
    /// The stable word the item is counted by.
    fileprivate var label: String {
        if failure != nil { return "failed" }
        if unfinished != nil { return "unfinished" }
        if resolution.needsWrite, result == nil { return "postponed" }
        return switch resolution.outcome {
        case .create: "created"
        case .update: resolution.needsWrite ? "updated" : "unchanged"
        case .unchanged: "unchanged"
        case .skip(let reason): reason.rawValue
        case .end: "ended"
        case .move: "moved"
        case .wait: "waiting"
        case .failed: "failed"
        }
    }
}
