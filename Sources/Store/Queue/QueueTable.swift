import Contracts
import GRDB
import SyncCore

/// The table `queue`: one row per integration, direction, object and record.
enum QueueTable {
    /// What merging needs to know of a row.
    struct Existing {
        var id: Int64
        var state: Int64
        var change: PendingChange
    }

    static func existing(
        integration: Int64, direction: Direction, object: String, recordIDs: [String], _ db: Database
    ) throws -> [String: Existing] {
        var found: [String: Existing] = [:]
        try KeyBatch.forEach(recordIDs) { placeholders, batch in
            let sql = """
                SELECT record_id, id, state, change FROM queue
                WHERE integration_id = ? AND direction = ? AND object = ? AND record_id IN (\(placeholders))
                """
            let rows = try db.rows(sql, [integration, direction.stored, object] + StatementArguments(batch)) { row in
                (
                    recordID: try row.value(0) as String,
                    row: Existing(id: try row.value(1), state: try row.value(2), change: try change(row, 3))
                )
            }
            for (recordID, row) in rows { found[recordID] = row }
        }
        return found
    }

    static func insert(
        integration: Int64, direction: Direction, key: RecordKey, change: String, now: Timestamp, _ db: Database
    ) throws {
        let sql = """
            INSERT INTO queue (integration_id, direction, object, record_id, version, state, attempts, first_at, changed_at, change)
            VALUES (?, ?, ?, ?, 1, 0, 0, ?, ?, ?)
            """
        let at = now.milliseconds
        try db.run(sql, [integration, direction.stored, key.object, key.recordID, at, at, change])
    }

    /// Puts the merged change into a row, which is ready at once whatever it waited for. A parked row was not waiting, so
    /// its window starts anew.
    static func replace(_ row: Existing, with change: String, now: Timestamp, _ db: Database) throws {
        let sql = """
            UPDATE queue SET version = version + 1, state = 0, attempts = 0, next_at = NULL, parked_at = NULL, error_code = NULL,
                error = NULL, first_at = CASE WHEN state = 2 THEN ? ELSE first_at END, changed_at = ?, change = ?
            WHERE id = ?
            """
        try db.run(sql, [now.milliseconds, now.milliseconds, change, row.id])
    }

    static func settle(_ settlement: Settlement, direction: Direction, now: Timestamp, _ db: Database) throws {
        let row = [settlement.rowID, settlement.version, direction.stored]
        switch settlement.result {
        case .done:
            try db.run("DELETE FROM queue WHERE id = ? AND version = ? AND direction = ?", StatementArguments(row))
        case .retry(let at, let error):
            let sql = """
                UPDATE queue SET state = 1, attempts = attempts + 1, next_at = ?, error_code = ?, error = ?
                WHERE id = ? AND version = ? AND direction = ?
                """
            let values: StatementArguments = [at.milliseconds, error.code, try codableText(error)]
            // The newer change is tried without delay.
            try db.run(sql, values + StatementArguments(row))
            return
        case .park(let error):
            let sql = """
                UPDATE queue SET state = 2, attempts = attempts + 1, next_at = NULL, parked_at = ?, error_code = ?, error = ?
                WHERE id = ? AND version = ? AND direction = ?
                """
            let values: StatementArguments = [now.milliseconds, error.code, try codableText(error)]
            try db.run(sql, values + StatementArguments(row))
        }
        guard db.changesCount == 0 else { return }
        // A newer change was merged in meanwhile; only that one waits now.
        let sql = "UPDATE queue SET first_at = changed_at WHERE id = ? AND version <> ? AND direction = ?"
        try db.run(sql, StatementArguments(row))
    }

    static func change(_ row: Row, _ index: Int) throws -> PendingChange {
        guard let change = PendingChange(json: try row.json(index)) else { throw StoreError.unreadable("a queued change") }
        return change
    }
}
