public import Contracts
import GRDB
public import SyncCore

/// An activity to be written into the CRM.
public struct MirrorTask: Sendable, Hashable {
    public var activity: StoredActivity
    /// The records the person is linked to now; empty when the link ended meanwhile.
    public var records: [CRMObject: String]
    /// Failed tries so far.
    public var attempts: Int
}

/// What became of a mirrored activity.
public enum MirrorResult: Sendable, Hashable {
    case done
    /// It is tried again; `countsAsAttempt` is false where the failure was not the activity's.
    case retry(at: Timestamp, SyncError, countsAsAttempt: Bool)
    case park(SyncError)
    /// Nobody is linked: it waits for a link.
    case unlinked
    /// The record the person was linked to is gone: it waits until the link says something else.
    case astray(SyncError)
}

/// What waits to be mirrored, besides activities of people who are not linked.
public struct MirrorDepth: Sendable, Hashable {
    public var waiting: Int
    public var parked: Int
    /// Why one of them was not written.
    public var error: SyncError?
}

extension Store {
    /// The activities whose turn it is, the longest waiting first. Does not change them: whoever works on them holds the lease.
    public func mirrorTasks(integration: String, limit: Int, now: Timestamp) async throws(StoreError) -> [MirrorTask] {
        guard limit > 0 else { return [] }
        return try await read { db in
            let rows = try ActivityMirrorTable.due(integration, limit: limit, now: now, db)
            var records: [String: [CRMObject: String]] = [:]
            try KeyBatch.forEach(Set(rows.map(\.activity.marketingID)).sorted()) { placeholders, batch in
                let condition = "state = 'linked' AND marketing_id IN (\(placeholders))"
                for link in try LinkTable.links(integration, where: condition, StatementArguments(batch), db)
                where link.object.isPerson {
                    records[link.marketingID, default: [:]][link.object] = link.crmID
                }
            }
            return rows.map { row in
                MirrorTask(activity: row.activity, records: records[row.activity.marketingID] ?? [:], attempts: row.attempts)
            }
        }
    }

    /// How many activities could be written now, counted up to `limit`, and since when the first of them waits.
    public func mirrorBacklog(
        integration: String, limit: Int, now: Timestamp
    ) async throws(StoreError) -> (count: Int, since: Timestamp?) {
        try await read { db in
            let sql = """
                SELECT COUNT(*), MIN(next_at) FROM (
                    SELECT next_at FROM activity_mirror
                    WHERE integration_id = \(IntegrationNames.idOfName) AND state = 'due' AND next_at <= ? ORDER BY next_at LIMIT ?
                ) AS waiting
                """
            return try db.firstRow(sql, [integration, now.milliseconds, limit]) {
                (try $0.value(0), try $0.optionalTimestamp(1))
            } ?? (0, nil)
        }
    }

    /// Writes down what became of activities, by ``StoredActivity/id``. Throws `lease-lost`.
    public func settleMirror(
        _ results: [(id: Int64, result: MirrorResult)], lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            for (id, result) in results { try ActivityMirrorTable.settle(id, result, now: now, db) }
        }
    }

    public func mirrorDepth(integration: String) async throws(StoreError) -> MirrorDepth {
        try await read { db in
            let scope = "FROM activity_mirror WHERE integration_id = \(IntegrationNames.idOfName) AND state"
            func count(_ state: ActivityMirrorTable.State) throws -> Int {
                try db.firstRow("SELECT COUNT(*) \(scope) = ?", [integration, state.rawValue]) { try $0.value(0) } ?? 0
            }
            let sql = "SELECT error \(scope) IN ('due', 'parked') AND error IS NOT NULL ORDER BY activity DESC LIMIT 1"
            return MirrorDepth(
                waiting: try count(.due), parked: try count(.parked),
                error: try db.firstRow(sql, [integration]) { try $0.codable(0) })
        }
    }

    /// Lets parked activities, or those parked with `code`, be tried again. Returns how many.
    public func retryParkedMirror(integration: String, code: String?, now: Timestamp) async throws(StoreError) -> Int {
        try await write { db in
            let sql = """
                SELECT activity, error FROM activity_mirror
                WHERE integration_id = \(IntegrationNames.idOfName) AND state = 'parked'
                """
            let parked = try db.rows(sql, [integration]) { (try $0.value(0) as Int64, try $0.codable(1) as SyncError) }
            let chosen = parked.filter { code == nil || $0.1.code == code }
            for (id, _) in chosen {
                try db.run(
                    "UPDATE activity_mirror SET state = 'due', attempts = 0, next_at = ? WHERE activity = ?",
                    [now.milliseconds, id])
            }
            return chosen.count
        }
    }
}

