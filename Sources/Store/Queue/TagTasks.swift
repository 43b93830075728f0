public import Contracts
import GRDB
public import SyncCore

/// A tag to be put on a person in marketing at once (IN-4).
public struct TagTask: Sendable, Hashable {
    public var id: Int64
    public var integration: String
    public var contactID: String
    public var tag: String
    /// Failed tries so far.
    public var attempts: Int

    public init(id: Int64, integration: String, contactID: String, tag: String, attempts: Int) {
        self.id = id
        self.integration = integration
        self.contactID = contactID
        self.tag = tag
        self.attempts = attempts
    }
}

extension Store {
    /// The tags that may be put on now, oldest first. Does not change them: whoever works on them holds the lease.
    public func tagTasks(integration: String, limit: Int, now: Timestamp) async throws(StoreError) -> [TagTask] {
        guard limit > 0 else { return [] }
        return try await read { db in
            let sql = """
                SELECT id, contact_id, tag, attempts FROM tag_tasks
                WHERE integration_id = \(IntegrationNames.idOfName) AND (state = 0 OR state = 1 AND next_at <= ?)
                ORDER BY first_at, id LIMIT ?
                """
            return try db.rows(sql, [integration, now.milliseconds, limit]) { row in
                TagTask(
                    id: try row.value(0), integration: integration, contactID: try row.value(1), tag: try row.value(2),
                    attempts: try row.value(3))
            }
        }
    }

    /// The tags that still wait to be put on these people, by contact.
    public func pendingTags(integration: String, contactIDs: [String]) async throws(StoreError) -> [String: [String]] {
        try await read { db in
            var pending: [String: [String]] = [:]
            try KeyBatch.forEach(contactIDs) { placeholders, batch in
                let sql = """
                    SELECT contact_id, tag FROM tag_tasks
                    WHERE integration_id = \(IntegrationNames.idOfName) AND state <> 2 AND contact_id IN (\(placeholders))
                    ORDER BY id
                    """
                let rows = try db.rows(sql, [integration] + StatementArguments(batch)) { row in
                    (contact: try row.value(0) as String, tag: try row.value(1) as String)
                }
                for row in rows { pending[row.contact, default: []].append(row.tag) }
            }
            return pending
        }
    }

    /// How many tags wait.
    public func tagDepth(integration: String, now: Timestamp) async throws(StoreError) -> QueueDepth {
        try await read { db in
            let sql = """
                SELECT COUNT(CASE WHEN state <> 2 THEN 1 END), COUNT(CASE WHEN state = 0 OR state = 1 AND next_at <= ? THEN 1 END),
                    MIN(CASE WHEN state = 0 OR state = 1 AND next_at <= ? THEN first_at END),
                    MIN(CASE WHEN state = 1 AND next_at > ? THEN next_at END), COUNT(CASE WHEN state = 2 THEN 1 END)
                FROM tag_tasks WHERE integration_id = \(IntegrationNames.idOfName)
                """
            let at = now.milliseconds
            return try db.firstRow(sql, [at, at, at, integration]) { row in
                QueueDepth(
                    waiting: try row.value(0), ready: try row.value(1), oldest: try row.optionalTimestamp(2),
                    nextAttempt: try row.optionalTimestamp(3), parked: try row.value(4))
            } ?? QueueDepth()
        }
    }

    /// Tags that could not be put on, oldest first.
    public func parkedTags(
        integration: String, limit: Int
    ) async throws(StoreError) -> [(contactID: String, tag: String, error: SyncError)] {
        try await read { db in
            let sql = """
                SELECT contact_id, tag, error FROM tag_tasks
                WHERE integration_id = \(IntegrationNames.idOfName) AND state = 2 ORDER BY id LIMIT ?
                """
            return try db.rows(sql, [integration, limit]) { row in
                (contactID: try row.value(0), tag: try row.value(1), error: try row.codable(2))
            }
        }
    }

    /// Lets parked tags, or those parked with `code`, be tried again. Returns how many.
    public func retryParkedTags(integration: String, code: String?, now: Timestamp) async throws(StoreError) -> Int {
        let parked = try await parkedTags(integration: integration, limit: Int(Int32.max))
        let chosen = parked.filter { code == nil || $0.error.code == code }
        try await write { db in
            var names = IntegrationNames(db)
            let id = try names.id(of: integration)
            for task in chosen {
                try TagTable.add(integration: id, contactID: task.contactID, tag: task.tag, now: now, db)
            }
        }
        return chosen.count
    }

    /// Writes down what became of tags that were worked on, in one transaction.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired.
    public func settleTags(
        done: [Int64] = [], retry: [(id: Int64, at: Timestamp, error: SyncError)] = [],
        parked: [(id: Int64, error: SyncError)] = [], lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            for id in done { try db.run("DELETE FROM tag_tasks WHERE id = ?", [id]) }
            for task in retry {
                let sql = "UPDATE tag_tasks SET state = 1, attempts = attempts + 1, next_at = ?, error = ? WHERE id = ?"
                try db.run(sql, [task.at.milliseconds, try codableText(task.error), task.id])
            }
            for task in parked {
                let sql = "UPDATE tag_tasks SET state = 2, attempts = attempts + 1, next_at = NULL, error = ? WHERE id = ?"
                try db.run(sql, [try codableText(task.error), task.id])
            }
        }
    }
}

/// The table `tag_tasks`: one row per integration, person and tag.
enum TagTable {
    /// Adds a task. One that waits already stays as it is; one that was parked is tried anew.
    static func add(integration: Int64, contactID: String, tag: String, now: Timestamp, _ db: Database) throws {
        let sql = """
            INSERT INTO tag_tasks (integration_id, contact_id, tag, state, attempts, first_at) VALUES (?, ?, ?, 0, 0, ?)
            ON CONFLICT (integration_id, contact_id, tag) DO UPDATE
            SET state = 0, attempts = 0, first_at = excluded.first_at, error = NULL WHERE tag_tasks.state = 2
            """
        try db.run(sql, [integration, contactID, tag, now.milliseconds])
    }
}
