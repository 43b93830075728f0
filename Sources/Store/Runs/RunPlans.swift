public import Contracts
import GRDB
public import SyncCore

/// What is known of an integration's settings as far as runs follow from them.
public struct RunPlan: Sendable, Hashable {
    /// The mapped CRM fields when they were looked at last, by object (MAP-8).
    public var mapped: [CRMObject: [String]]
    /// As it was when ``fullDueAt`` was worked out.
    public var fullEvery: Int?
    /// When the next full run is due (RUN-1).
    public var fullDueAt: Timestamp?

    public init(mapped: [CRMObject: [String]], fullEvery: Int? = nil, fullDueAt: Timestamp? = nil) {
        self.mapped = mapped
        self.fullEvery = fullEvery
        self.fullDueAt = fullDueAt
    }
}

extension Store {
    /// `nil` for an integration that was never looked at.
    public func runPlan(of integration: String) async throws(StoreError) -> RunPlan? {
        try await read { db in try RunPlanTable.plan(of: integration, db) }
    }

    /// Throws `lease-lost`.
    public func saveRunPlan(
        _ plan: RunPlan, of integration: String, lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            try RunPlanTable.save(plan, integration: names.id(of: integration), db)
        }
    }

    /// The standing links of an object with both sides' ids, by pages in a fixed order; `nil` after the last.
    public func linkedRecords(
        integration: String, object: CRMObject, afterID: Int64, limit: Int = 2_000
    ) async throws(StoreError) -> (links: [LinkedRecord], lastID: Int64)? {
        try await read { db in
            // The plus keeps the index on CRM ids out of it, by which every page would have to sort what is left.
            let sql = """
                SELECT id, crm_id, marketing_id FROM links
                WHERE +integration_id = \(IntegrationNames.idOfName) AND object = ? AND state = 'linked' AND id > ?
                ORDER BY id LIMIT ?
                """
            let rows = try db.rows(sql, [integration, object.rawValue, afterID, limit]) { row in
                (id: try row.value(0) as Int64, link: LinkedRecord(crmID: try row.value(1) ?? "", marketingID: try row.value(2)))
            }
            guard let last = rows.last else { return nil }
            return (rows.map(\.link), last.id)
        }
    }
}

/// The two ids of a link.
public struct LinkedRecord: Sendable, Hashable {
    public var crmID: String
    public var marketingID: String

    public init(crmID: String, marketingID: String) {
        self.crmID = crmID
        self.marketingID = marketingID
    }
}

/// The table `run_plans`.
enum RunPlanTable {
    static func plan(of integration: String, _ db: Database) throws -> RunPlan? {
        let sql = """
            SELECT mapped, full_every, full_due_at FROM run_plans WHERE integration_id = \(IntegrationNames.idOfName)
            """
        return try db.firstRow(sql, [integration]) { row in
            RunPlan(mapped: try row.codable(0), fullEvery: try row.value(1), fullDueAt: try row.optionalTimestamp(2))
        }
    }

    static func save(_ plan: RunPlan, integration: Int64, _ db: Database) throws {
        let sql = """
            INSERT INTO run_plans (integration_id, mapped, full_every, full_due_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (integration_id) DO UPDATE SET mapped = excluded.mapped, full_every = excluded.full_every,
                full_due_at = excluded.full_due_at
            """
        try db.run(sql, [integration, try codableText(plan.mapped), plan.fullEvery, plan.fullDueAt?.milliseconds])
    }

    static func forget(integration: Int64, _ db: Database) throws {
        try db.run("DELETE FROM run_plans WHERE integration_id = ?", [integration])
    }
}
