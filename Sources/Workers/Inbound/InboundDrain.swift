public import Connectors
import Contracts
public import Logging
import Metrics
public import Store
import SyncCore

/// The second half of inbound for one integration: takes what is due, asks the core, writes to the CRM, settles.
///
/// Every turn holds the integration's lease, and everything a turn commits is fenced by it, so two drains of one
/// integration may run anywhere and at most one has an effect on the store.
public actor InboundDrain {
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
    /// When each bulk write under way is looked at next.
    private var nextLooks: [Int64: Timestamp] = [:]
    /// Before then nothing is gathered for a bulk job.
    private var nextBulk = Timestamp.distantPast

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
        holds = HoldKeeper(integration: name, direction: .inbound, store: store, clock: clock, logger: logger)
        lease = LeaseKeeper(
            LeaseKeeper.syncLease(of: name), holder: "\(holder)/inbound", store: store, clock: clock, ttl: settings.leaseTTL,
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
        let isBulkDue = try await !dueBulks(now).isEmpty
        let depth = try await store.depth(integration: name, direction: .inbound, now: now)
        let decision = integration.settings.inbound.window.decision(waiting: depth.ready, oldest: depth.oldest, now: now)
        switch decision {
        case .idle where !isBulkDue: return pollAgain
        case .wait(let until) where !isBulkDue: return .at(min(until, now.advanced(by: pace.settings.pollInterval)))
        case .idle, .wait, .flush: break
        }
        try integration.settings.crm.budget.allow(.inbound, by: try await store.usage(of: name), now: now)
        return try await lease.hold { lease in
            try await self.settleBulks(of: integration, lease: lease)
            return decision == .flush ? try await self.flush(integration, ready: depth.ready, lease: lease) : pollAgain
        } ?? pollAgain
    }

    // MARK: One flush

    private func flush(_ integration: StoredIntegration, ready: Int, lease: Lease) async throws -> NextTurn {
        let crm = try await connections.crm(of: integration)
        let known = try await schemas.schemas(of: integration)
        let inbound = integration.settings.inbound
        let isMany = ready >= inbound.bulkFrom && clock.now() >= nextBulk
        let limit = isMany ? InboundBulk.limit(inbound) : crm.writesPerCall
        let rows = try await store.take(integration: name, direction: .inbound, limit: limit, now: clock.now())
        var batch = InboundBatch(integration: integration, schemas: known, rows: rows)
        let people = rows.map(\.key.recordID)
        batch.triage(
            links: try await store.links(integration: name, marketingIDs: people),
            pendingTags: try await store.pendingTags(integration: name, contactIDs: people),
            underImport: try await peopleUnderImport(rows))
        let isBulk = isMany && batch.chooseForBulk(from: inbound.bulkFrom, otherwise: crm.writesPerCall)
        if isMany, !isBulk { nextBulk = clock.now().advanced(by: InboundBulk.pause) }
        try await completePartialRows(&batch)

        let request = batch.readRequest()
        if request != CRMReadRequest() {
            let answer = try await crm.read(request)
            if answer.failures.values.contains(where: { $0.errorClass == .schema }) { await schemas.forget(name) }
            batch.resolve(answer, now: clock.now())
        }
        if !batch.writes().isEmpty {
            // Also makes sure that the lease is still held.
            try await store.saveLinks(batch.intents(), lease: lease, now: clock.now())
            if isBulk {
                let bulk = InboundBulk(
                    integration: integration, store: store, crm: crm, clock: clock, lease: lease, logger: logger)
                if try await !bulk.handOver(&batch) { nextBulk = clock.now().advanced(by: InboundBulk.pause) }
            }
            let writes = batch.writes()
            let results = await crm.write(writes.map(\.write))
            for (write, result) in zip(writes, results) { batch.record(result, forItem: write.item) }
        }
        return try await settle(batch, lease: lease, usage: await crm.usage())
    }

    /// The people an import is writing, new ones by the email their change carries.
    private func peopleUnderImport(_ rows: [QueueRow]) async throws -> Set<String> {
        var people = try await store.underImport(integration: name, marketingIDs: rows.map(\.key.recordID))
        let emails = rows.map { ($0.change.fields["email"]?.value.stringValue ?? "").lowercased() }
        let imported = try await store.underImport(integration: name, emails: emails.filter { !$0.isEmpty })
        for (row, email) in zip(rows, emails) where imported.contains(email) { people.insert(row.key.recordID) }
        return people
    }

    /// Asks marketing for people of whom a change says too little, or perhaps what they were before something newer. Each costs a
    /// call or two; one that marketing does not know fails alone, while an outage is not asked about for each of them.
    private func completePartialRows(_ batch: inout InboundBatch) async throws {
        let (partial, doubtful) = (Set(batch.incompleteRows()), Set(batch.doubtfulRows()))
        let rows = partial.union(doubtful).sorted()
        guard !rows.isEmpty else { return }
        let marketing = try await connections.marketing(of: batch.integration)
        var outage: SyncError?
        for row in rows {
            let key = batch.rows[row].key
            do throws(SyncError) {
                if let outage { throw outage }
                guard let contact = try await marketing.contact(id: key.recordID) else {
                    if doubtful.contains(row) { batch.giveUpDoubts(ofRow: row) }
                    // Then there is nothing to look at.
                    if !partial.contains(row) || batch.forgetTouch(ofRow: row) { continue }
                    let message = "contact \(key.recordID) does not exist in marketing"
                    throw SyncError(.permanent, code: "marketing-record-not-found", message: message)
                }
                if doubtful.contains(row) { batch.readBack(row: row, holding: contact.fields, now: clock.now()) }
                if partial.contains(row) { batch.complete(row: row, with: contact, now: clock.now()) }
            } catch {
                batch.fail(row: row, with: error)
                if error.errorClass != .permanent { outage = error }
            }
        }
    }

    private func settle(_ batch: InboundBatch, lease: Lease, usage: APIUsage?) async throws -> NextTurn {
        let now = clock.now()
        let settling = InboundSettling(retry: pace.settings.retry, now: now, jitter: pace.jitter())
        let settlements = settling.settlements(of: batch)
        try await store.settle(settlements, direction: .inbound, lease: lease, now: now)
        // Only now: turns that merely wait in between must not shorten the pauses.
        pace.succeeded()
        try await record(usage)
        try await report(batch, settlements)
        if batch.items.contains(where: \.failedBySchema) { await schemas.forget(name) }
        if let hold = settling.hold(of: batch) {
            try await holds.hold(hold.reason, until: hold.until, revision: revision)
            return pace.pollAgain
        }
        return .now
    }

    private func record(_ usage: APIUsage?) async throws {
        guard let usage else { return }
        try await store.recordUsage(integration: name, used: usage.used, limit: usage.limit, at: usage.at)
    }

    // MARK: Bulk writes under way

    /// Those worth a look now. A new one gets its time.
    private func dueBulks(_ now: Timestamp) async throws -> [BulkWrite] {
        let bulks = try await store.bulkWrites(integration: name)
        nextLooks = nextLooks.filter { look in bulks.contains { $0.id == look.key } }
        for bulk in bulks where nextLooks[bulk.id] == nil {
            nextLooks[bulk.id] = bulk.startedAt.advanced(by: BulkSettling.pause(for: bulk, now: bulk.startedAt))
        }
        return bulks.filter { bulk in nextLooks[bulk.id].map { $0 <= now } ?? true }
    }

    private func settleBulks(of integration: StoredIntegration, lease: Lease) async throws {
        // Read under the lease: until then another worker may have been sending them off.
        let bulks = try await dueBulks(clock.now())
        guard !bulks.isEmpty else { return }
        let crm = try await connections.crm(of: integration)
        for bulk in bulks {
            let settling = BulkSettling(
                bulk: bulk, store: store, crm: crm, retry: pace.settings.retry, jitter: pace.jitter(), clock: clock, lease: lease,
                logger: logger)
            guard try await settling.settle() else {
                nextLooks[bulk.id] = clock.now().advanced(by: BulkSettling.pause(for: bulk, now: clock.now()))
                continue
            }
            pace.succeeded()
        }
        try await record(await crm.usage())
    }

    // MARK: Failures of the whole integration

    private func waitOut(_ error: SyncError) async -> NextTurn {
        if error.errorClass == .schema { await schemas.forget(name) }
        await holds.keep(error, after: pace.settings.retry, pause: pace.pause(), revision: revision)
        return pace.pollAgain
    }

    // MARK: What operators see

    private func report(_ batch: InboundBatch, _ settlements: [Settlement]) async throws {
        try await countEchoes(batch)
        var outcomes: [String: Int] = [:]
        for label in batch.verdicts.values.compactMap(\.label) { outcomes[label, default: 0] += 1 }
        for item in batch.items { outcomes[item.label, default: 0] += 1 }
        for (outcome, count) in outcomes {
            Counter(label: "tandem_settled_total", dimensions: [("integration", name), ("outcome", outcome)]).increment(by: count)
        }
        logger.info(
            "flushed",
            metadata: [
                "records": "\(batch.rows.count)", "settled": "\(settlements.count)",
                "outcomes": .dictionary(outcomes.mapValues { "\($0)" }),
            ])
        for settlement in settlements {
            guard case .park(let error) = settlement.result,
                let row = batch.rows.first(where: { $0.id == settlement.rowID })
            else { continue }
            logger.warning("record parked", metadata: ["record": "\(row.key)", "code": "\(error.code)"])
        }
    }
}

