import Contracts
import GRDB
import SyncCore

/// The table `tag_tasks`: one row per integration, person and tag.
enum TagTable {
    /// Orders a tag to be put on or taken off. The same order that waits already stays as it is, one that was parked is tried
    /// anew; the opposite order gives way.
    static func order(
        _ change: TagChange, integration: Int64, contactID: String, now: Timestamp, _ db: Database
    ) throws {
        // Not an update: who is at work on the opposite order would settle this one by its id.
        let oppositeSQL = "DELETE FROM tag_tasks WHERE integration_id = ? AND contact_id = ? AND tag = ? AND action <> ?"
        try db.run(oppositeSQL, [integration, contactID, change.tag, change.action.rawValue])
        let sql = """
            INSERT INTO tag_tasks (integration_id, contact_id, tag, action, state, attempts, first_at) VALUES (?, ?, ?, ?, 0, 0, ?)
            ON CONFLICT (integration_id, contact_id, tag) DO UPDATE
            SET state = 0, attempts = 0, first_at = excluded.first_at, error = NULL WHERE tag_tasks.state = 2
            """
        try db.run(sql, [integration, contactID, change.tag, change.action.rawValue, now.milliseconds])
    }

    static func forgetAll(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM tag_tasks WHERE integration_id = ?", [id])
    }
}
