import Connectors
import Contracts
import Store
import SyncCore

/// Keeps what is sent for people whom marketing does not know by an id yet, so that one whose answer got lost is found again,
/// whatever became of the CRM record meanwhile (GEN-6).
struct OutboundIntents {
    let store: Store
    let marketing: any MarketingPlatform & MarketingDestination
    let context: OutboundContext
    let clock: any WallClock
    let lease: Lease

    /// How long people may be looked for before inbound gets its turn: an import leaves 250 at once.
    private static let patience = Duration.seconds(10)

    // MARK: Before and after the calls

    /// Notes what these items are about to send; returns those that send for a new person.
    func note(_ indexes: some Sequence<Int>, of batch: OutboundBatch) async throws(StoreError) -> [(index: Int, key: RecordKey)] {
        let now = clock.now()
        let intents = indexes.compactMap { index in
            intent(of: batch.items[index], at: now).map { (index: index, intent: $0) }
        }
        if !intents.isEmpty { try await store.noteCreations(intents.map(\.intent), lease: lease, now: now) }
        return intents.map { ($0.index, $0.intent.key) }
    }

    /// Forgets those that certainly made nobody known: they were refused, or their turn did not come. Where somebody was, the
    /// intent goes with the link that comes.
    func forgetUnsent(_ noted: [(index: Int, key: RecordKey)], of batch: OutboundBatch) async throws(StoreError) {
        let unsent = noted.filter { batch.items[$0.index].hasMadeNobodyKnown }
        guard !unsent.isEmpty else { return }
        try await store.forgetCreations(unsent.map(\.key), lease: lease, now: clock.now())
    }

    private func intent(of item: OutboundBatch.Item, at now: Timestamp) -> CreationIntent? {
        guard item.object.isPerson, item.resolution.outcome == .create, let id = item.resolution.link?.crmID,
            let email = item.resolution.email
        else { return nil }
        return CreationIntent(key: context.key(item.object, id), email: email, sentAt: now)
    }

    // MARK: The next turn

    /// What became of people whose answer got lost.
    struct Recovery {
        /// Those who are known now, to be kept.
        var known: [OutboundBatch.Item] = []
        /// Why it could not be found out for a row; nothing may be decided about its record until it is.
        var unclear: [Int64: SyncError] = [:]
        /// The records of whose people inbound is about to make one: that comes first.
        var early: Set<String> = []
        /// The rows whose people are looked for in the next turn.
        var postponed: Set<Int64> = []
    }

    /// Looks for the people of records that have an intent, and forgets the intents that led to nobody.
    func recover(_ rows: [QueueRow], _ facts: OutboundFacts) async throws -> Recovery {
        var recovery = Recovery()
        let records = rows.compactMap { row in
            CRMObject(rawValue: row.key.object).flatMap { object in
                object.isPerson ? (row: row, object: object, id: facts.states.id(of: row, object)) : nil
            }
        }
        let intents = try await store.creations(integration: context.integration, crmIDs: records.map(\.id))
        guard !intents.isEmpty else { return recovery }
        var taken: Set<String> = []
        var inVain: [RecordKey] = []
        let end = clock.now().advanced(by: Self.patience)
        for (row, object, id) in records {
            guard let intent = intents[context.key(object, id)] else { continue }
            guard clock.now() < end else {
                recovery.postponed.insert(row.id)
                continue
            }
            do {
                let found = try await person(of: intent, object, facts.links[object]?[id])
                if found?.outcome == .wait {
                    recovery.early.insert(row.key.recordID)
                } else if let found, let id = found.link?.marketingID, taken.insert(id).inserted {
                    var item = OutboundBatch.Item(row: row, object: object, record: nil, resolution: found, person: nil)
                    item.result = .success(id)
                    recovery.known.append(item)
                } else {
                    inVain.append(intent.key)
                }
            } catch let error as SyncError {
                try await endTurn(after: error)
                recovery.unclear[row.id] = error
            }
        }
        if !inVain.isEmpty { try await store.forgetCreations(inVain, lease: lease, now: clock.now()) }
        return recovery
    }

    private func person(
        of intent: CreationIntent, _ object: CRMObject, _ recordLink: Link?
    ) async throws -> OutboundResolution? {
        guard let person = try await marketing.contact(email: intent.email) else { return nil }
        let link = try await store.links(integration: context.integration, marketingIDs: [person.id])[person.id]?[object]
        if link?.state == .creating { return OutboundResolution(.wait) }
        return OutboundRules.recovered(
            intent, as: person.id, updatedAt: person.updatedAt, links: [link, recordLink].compactMap(\.self), in: context,
            now: clock.now())
    }

    /// Throws when it was not this person's lookup alone that failed.
    private func endTurn(after error: SyncError) async throws(SyncError) {
        switch error.errorClass {
        case .rateLimited, .auth: throw error
        case .transient, .inDoubt: try await marketing.probe()
        case .lock, .permanent, .schema: break
        }
    }
}

extension OutboundBatch.Item {
    fileprivate var hasMadeNobodyKnown: Bool {
        if isInDoubt { return false }
        if case .success = result { return false }
        return true
    }
}

extension CRMReadResult {
    /// The record's own form of its id: other producers may know it by the short one.
    fileprivate func id(of row: QueueRow, _ object: CRMObject) -> String {
        byID[object]?[row.key.recordID]?.id ?? row.key.recordID
    }
}
