public import Contracts
import GRDB
import SyncCore

extension Store {
    /// Keeps activities, each once however often it is delivered (ACT-4). Returns those that were new.
    /// - Parameter mirrored: the integrations whose activities are to be copied to the CRM.
    public func record(
        _ activities: [Activity], mirroredOf mirrored: Set<String> = [], now: Timestamp
    ) async throws(StoreError) -> [Activity] {
        try await write { db in
            var names = IntegrationNames(db)
            var recorded: [Activity] = []
            var counts: [ActivityTable.CountKey: Int] = [:]
            for activity in activities {
                let integration = try names.id(of: activity.key.integration)
                guard try ActivityTable.insert(activity, integration: integration, now: now, db) else { continue }
                if mirrored.contains(activity.key.integration) {
                    try ActivityMirrorTable.insert(db.lastInsertedRowID, activity, integration: integration, now: now, db)
                }
                recorded.append(activity)
                counts[ActivityTable.CountKey(integration: integration, kind: activity.kind.rawValue), default: 0] += 1
            }
            try ActivityTable.count(counts, db)
            return recorded
        }
    }

    /// Activities in the order of time, the newest first, from `cursor` on.
    ///
    /// A CRM record is resolved by its link as it is now: what was recorded before its person was linked is listed, and so is
    /// what was recorded while the person was another record, say the lead that became this contact (ACT-4).
    public func activities(
        of subject: ActivitySubject, integration: String, matching filter: ActivityFilter = ActivityFilter(),
        after cursor: ActivityCursor? = nil, limit: Int
    ) async throws(StoreError) -> ActivityPage {
        guard limit > 0 else { return ActivityPage(activities: []) }
        return try await read { db in
            guard let person = try ActivityTable.person(of: subject, integration, db) else { return ActivityPage(activities: []) }
            // One more than asked for tells whether the list goes on.
            let found = try ActivityTable.activities(
                of: person, integration, matching: filter, after: cursor, limit: limit + 1, db)
            let page = Array(found.prefix(limit))
            return ActivityPage(activities: page, next: found.count > limit ? page.last.map(ActivityCursor.init) : nil)
        }
    }

    /// How many activities are kept, by kind.
    public func activityCounts(integration: String) async throws(StoreError) -> [Activity.Kind: Int] {
        try await read { db in
            let sql = """
                SELECT kind, kept FROM activity_counts WHERE integration_id = \(IntegrationNames.idOfName) AND kept > 0
                """
            let counts = try db.rows(sql, [integration]) { (try $0.named(0) as Activity.Kind, try $0.value(1) as Int) }
            return Dictionary(counts, uniquingKeysWith: +)
        }
    }

    /// Forgets up to `limit` of the oldest activities that happened before `moment`. Returns how many there were.
    public func pruneActivities(
        integration: String, before moment: Timestamp, limit: Int
    ) async throws(StoreError) -> Int {
        try await write { db in
            guard let id = try IntegrationNames.known(integration, db) else { return 0 }
            return try ActivityTable.prune(integration: id, before: moment, limit: limit, db)
        }
    }
}

/// The tables `activities` and `activity_counts`, which are written together.
enum ActivityTable {
    struct CountKey: Hashable {
        var integration: Int64
        var kind: String
    }

    static let columns = ["id", "marketing_id", "activity_id", "kind", "occurred_at", "recorded_at", "details"]
        .map { "activities.\($0)" }.joined(separator: ", ")

    /// Whether it was new.
    static func insert(_ activity: Activity, integration: Int64, now: Timestamp, _ db: Database) throws -> Bool {
        let sql = """
            INSERT INTO activities (integration_id, marketing_id, activity_id, kind, occurred_at, recorded_at, campaign_id, details)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (integration_id, marketing_id, activity_id) DO NOTHING
            """
        let details = Dictionary(uniqueKeysWithValues: activity.details.map { ($0.key.rawValue, JSONValue.string($0.value)) })
        try db.run(
            sql,
            [
                integration, activity.key.recordID, activity.activityID, activity.kind.rawValue,
                activity.occurredAt.milliseconds, now.milliseconds, activity.details[.campaignID], JSONValue.object(details).text,
            ])
        return db.changesCount > 0
    }

