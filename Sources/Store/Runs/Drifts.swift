public import Contracts
import GRDB
public import SyncCore

/// A drift as it is kept.
public struct StoredDrift: Sendable, Hashable {
    public var id: Int64
    public var drift: Drift
    public var run: Int64
    public var foundAt: Timestamp
}

extension Store {
    /// What runs found and nobody could confirm yet, the oldest first.
    public func suspectedDrifts(
        integration: String, afterID: Int64 = 0, limit: Int
    ) async throws(StoreError) -> [StoredDrift] {
        try await read { db in try DriftTable.drifts(integration, state: .suspected, afterID: afterID, limit: limit, db) }
    }

    /// What runs found and confirmed, the oldest first.
    public func drifts(integration: String, afterID: Int64 = 0, limit: Int) async throws(StoreError) -> [StoredDrift] {
        try await read { db in try DriftTable.drifts(integration, state: .reported, afterID: afterID, limit: limit, db) }
    }

    public func driftCount(integration: String) async throws(StoreError) -> Int {
        try await read { db in
            let sql = """
                SELECT COUNT(*) FROM drifts WHERE integration_id = \(IntegrationNames.idOfName) AND state = 'reported'
                """
            return try db.firstRow(sql, [integration]) { try $0.value(0) } ?? 0
        }
    }

    /// Settles suspicions: confirmed ones are reported, the rest is forgotten. Throws `lease-lost`.
    public func settleSuspicions(
        confirmed: [Int64], dropped: [Int64], lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            for id in confirmed { try db.run("UPDATE drifts SET state = 'reported' WHERE id = ?", [id]) }
            for id in dropped { try DriftTable.forget(id, db) }
        }
    }

    /// Keeps the links of a repair, queues what is to be looked at for it, and forgets the drifts, all at once.
    /// Throws `lease-lost`.
    public func repair(
        _ drifts: [Int64], links: [Link], inbound: [QueueEntry], outbound: [QueueEntry], history: [HistoryEntry], lease: Lease,
        now: Timestamp
    ) async throws(StoreError) {
        let groups = [(Direction.inbound, QueueBatch.groups(of: inbound)), (.outbound, QueueBatch.groups(of: outbound))]
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            var counts = QueueCounts()
            try Self.keep(links, now: now, names: &names, counts: &counts, db)
            for (direction, groups) in groups {
                for group in groups {
                    _ = try QueueTable.enqueue(group, direction: direction, now: now, names: &names, counts: &counts, db)
                }
            }
            try counts.save(db)
            try HistoryTable.append(history, names: &names, db)
            for id in drifts { try DriftTable.forget(id, db) }
        }
    }
}

/// The table `drifts`.
enum DriftTable {
    enum State: String { case suspected, reported }

    static func drifts(
        _ integration: String, state: State, afterID: Int64, limit: Int, _ db: Database
    ) throws -> [StoredDrift] {
        let sql = """
            SELECT id, object, marketing_id, field, side, crm_id, agreed, found, run_id, found_at FROM drifts
            WHERE integration_id = \(IntegrationNames.idOfName) AND state = ? AND id > ? ORDER BY id LIMIT ?
            """
        return try db.rows(sql, [integration, state.rawValue, afterID, limit]) { row in
            guard let agreed = FieldValue(json: try row.json(6)), let found = FieldValue(json: try row.json(7)) else {
                throw StoreError.unreadable("a drift")
            }
            var link = Link(
                integration: integration, object: try row.named(1), marketingID: try row.value(2), crmID: try row.value(5),
                externalID: "", state: .linked)
            let field: String = try row.value(3)
            link.base[field] = agreed
            return StoredDrift(
                id: try row.value(0), drift: Drift(link, field: field, side: try row.named(4), found: found),
                run: try row.value(8), foundAt: try row.timestamp(9))
        }
    }

    /// A drift that was reported before is suspected anew: it may be another one by now.
    static func suspect(
        _ drift: Drift, run: Int64, now: Timestamp, names: inout IntegrationNames, _ db: Database
    ) throws {
        let sql = """
            INSERT INTO drifts (integration_id, object, marketing_id, field, side, crm_id, agreed, found, run_id, found_at, state)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'suspected')
            ON CONFLICT (integration_id, object, marketing_id, field, side) DO UPDATE SET crm_id = excluded.crm_id,
                agreed = excluded.agreed, found = excluded.found, run_id = excluded.run_id, found_at = excluded.found_at,
                state = excluded.state
            """
        try db.run(
            sql,
            [
                try names.id(of: drift.integration), drift.object.rawValue, drift.marketingID, drift.field, drift.side.rawValue,
                drift.crmID, drift.agreed.json.text, drift.found.json.text, run, now.milliseconds,
            ])
    }

    static func forget(_ id: Int64, _ db: Database) throws { try db.run("DELETE FROM drifts WHERE id = ?", [id]) }

    static func forgetAll(integration: Int64, _ db: Database) throws {
        try db.run("DELETE FROM drifts WHERE integration_id = ?", [integration])
    }
}
