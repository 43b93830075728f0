public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// When an integration's next poll is due and how the last one went; `nil` while it has no schedule.
    public func scheduleState(of integration: String) async throws(StoreError) -> ScheduleState? {
        try await read { db in try ScheduleTable.state(of: integration, db) }
    }

    /// Keeps where a schedule stands. Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func saveSchedule(
        _ state: ScheduleState, of integration: String, lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            try ScheduleTable.save(state, integration: names.id(of: integration), db)
        }
    }

    /// Ends a schedule; how far the polls have come stays. Throws `lease-lost` when `lease` is not the current one.
    public func removeSchedule(of integration: String, lease: Lease) async throws(StoreError) {
        try await write { db in
            try LeaseTable.requireHolder(lease, db)
            let sql = "DELETE FROM schedules WHERE integration_id = \(IntegrationNames.idOfName)"
            try db.run(sql, [integration])
        }
    }

    /// Makes an integration's next poll due at once, for its manager; whether it has a schedule. A run that is under way
    /// counts as the one that was asked for.
    public func makeDue(_ integration: String, now: Timestamp) async throws(StoreError) -> Bool {
        try await write { db in
            let sql = """
                UPDATE schedules SET next_at = CASE WHEN next_at < ? THEN next_at ELSE ? END
                WHERE integration_id = \(IntegrationNames.idOfName)
                """
            try db.run(sql, [now.milliseconds, now.milliseconds, integration])
            return db.changesCount > 0
        }
    }

    /// How far the polls of an integration have come, by object.
    public func polls(of integration: String) async throws(StoreError) -> [CRMObject: ObjectPoll] {
        try await read { db in try PollTable.all(of: integration, db) }
    }

    /// Keeps how far the poll of one object has come and, in the same transaction, where the schedule stands.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func savePoll(
        _ poll: ObjectPoll, of integration: String, schedule: ScheduleState?, lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            let id = try names.id(of: integration)
            try PollTable.save(poll, integration: id, db)
            if let schedule { try ScheduleTable.save(schedule, integration: id, db) }
        }
    }
}

/// The table `schedules`.
enum ScheduleTable {
    static func state(of integration: String, _ db: Database) throws -> ScheduleState? {
        let sql = """
            SELECT schedule, next_at, started_at, finished_at, runs, records_read, records_published FROM schedules
            WHERE integration_id = \(IntegrationNames.idOfName)
            """
        return try db.firstRow(sql, [integration]) { row in
            ScheduleState(
                schedule: try row.codable(0), nextAt: try row.timestamp(1), startedAt: try row.optionalTimestamp(2),
                finishedAt: try row.optionalTimestamp(3), runs: try row.value(4), read: try row.value(5),
                published: try row.value(6))
        }
    }

    static func save(_ state: ScheduleState, integration: Int64, _ db: Database) throws {
        let sql = """
            INSERT INTO schedules (integration_id, schedule, next_at, started_at, finished_at, runs, records_read,
                records_published)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (integration_id) DO UPDATE SET schedule = excluded.schedule, next_at = excluded.next_at,
                started_at = excluded.started_at, finished_at = excluded.finished_at, runs = excluded.runs,
                records_read = excluded.records_read, records_published = excluded.records_published
            """
        try db.run(
            sql,
            [
                integration, try codableText(state.schedule), state.nextAt.milliseconds, state.startedAt?.milliseconds,
                state.finishedAt?.milliseconds, state.runs, state.read, state.published,
            ])
    }

    static func forget(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM schedules WHERE integration_id = ?", [id])
    }
}

/// The table `polls`: one row per integration and CRM object.
enum PollTable {
    static func all(of integration: String, _ db: Database) throws -> [CRMObject: ObjectPoll] {
        let sql = """
            SELECT object, selection, since, watermark, pass FROM polls WHERE integration_id = \(IntegrationNames.idOfName)
            """
        let polls = try db.rows(sql, [integration]) { row in
            ObjectPoll(
                object: try row.named(0), selection: try row.codable(1), since: try row.timestamp(2),
                watermark: try row.optionalTimestamp(3), pass: try row.optionallyCodable(4))
        }
        return Dictionary(polls.map { ($0.object, $0) }) { $1 }
    }

    static func save(_ poll: ObjectPoll, integration: Int64, _ db: Database) throws {
        let sql = """
            INSERT INTO polls (integration_id, object, selection, since, watermark, pass) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (integration_id, object) DO UPDATE SET selection = excluded.selection, since = excluded.since,
                watermark = excluded.watermark, pass = excluded.pass
            """
        try db.run(
            sql,
            [
                integration, poll.object.rawValue, try codableText(poll.selection), poll.since.milliseconds,
                poll.watermark?.milliseconds, try poll.pass.map(codableText),
            ])
    }

    static func forgetAll(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM polls WHERE integration_id = ?", [id])
    }
}
