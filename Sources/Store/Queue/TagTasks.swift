public import Contracts
import GRDB
public import SyncCore

/// A tag to be put on a person in marketing, or taken off, at once (IN-4, OUT-4).
public struct TagTask: Sendable, Hashable {
    public var id: Int64
    public var integration: String
    public var contactID: String
    public var tag: String
    public var action: TagChange.Action
    /// Failed tries so far.
    public var attempts: Int

    public init(
        id: Int64, integration: String, contactID: String, tag: String, action: TagChange.Action = .add, attempts: Int
    ) {
        self.id = id
        self.integration = integration
        self.contactID = contactID
        self.tag = tag
        self.action = action
        self.attempts = attempts
    }
}

extension Store {
    /// The tags that may be put on or taken off now, oldest first. Does not change them: whoever works on them holds the lease.
    public func tagTasks(integration: String, limit: Int, now: Timestamp) async throws(StoreError) -> [TagTask] {
        guard limit > 0 else { return [] }
        return try await read { db in
            let sql = """
                SELECT id, contact_id, tag, action, attempts FROM tag_tasks
                WHERE integration_id = \(IntegrationNames.idOfName) AND state IN (0, 1)
                    AND (state = 0 OR next_at <= ?)
                ORDER BY first_at, id LIMIT ?
                """
            return try db.rows(sql, [integration, now.milliseconds, limit]) { row in
                TagTask(
                    id: try row.value(0), integration: integration, contactID: try row.value(1), tag: try row.value(2),
                    action: try row.named(3), attempts: try row.value(4))
            }
        }
    }

    /// The tags that still wait to be put on these people, and those that were put on within the last day, by contact.
    public func pendingTags(integration: String, contactIDs: [String]) async throws(StoreError) -> [String: [PendingTag]] {
        try await read { db in
            var pending: [String: [PendingTag]] = [:]
            try KeyBatch.forEach(contactIDs) { placeholders, batch in
                let sql = """
                    SELECT contact_id, tag, done_at FROM tag_tasks
                    WHERE integration_id = \(IntegrationNames.idOfName) AND action = 'add' AND state <> 2
                        AND contact_id IN (\(placeholders))
                    ORDER BY id
                    """
                let rows = try db.rows(sql, [integration] + StatementArguments(batch)) { row in
                    (contact: try row.value(0) as String, tag: PendingTag(try row.value(1), doneAt: try row.optionalTimestamp(2)))
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
                FROM tag_tasks WHERE integration_id = \(IntegrationNames.idOfName) AND state IN (0, 1, 2)
                """
            let at = now.milliseconds
            return try db.firstRow(sql, [at, at, at, integration]) { row in
                QueueDepth(
                    waiting: try row.value(0), ready: try row.value(1), oldest: try row.optionalTimestamp(2),
                    nextAttempt: try row.optionalTimestamp(3), parked: try row.value(4))
            } ?? QueueDepth()
        }
    }

    /// Tags that could not be put on or taken off, oldest first.
    public func parkedTags(
        integration: String, limit: Int
    ) async throws(StoreError) -> [(contactID: String, tag: String, action: TagChange.Action, error: SyncError)] {
        try await read { db in
            let sql = """
                SELECT contact_id, tag, action, error FROM tag_tasks
                WHERE integration_id = \(IntegrationNames.idOfName) AND state = 2 ORDER BY id LIMIT ?
                """
            return try db.rows(sql, [integration, limit]) { row in
                (contactID: try row.value(0), tag: try row.value(1), action: try row.named(2), error: try row.codable(3))
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
                let change = TagChange(task.action, task.tag)
                try TagTable.order(change, integration: id, contactID: task.contactID, now: now, db)
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
            for id in done { try TagTable.finish(id, now: now, db) }
            try TagTable.forgetOld(now: now, db)
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
