public import Connectors
import Contracts
import Logging
public import Store
import SyncCore

/// Confirms the drift that a run suspects, and repairs what was confirmed when it is asked to (RUN-4).
public struct DriftDesk: Sendable {
    private static let batch = 200

    private let integration: StoredIntegration
    private let store: Store
    private let connections: any Connections
    private let schemas: PollSchemaCache
    private let clock: any WallClock

    public init(integration: StoredIntegration, store: Store, connections: any Connections, clock: any WallClock) {
        self.init(
            integration: integration, store: store, connections: connections,
            schemas: PollSchemaCache(connections: connections, clock: clock), clock: clock)
    }

    init(
        integration: StoredIntegration, store: Store, connections: any Connections, schemas: PollSchemaCache,
        clock: any WallClock
    ) {
        self.integration = integration
        self.store = store
        self.connections = connections
        self.schemas = schemas
        self.clock = clock
    }

    private var name: String { integration.settings.name }

    // MARK: Confirming

    /// Settles every suspicion: it is drift when nothing waits for the record on either side and its link says what it said.
    /// - Parameter settling: after this long, what either side told of before it was read has reached the queue.
    /// - Returns: when to come back, while some are too fresh to tell; `nil` once all are settled.
    func confirm(after settling: Duration, lease: Lease) async throws -> Timestamp? {
        var afterID: Int64 = 0
        while true {
            let suspicions = try await store.suspectedDrifts(integration: name, afterID: afterID, limit: Self.batch)
            guard let last = suspicions.last else { return nil }
            let ripe = last.foundAt.advanced(by: settling)
            guard ripe <= clock.now() else { return ripe }
            afterID = last.id
            let real = try await standing(suspicions)
            try await store.settleSuspicions(
                confirmed: suspicions.map(\.id).filter(real.contains),
                dropped: suspicions.map(\.id).filter { !real.contains($0) },
                lease: lease, now: clock.now())
        }
    }

    private func standing(_ suspicions: [StoredDrift]) async throws(StoreError) -> Set<Int64> {
        let people = Set(suspicions.map(\.drift.marketingID)).sorted()
        let links = try await store.links(integration: name, marketingIDs: people)
        let waitingIn = try await store.pendingChanges(
            integration: name, direction: .inbound, object: "contact", recordIDs: people)
        var waitingOut: [CRMObject: Set<String>] = [:]
        for object in Set(suspicions.map(\.drift.object)) {
            let ids = suspicions.filter { $0.drift.object == object }.map(\.drift.crmID)
            let rows = try await store.pendingChanges(
                integration: name, direction: .outbound, object: object.rawValue, recordIDs: Set(ids).sorted())
            waitingOut[object] = Set(rows.keys)
        }
        return Set(
            suspicions.filter { suspicion in
                let drift = suspicion.drift
                guard let link = links[drift.marketingID]?[drift.object] else { return false }
                return waitingIn[drift.marketingID] == nil && waitingOut[drift.object]?.contains(drift.crmID) != true
                    && DriftRules.stands(drift, link)
            }.map(\.id))
    }

    // MARK: Repairing

    /// As ``repair(lease:)``, waiting for the lease; `nil` when the workers did not give it up in time.
    public func repair(holder: String, patience: Duration) async throws -> Int? {
        let keeper = LeaseKeeper(
            LeaseKeeper.syncLease(of: name), holder: holder, store: store, clock: clock, ttl: .seconds(30),
            logger: Logger(label: "tandem.drift"))
        let end = clock.now().advanced(by: patience)
        while clock.now() < end {
            if let repaired = try await keeper.hold(during: { try await repair(lease: $0) }) { return repaired }
            try await clock.sleep(until: clock.now().advanced(by: .milliseconds(200)))
        }
        return nil
    }

    /// Repairs all drift that was reported, under the lease both directions work under; how many fields that were.
    func repair(lease: Lease) async throws -> Int {
        var repaired = 0
        let context = try await schemas.schemas(of: integration, for: .contact).context
        while true {
            let drifts = try await store.drifts(integration: name, limit: Self.batch)
            guard !drifts.isEmpty else { return repaired }
            try await repair(drifts, context, lease: lease)
            repaired += drifts.count
        }
    }

    private func repair(_ drifts: [StoredDrift], _ context: OutboundContext, lease: Lease) async throws {
        let marketing = try await connections.marketing(of: integration)
        let people = Dictionary(grouping: drifts, by: \.drift.marketingID)
        let links = try await store.links(integration: name, marketingIDs: people.keys.sorted())
        let now = clock.now()
        var (rebased, inbound, outbound, history) = ([Link](), [QueueEntry](), [QueueEntry](), [HistoryEntry]())
        for (id, found) in people.sorted(by: { $0.key < $1.key }) {
            var asksInbound = false
            for (object, found) in Dictionary(grouping: found, by: \.drift.object).sorted(by: {
                $0.key.rawValue < $1.key.rawValue
            }) {
                guard let link = links[id]?[object], let crmID = link.crmID else { continue }
                let repair = DriftRules.repair(found.map(\.drift), of: link, in: context)
                asksInbound = asksInbound || repair.asksInbound
                if repair.link != link { rebased.append(repair.link) }
                if repair.asksOutbound {
                    outbound.append(
                        QueueEntry(key: context.key(object, crmID), change: PendingChange(touchedAt: Stamp(at: now, sequence: 0)))
                    )
                }
                history += found.map { entry(of: $0.drift, at: now) }
            }
            guard asksInbound, let person = try await marketing.contact(id: id) else { continue }
            let change = RecordChange(
                key: RecordKey(integration: name, object: "contact", recordID: id), occurredAt: now, isDated: false,
                fields: person.fields, tags: person.tags)
            inbound.append(QueueEntry(key: change.key, change: PendingChange(change, sequence: 0)))
        }
        try await store.repair(
            drifts.map(\.id), links: rebased, inbound: inbound, outbound: outbound, history: history, lease: lease, now: now)
    }

    private func entry(of drift: Drift, at now: Timestamp) -> HistoryEntry {
        HistoryEntry(
            integration: name, direction: drift.side == .crm ? .outbound : .inbound, object: drift.object.rawValue,
            marketingID: drift.marketingID, crmID: drift.crmID, at: now, outcome: "drift-repaired", code: drift.side.rawValue,
            message: "\(drift.field) had left what was agreed on")
    }
}
