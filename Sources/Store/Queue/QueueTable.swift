import Contracts
import GRDB
import SyncCore

/// The table `queue`: one row per integration, direction, object and record.
enum QueueTable {
    /// What merging needs to know of a row.
    struct Existing {
        var id: Int64
        var state: QueueState
        var change: PendingChange
    }

    /// A record whose row went: nothing waits for it any more.
    struct Settled {
        var integration: Int64
        var object: String
        var recordID: String
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
                    row: Existing(id: try row.value(1), state: try QueueState(row, 2), change: try change(row, 3))
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

    /// Puts the merged change into a row, which is ready at once whatever it waited for, unless it is on its way in an
    /// import. A parked row was not waiting, so its window starts anew.
    static func replace(
        _ row: Existing, with change: String, integration: Int64, direction: Direction, now: Timestamp,
        counts: inout QueueCounts, _ db: Database
    ) throws {
        let sql = """
            UPDATE queue SET version = version + 1, state = CASE WHEN state = 3 THEN 3 ELSE 0 END, attempts = 0, next_at = NULL, parked_at = NULL, error_code = NULL,
                error = NULL, first_at = CASE WHEN state = 2 THEN ? ELSE first_at END, changed_at = ?, change = ?
            WHERE id = ?
            """
        try db.run(sql, [now.milliseconds, now.milliseconds, change, row.id])
        guard row.state != .importing else { return }
        counts.add(-1, integration: integration, direction: direction, state: row.state)
        counts.add(1, integration: integration, direction: direction, state: .ready)
    }

    /// Returns the record if its row went.
    static func settle(
        _ settlement: Settlement, direction: Direction, now: Timestamp, counts: inout QueueCounts, _ db: Database
    ) throws -> Settled? {
        let version: StatementArguments = [settlement.rowID, settlement.version, direction.stored]
        let sql = "SELECT integration_id, object, record_id, state FROM queue WHERE id = ? AND version = ? AND direction = ?"
        let row = try db.firstRow(sql, version) { row in
            let record = Settled(integration: try row.value(0), object: try row.value(1), recordID: try row.value(2))
            return (record: record, state: try QueueState(row, 3))
        }
        guard let (record, state) = row else {
            // A newer change was merged in meanwhile. Unless it goes with what was to be tried again, only it waits now.
            switch settlement.result {
            case .retry, .wait: return nil
            case .done, .park: break
            }
            let sql = "UPDATE queue SET first_at = changed_at WHERE id = ? AND version <> ? AND direction = ?"
            try db.run(sql, version)
            return nil
        }
        counts.add(-1, integration: record.integration, direction: direction, state: state)
        switch settlement.result {
        case .done:
            try db.run("DELETE FROM queue WHERE id = ?", [settlement.rowID])
            return record
        case .retry(let at, let error):
            let sql = """
                UPDATE queue SET state = 1, attempts = attempts + 1, next_at = ?, error_code = ?, error = ? WHERE id = ?
                """
            try db.run(sql, [at.milliseconds, error.code, try codableText(error), settlement.rowID])
            counts.add(1, integration: record.integration, direction: direction, state: .delayed)
        case .wait(let until):
            try db.run("UPDATE queue SET state = 1, next_at = ? WHERE id = ?", [until.milliseconds, settlement.rowID])
            counts.add(1, integration: record.integration, direction: direction, state: .delayed)
        case .park(let error):
            let sql = """
                UPDATE queue SET state = 2, attempts = attempts + 1, next_at = NULL, parked_at = ?, error_code = ?, error = ?
                WHERE id = ?
                """
            try db.run(sql, [now.milliseconds, error.code, try codableText(error), settlement.rowID])
            counts.add(1, integration: record.integration, direction: direction, state: .parked)
        }
        return nil
    }

    /// Marks a row as on its way: nobody takes it until it is taken back or settled.
    static func sendOff(
        _ id: Int64, _ key: RecordKey, direction: Direction, counts: inout QueueCounts, _ db: Database
    ) throws {
        let sql = "SELECT integration_id, state FROM queue WHERE id = ? AND direction = ?"
        let found = try db.firstRow(sql, [id, direction.stored]) { row in
            (integration: try row.value(0) as Int64, state: try QueueState(row, 1))
        }
        guard let found, found.state == .ready || found.state == .delayed else {
            throw StoreError(code: "not-queued", message: "\(key) does not wait in the queue")
        }
        try db.run("UPDATE queue SET state = 3, next_at = NULL WHERE id = ?", [id])
        counts.add(-1, integration: found.integration, direction: direction, state: found.state)
        counts.add(1, integration: found.integration, direction: direction, state: .importing)
    }

    /// Makes a row ready that is still marked as on its way.
    static func takeBack(_ id: Int64, direction: Direction, counts: inout QueueCounts, _ db: Database) throws {
        let sql = "SELECT integration_id FROM queue WHERE id = ? AND direction = ? AND state = 3"
        guard let integration = try db.firstRow(sql, [id, direction.stored], { try $0.value(0) as Int64 }) else { return }
        try db.run("UPDATE queue SET state = 0 WHERE id = ?", [id])
        counts.add(-1, integration: integration, direction: direction, state: .importing)
        counts.add(1, integration: integration, direction: direction, state: .ready)
    }

    /// Makes parked rows ready, all or those with this error code; how many there were.
    static func retryParked(integration: Int64, direction: Direction, code: String?, now: Timestamp, _ db: Database) throws -> Int
    {
        let sql = """
            UPDATE queue SET state = 0, attempts = 0, parked_at = NULL, error_code = NULL, error = NULL, changed_at = ?
            WHERE integration_id = ? AND direction = ? AND state = 2
            """
        let arguments: StatementArguments = [now.milliseconds, integration, direction.stored]
        if let code {
            try db.run(sql + " AND error_code = ?", arguments + [code])
        } else {
            try db.run(sql, arguments)
        }
        return db.changesCount
    }

    /// The columns that ``row(of:_:)`` reads.
    static let rowColumns = "id, object, record_id, version, change, attempts, first_at"

    static func row(of integration: String, _ row: Row) throws -> QueueRow {
        let key = RecordKey(integration: integration, object: try row.value(1), recordID: try row.value(2))
        return QueueRow(
            id: try row.value(0), key: key, version: try row.value(3), change: try change(row, 4),
            attempts: try row.value(5), firstAt: try row.timestamp(6))
    }

    static func change(_ row: Row, _ index: Int) throws -> PendingChange {
        guard let change = PendingChange(json: try row.json(index)) else { throw StoreError.unreadable("a queued change") }
        return change
    }
}