/// The table `activity_mirror`: one row per activity that is not in the CRM yet.
enum ActivityMirrorTable {
    enum State: String { case due, unlinked, parked }

    private static let isLinkedPerson = "links.state = 'linked' AND links.object IN ('contact', 'lead')"
    /// The links of a row's person.
    private static let links = """
        SELECT 1 FROM links WHERE links.integration_id = activity_mirror.integration_id
            AND links.marketing_id = activity_mirror.marketing_id AND \(isLinkedPerson)
        """

    /// An activity that was just recorded as the row `id`.
    static func insert(_ id: Int64, _ activity: Activity, integration: Int64, now: Timestamp, _ db: Database) throws {
        let sql = """
            INSERT INTO activity_mirror (activity, integration_id, marketing_id, state, attempts, next_at)
            VALUES (?, ?, ?, CASE WHEN EXISTS (
                SELECT 1 FROM links WHERE integration_id = ? AND marketing_id = ? AND \(isLinkedPerson)
            ) THEN 'due' ELSE 'unlinked' END, 0, ?)
            """
        let person = activity.key.recordID
        try db.run(sql, [id, integration, person, integration, person, now.milliseconds])
    }

    /// A link of the person was made, changed or ended: what waited for that is due where the person has one still (ACT-4).
    static func attach(_ link: Link, integration: Int64, now: Timestamp, _ db: Database) throws {
        guard link.object.isPerson else { return }
        let sql = """
            UPDATE activity_mirror SET state = 'due', next_at = ?
            WHERE integration_id = ? AND marketing_id = ? AND state = 'unlinked' AND EXISTS (\(links))
            """
        try db.run(sql, [now.milliseconds, integration, link.marketingID])
    }

    static func due(
        _ integration: String, limit: Int, now: Timestamp, _ db: Database
    ) throws -> [(activity: StoredActivity, attempts: Int)] {
        let sql = """
            SELECT \(ActivityTable.columns), attempts FROM activity_mirror JOIN activities ON id = activity
            WHERE activity_mirror.integration_id = \(IntegrationNames.idOfName) AND state = 'due' AND next_at <= ?
            ORDER BY next_at, activity LIMIT ?
            """
        return try db.rows(sql, [integration, now.milliseconds, limit]) { row in
            (activity: try ActivityTable.activity(row), attempts: try row.value(7))
        }
    }

    static func settle(_ id: Int64, _ result: MirrorResult, now: Timestamp, _ db: Database) throws {
        switch result {
        case .done: try forget(id, db)
        case .unlinked:
            // A link may have been made meanwhile.
            let sql = """
                UPDATE activity_mirror SET next_at = ?, state = CASE WHEN EXISTS (\(links)) THEN 'due' ELSE 'unlinked' END
                WHERE activity = ?
                """
            try db.run(sql, [now.milliseconds, id])
        case .astray(let error):
            try db.run(
                "UPDATE activity_mirror SET state = 'unlinked', error = ? WHERE activity = ?", [try codableText(error), id])
        case .retry(let at, let error, let countsAsAttempt):
            try db.run(
                "UPDATE activity_mirror SET attempts = attempts + ?, next_at = ?, error = ? WHERE activity = ?",
                [countsAsAttempt ? 1 : 0, at.milliseconds, try codableText(error), id])
        case .park(let error):
            try db.run(
                "UPDATE activity_mirror SET state = 'parked', attempts = attempts + 1, error = ? WHERE activity = ?",
                [try codableText(error), id])
        }
    }

    static func forget(_ id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM activity_mirror WHERE activity = ?", [id])
    }
}