extension InboundDrain {
    private func countEchoes(_ batch: InboundBatch) async throws {
        let echoes = batch.items.count { $0.resolution?.outcome == .unchanged && $0.resolution?.decisions.isEmpty == true }
        let nearMisses = batch.items.reduce(0) { $0 + ($1.resolution?.nearMisses ?? 0) }
        try await EchoCounts(integration: name, store: store).add(suppressed: echoes, nearMisses: nearMisses)
    }
}

extension InboundBatch.Verdict {
    /// `nil` where the turn did not deal with the row.
    fileprivate var label: String? {
        switch self {
        case .ended: "ended"
        case .waits: "waiting"
        case .skipped: "skipped"
        case .dropped(let reason, _): reason.rawValue
        case .failed: "failed"
        case .handedOver: "handed-over"
        case .postponed: nil
        }
    }
}

extension InboundBatch.Item {
    fileprivate var failedBySchema: Bool {
        if case .failure(let error) = result { error.errorClass == .schema } else { false }
    }

    fileprivate var label: String {
        if case .failure = result { return "failed" }
        return resolution?.outcome.label ?? "unresolved"
    }
}

extension InboundResolution.Outcome {
    fileprivate var label: String {
        switch self {
        case .create: "created"
        case .update: "updated"
        case .adopt: "adopted"
        case .unchanged: "unchanged"
        case .ignoredByConflict: "ignored-by-conflict"
        case .failed: "failed"
        }
    }
}
