public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// Notes a bulk write before its job is asked for. Its inbound rows are not taken until they are settled; changes merged
    /// into them meanwhile wait.
    ///
    /// Throws `not-queued` when a row is gone, parked or on its way already, and `lease-lost` when `lease` is not the current
    /// one or has expired at `now`.
    public func openBulkWrite(
        _ rows: [BulkRow], integration: String, object: CRMObject, operation: String, lease: Lease, now: Timestamp
    ) async throws(StoreError) -> BulkWrite {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            var counts = QueueCounts()
            for row in rows { try QueueTable.sendOff(row.rowID, row.key, direction: .inbound, counts: &counts, db) }
            try counts.save(db)
            let bulk = BulkWrite(
                id: 0, integration: integration, object: object, operation: operation, jobID: nil, startedAt: now)
            return try BulkTable.insert(bulk, rows, integration: names.id(of: integration), db)
        }
    }

    /// Keeps the CRM's id of a job, before it is given any records.
    ///
    /// Throws `unknown-bulk-write` when it was settled or given up, and `lease-lost` when `lease` is not the current one or has
    /// expired at `now`.
    public func setBulkJob(_ id: Int64, jobID: String, lease: Lease, now: Timestamp) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            try db.run("UPDATE bulk_writes SET job_id = ? WHERE id = ?", [jobID, id])
            guard db.changesCount == 1 else {
                throw StoreError(code: "unknown-bulk-write", message: "there is no bulk write \(id) under way")
            }
        }
    }

    /// The bulk writes with rows that are not settled yet, oldest first.
    public func bulkWrites(integration: String) async throws(StoreError) -> [BulkWrite] {
        try await read { db in try BulkTable.all(integration, db) }
    }

    /// Some of the rows that are not settled yet.
    public func bulkRows(of bulk: BulkWrite, limit: Int) async throws(StoreError) -> [BulkRow] {
        try await read { db in try BulkTable.rows(of: bulk, limit: limit, db) }
    }

    /// Settles rows of a bulk write in one transaction, and forgets it with the last of them. Rows without a settlement, and
    /// those that changed meanwhile, are ready again.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func settleBulkRows(
        _ rows: [BulkRow], of bulk: BulkWrite, settlements: [Settlement], lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            // What was settled before, by another worker or before an answer got lost, stays as it was settled.
            let open = try BulkTable.remove(rows.map(\.rowID), of: bulk.id, db)
            try Self.settle(settlements.filter { open.contains($0.rowID) }, direction: .inbound, now: now, db)
            var counts = QueueCounts()
            for row in open { try QueueTable.takeBack(row, direction: .inbound, counts: &counts, db) }
            try counts.save(db)
        }
    }
}
