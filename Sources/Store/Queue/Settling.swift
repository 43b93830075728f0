public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// Writes down what became of rows that were worked on, in one transaction: the rows, their links and their history.
    ///
    /// A row into which a newer change was merged meanwhile stays, to wait for its own turn. Throws `lease-lost` when
    /// `lease` is not the current one or has expired at `now`.
    public func settle(
        _ settlements: [Settlement], direction: Direction, lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            var counts = QueueCounts()
            for settlement in settlements {
                try QueueTable.settle(settlement, direction: direction, now: now, counts: &counts, db)
                for link in settlement.links {
                    try LinkTable.save(link, integration: names.id(of: link.integration), now: now, db)
                }
            }
            try counts.save(db)
            try HistoryTable.append(settlements.flatMap(\.history), names: &names, db)
        }
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
