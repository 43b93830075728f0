public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// Writes down what became of rows that were worked on, in one transaction: the rows, their links and their history, the
    /// tags they ask for and the records that are to be looked at next.
    ///
    /// A row into which a newer change was merged meanwhile stays, to wait for its own turn. Throws `lease-lost` when
    /// `lease` is not the current one or has expired at `now`.
    public func settle(
        _ settlements: [Settlement], direction: Direction, lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            try Self.settle(settlements, direction: direction, now: now, db)
        }
    }

    static func settle(_ settlements: [Settlement], direction: Direction, now: Timestamp, _ db: Database) throws {
        var names = IntegrationNames(db)
        var counts = QueueCounts()
        var outdated: [RecordKey] = []
        for settlement in settlements {
            let settled = try QueueTable.settle(settlement, direction: direction, now: now, counts: &counts, db)
            if direction == .outbound, let settled {
                outdated += [try PassedOverTable.note(settled, rival: settlement.rival, db)].compactMap(\.self)
            }
            for order in settlement.tags {
                let integration = try names.id(of: order.integration)
                try TagTable.order(order.change, integration: integration, contactID: order.contactID, now: now, db)
            }
        }
        // Not before every row is settled: a touch would make a newer version of one, and a record is passed over for links as
        // they were before.
        let links = settlements.flatMap(\.links)
        try keep(links, now: now, names: &names, counts: &counts, db)
        if direction == .outbound { try CreationTable.forget(for: links, names: &names, db) }
        for intent in settlements.compactMap(\.creation) {
            try CreationTable.save(intent, integration: names.id(of: intent.key.integration), db)
        }
        try QueueTable.touch(outdated, direction: .outbound, now: now, names: &names, counts: &counts, db)
        for settlement in settlements {
            try QueueTable.touch(settlement.touches, direction: .outbound, now: now, names: &names, counts: &counts, db)
            try QueueTable.touch(settlement.inboundTouches, direction: .inbound, now: now, names: &names, counts: &counts, db)
        }
        try counts.save(db)
        try HistoryTable.append(settlements.flatMap(\.history), names: &names, db)
    }

    /// Saves links, and has those looked at again who were passed over for what the links are no more.
    static func keep(
        _ links: [Link], now: Timestamp, names: inout IntegrationNames, counts: inout QueueCounts, _ db: Database
    ) throws {
        for link in links {
            let integration = try names.id(of: link.integration)
            try LinkTable.save(link, integration: integration, now: now, db)
            let released = try PassedOverTable.release(by: link, integration: integration, db)
            try QueueTable.touch(released, direction: .outbound, now: now, names: &names, counts: &counts, db)
        }
    }

    /// Keeps links in one transaction, with what the history is to say of them: the intents before creates are sent (GEN-6), and
    /// links that turned out to have ended.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func saveLinks(
        _ links: [Link], history: [HistoryEntry] = [], lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            var counts = QueueCounts()
            try Self.keep(links, now: now, names: &names, counts: &counts, db)
            try counts.save(db)
            try HistoryTable.append(history, names: &names, db)
        }
    }
}
