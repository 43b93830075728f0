public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// Keeps a reading, unless a later one is there.
    public func recordUsage(integration: String, used: Int, limit: Int, at: Timestamp) async throws(StoreError) {
        try await write { db in
            var names = IntegrationNames(db)
            let sql = """
                INSERT INTO api_usage (integration_id, used, quota, at) VALUES (?, ?, ?, ?)
                ON CONFLICT (integration_id) DO UPDATE SET used = excluded.used, quota = excluded.quota, at = excluded.at
                WHERE excluded.at >= api_usage.at
                """
            try db.run(sql, [try names.id(of: integration), used, limit, at.milliseconds])
        }
    }

    /// The latest reading.
    public func usage(of integration: String) async throws(StoreError) -> APIUsage? {
        try await read { db in
            let sql = "SELECT used, quota, at FROM api_usage WHERE integration_id = \(IntegrationNames.idOfName)"
            return try db.firstRow(sql, [integration]) { row in
                APIUsage(used: try row.value(0), limit: try row.value(1), at: try row.timestamp(2))
            }
        }
    }
}
