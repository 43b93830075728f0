public import Contracts
import GRDB
import SyncCore

extension Store {
    /// Queues a batch in one transaction, all changes of a record folded into its one row (IN-2).
    ///
    /// A row that waits for a retry or is parked becomes ready with the new change; one that is on its way in an import waits
    /// until that is settled. A change delivered a second time adds
    /// nothing and leaves its row as it is. `tags` are put on people at once (IN-4); one that waits already is not added again.
    public func enqueue(
        _ entries: [QueueEntry], direction: Direction,
        tags: [(integration: String, contactID: String, tag: String)] = [], now: Timestamp
    ) async throws(StoreError) -> EnqueueResult {
        // Folded and written out before the transaction, which keeps other processes from writing.
        let groups = QueueBatch.groups(of: entries)
        return try await write { db in
            var names = IntegrationNames(db)
            var counts = QueueCounts()
            var inserted = 0
            for group in groups {
                inserted += try QueueTable.enqueue(group, direction: direction, now: now, names: &names, counts: &counts, db)
            }
            try counts.save(db)
            for task in tags {
                let change = TagChange(.add, task.tag)
                try TagTable.order(
                    change, integration: try names.id(of: task.integration), contactID: task.contactID, now: now, db)
            }
            return EnqueueResult(inserted: inserted, merged: entries.count - inserted)
        }
    }

    /// How much waits for an integration's direction. Costs little at any depth.
    public func depth(integration: String, direction: Direction, now: Timestamp) async throws(StoreError) -> QueueDepth {
        try await read { db in
            let scope = "integration_id = \(IntegrationNames.idOfName) AND direction = ?"
            let arguments: StatementArguments = [integration, direction.stored]
            let counts = try QueueCounts.of(integration, direction: direction, db)
            let oldestSQL = "SELECT MIN(first_at) FROM queue WHERE \(scope) AND state = 0"
            let oldest = try db.firstRow(oldestSQL, arguments) { try $0.optionalTimestamp(0) } ?? nil
            // Two ranges of the index on next_at: what is due, and what is not yet.
            let dueSQL = "SELECT COUNT(*), MIN(first_at) FROM queue WHERE \(scope) AND state = 1 AND next_at <= ?"
            let due = try db.firstRow(dueSQL, arguments + [now.milliseconds]) { row in
                (count: try row.value(0) as Int, oldest: try row.optionalTimestamp(1))
            }
            let nextSQL = "SELECT MIN(next_at) FROM queue WHERE \(scope) AND state = 1 AND next_at > ?"
            let next = try db.firstRow(nextSQL, arguments + [now.milliseconds]) { try $0.optionalTimestamp(0) } ?? nil
            let (ready, importing) = (counts[.ready, default: 0], counts[.importing, default: 0])
            return QueueDepth(
                waiting: ready + counts[.delayed, default: 0] + importing,
                ready: ready + (due?.count ?? 0),
                oldest: [oldest, due?.oldest].compactMap { $0 }.min(),
                nextAttempt: next,
                parked: counts[.parked, default: 0])
        }
    }

    /// The rows that may be worked on now, oldest first; none that is on its way in an import. Does not change them: whoever
    /// works on them holds the lease.
    public func take(
        integration: String, direction: Direction, limit: Int, now: Timestamp
    ) async throws(StoreError) -> [QueueRow] {
        guard limit > 0 else { return [] }
        return try await read { db in
            func rows(_ condition: String, _ extra: StatementArguments) throws -> [QueueRow] {
                let sql = """
                    SELECT \(QueueTable.rowColumns) FROM queue
                    WHERE integration_id = \(IntegrationNames.idOfName) AND direction = ? AND \(condition)
                    ORDER BY first_at, id LIMIT ?
                    """
                return try db.rows(sql, [integration, direction.stored] + extra + [limit]) { row in
                    try QueueTable.row(of: integration, row)
                }
            }
            // Apart, so that each follows its index.
            let ready = try rows("state = 0", [])
            let due = try rows("state = 1 AND next_at <= ?", [now.milliseconds])
            return Array((ready + due).sorted { ($0.firstAt, $0.id) < ($1.firstAt, $1.id) }.prefix(limit))
        }
    }
}
