public import Contracts
import GRDB
import SyncCore

extension Store {
    /// Notes an import before it is sent for. Its outbound rows are not taken until it is closed; changes merged into them
    /// meanwhile wait.
    ///
    /// Throws `not-queued` when a row is gone, parked or in another import, and `lease-lost` when `lease` is not the current
    /// one or has expired at `now`.
    public func openImport(
        _ rows: [ImportRow], integration: String, lease: Lease, now: Timestamp
    ) async throws(StoreError) -> ImportJob {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            var counts = QueueCounts()
            for row in rows { try QueueTable.sendOff(row.rowID, row.key, direction: .outbound, counts: &counts, db) }
            try counts.save(db)
            let id = try ImportTable.insert(rows, integration: names.id(of: integration), now: now, db)
            return ImportJob(id: id, integration: integration, batchID: nil, startedAt: now, rows: rows)
        }
    }

    /// Keeps the platform's id of an import, once it was answered.
    ///
    /// Throws `unknown-import` when it was closed, and `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func setImportBatch(_ id: Int64, batchID: String, lease: Lease, now: Timestamp) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            try db.run("UPDATE imports SET batch_id = ? WHERE id = ?", [batchID, id])
            guard db.changesCount == 1 else { throw ImportTable.unknown(id) }
        }
    }

    /// The imports that were not closed yet, oldest first.
    public func imports(integration: String) async throws(StoreError) -> [ImportJob] {
        try await read { db in try ImportTable.jobs(integration, db) }
    }

    /// Settles the rows of an import and forgets it, in one transaction. Rows without a settlement, and those that changed
    /// meanwhile, are ready again.
    ///
    /// Throws `unknown-import` when it was closed, and `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func closeImport(
        _ id: Int64, settlements: [Settlement], lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            guard try ImportTable.exists(id, db) else { throw ImportTable.unknown(id) }
            try Self.settle(settlements, direction: .outbound, now: now, db)
            try ImportTable.drop(id, db)
        }
    }

    /// Which of these people are on their way in an import, or to the CRM in a bulk job.
    public func underImport(integration: String, marketingIDs: [String]) async throws(StoreError) -> Set<String> {
        try await read { db in
            try ImportTable.rows("marketing_id", among: marketingIDs, of: integration, db)
                .union(BulkTable.rows("marketing_id", among: marketingIDs, of: integration, db))
        }
    }

    /// Which of these CRM records are on their way in an import, or being written in a bulk job.
    public func underImport(integration: String, crmIDs: [String]) async throws(StoreError) -> Set<String> {
        try await read { db in
            try ImportTable.rows("record_id", among: crmIDs, of: integration, db)
                .union(BulkTable.rows("crm_id", among: crmIDs, of: integration, db))
        }
    }

    /// Which of these addresses, in lower case, are on their way in an import: new people have no id yet.
    public func underImport(integration: String, emails: [String]) async throws(StoreError) -> Set<String> {
        try await read { db in try ImportTable.rows("LOWER(email)", among: emails, of: integration, db) }
    }
}
