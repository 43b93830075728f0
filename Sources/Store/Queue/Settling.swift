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
        for settlement in settlements {
            try QueueTable.settle(settlement, direction: direction, now: now, counts: &counts, db)
            for link in settlement.links {
                let integration = try names.id(of: link.integration)
                try LinkTable.save(link, integration: integration, now: now, db)
                guard direction == .outbound, let crmID = link.crmID else { continue }
                try CreationTable.forget(link.object.rawValue, crmID, integration: integration, db)
            }
            for order in settlement.tags {
                let integration = try names.id(of: order.integration)
                try TagTable.order(order.change, integration: integration, contactID: order.contactID, now: now, db)
            }
        }
        // Not before every row is settled: a touch would make a newer version of one.
        for settlement in settlements {
            try QueueTable.touch(settlement.touches, direction: .outbound, now: now, names: &names, counts: &counts, db)
            try QueueTable.touch(settlement.inboundTouches, direction: .inbound, now: now, names: &names, counts: &counts, db)
        }
        try counts.save(db)
        try HistoryTable.append(settlements.flatMap(\.history), names: &names, db)
    }

    /// Keeps links in one transaction: the intents before creates are sent (GEN-6).
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func saveLinks(_ links: [Link], lease: Lease, now: Timestamp) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            for link in links { try LinkTable.save(link, integration: names.id(of: link.integration), now: now, db) }
        }
    }
}
