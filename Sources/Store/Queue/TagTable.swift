import Contracts
import GRDB
import SyncCore

/// The table `tag_tasks`: one row per integration, person and tag.
enum TagTable {
    /// How long tags that were put on are remembered: a change may wait for its turn as long as the CRM's daily limit lasts.
    private static let memory = Duration.seconds(24 * 3600)

    /// Orders a tag to be put on or taken off. The same order that waits already stays as it is, one that was parked or done
    /// is tried anew; the opposite order gives way.
    static func order(
        _ change: TagChange, integration: Int64, contactID: String, now: Timestamp, _ db: Database
    ) throws {
        // Not an update: who is at work on the opposite order would settle this one by its id.
        let oppositeSQL = "DELETE FROM tag_tasks WHERE integration_id = ? AND contact_id = ? AND tag = ? AND action <> ?"
        try db.run(oppositeSQL, [integration, contactID, change.tag, change.action.rawValue])
        let sql = """
            INSERT INTO tag_tasks (integration_id, contact_id, tag, action, state, attempts, first_at) VALUES (?, ?, ?, ?, 0, 0, ?)
            ON CONFLICT (integration_id, contact_id, tag) DO UPDATE
            SET state = 0, attempts = 0, first_at = excluded.first_at, error = NULL, done_at = NULL WHERE tag_tasks.state IN (2, 4)
            """
        try db.run(sql, [integration, contactID, change.tag, change.action.rawValue, now.milliseconds])
    }

    /// Settles an order that was carried out. A tag that was put on is remembered for a while.
    static func finish(_ id: Int64, now: Timestamp, _ db: Database) throws {
        try db.run("DELETE FROM tag_tasks WHERE id = ? AND action <> 'add'", [id])
        let sql = "UPDATE tag_tasks SET state = 4, next_at = NULL, error = NULL, done_at = ? WHERE id = ?"
        try db.run(sql, [now.milliseconds, id])
    }

    /// Forgets what was remembered long enough.
    static func forgetOld(now: Timestamp, _ db: Database) throws {
        let oldest = now.advanced(by: .zero - memory)
        try db.run("DELETE FROM tag_tasks WHERE state = 4 AND done_at < ?", [oldest.milliseconds])
    }

    static func forgetAll(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM tag_tasks WHERE integration_id = ?", [id])
    }
}
