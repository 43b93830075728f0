public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// Keeps a reading, unless a later one is there.
    public func recordUsage(integration: String, used: Int, limit: Int, at: Timestamp) async throws(StoreError) {
        try await write { db in
            let known = try UsageTable.usage(of: integration, db)
            guard known.map({ $0.at <= at }) ?? true else { return }
            let usage = known?.followed(by: used, limit: limit, at: at) ?? APIUsage(used: used, limit: limit, at: at)
            var names = IntegrationNames(db)
            try UsageTable.save(usage, integration: names.id(of: integration), db)
        }
    }

    /// The latest reading.
    public func usage(of integration: String) async throws(StoreError) -> APIUsage? {
        try await read { db in try UsageTable.usage(of: integration, db) }
    }
}

enum UsageTable {
    static func save(_ usage: APIUsage, integration: Int64, _ db: Database) throws {
        let sql = """
            INSERT INTO api_usage (integration_id, used, quota, at, start_used, start_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (integration_id) DO UPDATE SET
                used = excluded.used, quota = excluded.quota, at = excluded.at,
                start_used = excluded.start_used, start_at = excluded.start_at
            """
        try db.run(
            sql,
            [
                integration, usage.used, usage.limit, usage.at.milliseconds, usage.start?.used, usage.start?.at.milliseconds,
            ])
    }

    static func usage(of integration: String, _ db: Database) throws -> APIUsage? {
        let sql = """
            SELECT used, quota, at, start_used, start_at FROM api_usage WHERE integration_id = \(IntegrationNames.idOfName)
            """
        return try db.firstRow(sql, [integration]) { row in
            let start: (used: Int?, at: Timestamp?) = (try row.value(3), try row.optionalTimestamp(4))
            var usage = APIUsage(used: try row.value(0), limit: try row.value(1), at: try row.timestamp(2))
            if let used = start.used, let at = start.at { usage.start = APIUsage.Start(used: used, at: at) }
            return usage
        }
    }
}
