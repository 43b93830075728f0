public import Contracts
import GRDB
public import SyncCore

/// Why an integration's direction stands still by itself (a rate limit, refused credentials).
public struct Hold: Sendable, Hashable {
    /// `nil`: until someone releases it.
    public var until: Timestamp?
    public var reason: SyncError
    public var since: Timestamp

    public init(until: Timestamp?, reason: SyncError, since: Timestamp) {
        self.until = until
        self.reason = reason
        self.since = since
    }

    public func isActive(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }
}

extension Store {
    /// Lets nothing of the integration's direction be tried before `until`. The newest hold counts.
    public func hold(
        integration: String, direction: Direction, until: Timestamp?, reason: SyncError, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            var names = IntegrationNames(db)
            let sql = """
                INSERT INTO holds (integration_id, direction, until_at, reason, since) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (integration_id, direction) DO UPDATE
                SET until_at = excluded.until_at, reason = excluded.reason, since = excluded.since
                """
            let id = try names.id(of: integration)
            try db.run(sql, [id, direction.stored, until?.milliseconds, try codableText(reason), now.milliseconds])
        }
    }

    /// The newest hold that was not released, also when its time is over: see ``Hold/isActive(at:)``.
    public func hold(of integration: String, direction: Direction) async throws(StoreError) -> Hold? {
        try await read { db in
            let sql = """
                SELECT until_at, reason, since FROM holds
                WHERE integration_id = \(IntegrationNames.idOfName) AND direction = ?
                """
            return try db.firstRow(sql, [integration, direction.stored]) { row in
                Hold(until: try row.optionalTimestamp(0), reason: try row.codable(1), since: try row.timestamp(2))
            }
        }
    }

    /// Lets work go on at once. Nothing happens when there is no hold.
    public func releaseHold(integration: String, direction: Direction) async throws(StoreError) {
        try await write { db in
            let sql = "DELETE FROM holds WHERE integration_id = \(IntegrationNames.idOfName) AND direction = ?"
            try db.run(sql, [integration, direction.stored])
        }
    }
}

/// The table `holds`.
enum HoldTable {
    static func forgetAll(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM holds WHERE integration_id = ?", [id])
    }
}
