public import Contracts
import GRDB

extension Store {
    /// The parked records of an integration's direction, oldest row first. `afterID` is the last id of the page before.
    public func parked(
        integration: String, direction: Direction, limit: Int, afterID: Int64 = 0
    ) async throws(StoreError) -> [ParkedRow] {
        guard limit > 0 else { return [] }
        return try await read { db in
            let sql = """
                SELECT id, object, record_id, attempts, parked_at, error FROM queue
                WHERE integration_id = \(IntegrationNames.idOfName) AND direction = ? AND state = 2 AND id > ?
                ORDER BY id LIMIT ?
                """
            return try db.rows(sql, [integration, direction.stored, afterID, limit]) { row in
                let key = RecordKey(integration: integration, object: try row.value(1), recordID: try row.value(2))
                return ParkedRow(
                    id: try row.value(0), key: key, attempts: try row.value(3), since: try row.timestamp(4),
                    error: try row.codable(5))
            }
        }
    }

    /// Makes parked records ready again, all or those with this error code (OPS-2); how many there were.
    ///
    /// They keep their age, so the next drain takes them.
    public func retryParked(integration: String, code: String?, now: Timestamp) async throws(StoreError) -> Int {
        try await write { db in
            var names = IntegrationNames(db)
            let id = try names.id(of: integration)
            var counts = QueueCounts()
            var retried = 0
            for direction in Direction.allCases {
                let rows = try QueueTable.retryParked(integration: id, direction: direction, code: code, now: now, db)
                counts.add(-rows, integration: id, direction: direction, state: .parked)
                counts.add(rows, integration: id, direction: direction, state: .ready)
                retried += rows
            }
            try counts.save(db)
            return retried
        }
    }
}