    static func count(_ counts: [CountKey: Int], _ db: Database) throws {
        for (key, count) in counts {
            let sql = """
                INSERT INTO activity_counts (integration_id, kind, kept) VALUES (?, ?, ?)
                ON CONFLICT (integration_id, kind) DO UPDATE SET kept = activity_counts.kept + excluded.kept
                """
            try db.run(sql, [key.integration, key.kind, count])
        }
    }

    /// Whom the subject is in marketing; `nil` for a record that never was linked.
    static func person(of subject: ActivitySubject, _ integration: String, _ db: Database) throws -> String? {
        switch subject {
        case .person(let marketingID): return marketingID
        case .record(let object, let crmID):
            let links = try LinkTable.links(integration, where: "object = ? AND crm_id = ?", [object.rawValue, crmID], db)
            return (links.first { $0.state != .ended } ?? links.last)?.marketingID
        }
    }

    static func activities(
        of person: String, _ integration: String, matching filter: ActivityFilter, after cursor: ActivityCursor?, limit: Int,
        _ db: Database
    ) throws -> [StoredActivity] {
        var conditions = ["integration_id = \(IntegrationNames.idOfName)", "marketing_id = ?"]
        var arguments: StatementArguments = [integration, person]
        func require(_ condition: String, _ values: StatementArguments) {
            conditions.append(condition)
            arguments += values
        }
        let kinds = filter.kinds.map(\.rawValue).sorted()
        if !kinds.isEmpty {
            require("kind IN (\(kinds.map { _ in "?" }.joined(separator: ",")))", StatementArguments(kinds))
        }
        if let campaign = filter.campaignID { require("campaign_id = ?", [campaign]) }
        if let from = filter.from { require("occurred_at >= ?", [from.milliseconds]) }
        if let to = filter.to { require("occurred_at < ?", [to.milliseconds]) }
        if let cursor {
            require("(occurred_at, id) < (?, ?)", [cursor.occurredAt.milliseconds, cursor.id])
        }
        let sql = """
            SELECT \(columns) FROM activities WHERE \(conditions.joined(separator: " AND "))
            ORDER BY occurred_at DESC, id DESC LIMIT ?
            """
        return try db.rows(sql, arguments + [limit], activity)
    }

    static func activity(_ row: Row) throws -> StoredActivity {
        let details = (try row.json(6).objectValue ?? [:]).compactMap { name, value in
            // A later version may have kept more than this one knows.
            Activity.Detail(rawValue: name).flatMap { detail in value.stringValue.map { (detail, $0) } }
        }
        return StoredActivity(
            id: try row.value(0), marketingID: try row.value(1), activityID: try row.value(2), kind: try row.named(3),
            occurredAt: try row.timestamp(4), recordedAt: try row.timestamp(5),
            details: Dictionary(uniqueKeysWithValues: details))
    }

    static func prune(integration: Int64, before moment: Timestamp, limit: Int, _ db: Database) throws -> Int {
        let sql = """
            SELECT id, kind FROM activities WHERE integration_id = ? AND occurred_at < ? ORDER BY occurred_at, id LIMIT ?
            """
        let old = try db.rows(sql, [integration, moment.milliseconds, limit]) { row in
            (id: try row.value(0) as Int64, kind: try row.value(1) as String)
        }
        var counts: [CountKey: Int] = [:]
        for activity in old {
            try ActivityMirrorTable.forget(activity.id, db)
            try db.run("DELETE FROM activities WHERE id = ?", [activity.id])
            counts[CountKey(integration: integration, kind: activity.kind), default: 0] -= 1
        }
        try count(counts, db)
        return old.count
    }
}
