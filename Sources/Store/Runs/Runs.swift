public import Contracts
import GRDB
public import SyncCore

/// What came of an order to begin a run.
public enum RunBeginning: Sendable, Hashable {
    case begun(Run)
    /// The same order came before.
    case known(Run)
    /// Another run is not over.
    case refused(active: Run)
}

extension Store {
    /// Begins a run, unless one of the integration is not over: runs do not overlap.
    /// - Parameter requestID: an order that comes twice begins one run.
    public func beginRun(
        _ kind: RunKind, of integration: String, fields: [CRMObject: [String]] = [:], requestID: String, now: Timestamp
    ) async throws(StoreError) -> RunBeginning {
        try await write { db in
            var names = IntegrationNames(db)
            let id = try names.id(of: integration)
            let ofRequest = "integration_id = ? AND request_id = ?"
            if let known = try RunTable.runs(where: ofRequest, [id, requestID], db).first { return .known(known) }
            let active = try RunTable.runs(where: "integration_id = ? AND finished_at IS NULL", [id], db).first
            if let active { return .refused(active: active) }
            let run = Run(id: 0, integration: integration, kind: kind, fields: fields, requestedAt: now)
            return .begun(try RunTable.insert(run, requestID: requestID, integration: id, db))
        }
    }

    /// The run that is not over.
    public func activeRun(of integration: String) async throws(StoreError) -> Run? {
        try await read { db in
            let condition = "integration_id = \(IntegrationNames.idOfName) AND finished_at IS NULL"
            return try RunTable.runs(where: condition, [integration], db).first
        }
    }

    public func run(_ id: Int64) async throws(StoreError) -> Run? {
        try await read { db in try RunTable.runs(where: "runs.id = ?", [id], db).first }
    }

    /// The latest runs, the newest first; of all integrations without a name.
    public func runs(of integration: String? = nil, limit: Int) async throws(StoreError) -> [Run] {
        try await read { db in
            let condition = integration == nil ? "1 = 1" : "integration_id = \(IntegrationNames.idOfName)"
            let arguments: StatementArguments = integration.map { [$0] } ?? []
            return try RunTable.runs(where: condition + " ORDER BY runs.id DESC LIMIT ?", arguments + [limit], db)
        }
    }

    /// Changes a run by what it is now; the run as it is then. Throws what `change` throws, and `lease-lost` when a lease is
    /// given that is not the current one.
    public func changeRun(
        _ id: Int64, lease: Lease? = nil, now: Timestamp, _ change: @Sendable (Run) throws(RunRefusal) -> Run
    ) async throws -> Run {
        let outcome: Result<Run, RunRefusal> = try await write { db in
            if let lease { try LeaseTable.require(lease, now: now, db) }
            guard let run = try RunTable.runs(where: "runs.id = ?", [id], db).first else {
                return .failure(RunRefusal(reason: "there is no run \(id)"))
            }
            let changed = Result { () throws(RunRefusal) in try change(run) }
            if case .success(let changed) = changed, changed != run { try RunTable.save(changed, db) }
            return changed
        }
        return try outcome.get()
    }

    /// The run whose present state was not told yet, the oldest first.
    public func unnotifiedRuns(of integration: String) async throws(StoreError) -> [Run] {
        try await read { db in
            let condition = "integration_id = \(IntegrationNames.idOfName) AND notified <> \(RunTable.stage) ORDER BY runs.id"
            return try RunTable.runs(where: condition, [integration], db)
        }
    }

    /// Notes that the run's state was told.
    public func noteNotified(_ run: Run) async throws(StoreError) {
        try await write { db in
            let stage = run.pausedAt == nil ? run.state.rawValue : "paused"
            try db.run("UPDATE runs SET notified = ? WHERE id = ?", [stage, run.id])
        }
    }
}

/// The table `runs`.
enum RunTable {
    /// The state as it is told of: a pause is one.
    static let stage = "CASE WHEN paused_at IS NULL THEN state ELSE 'paused' END"

    static func runs(where condition: String, _ arguments: StatementArguments, _ db: Database) throws -> [Run] {
        let sql = """
            SELECT runs.id, name, kind, state, fields, requested_at, started_at, finished_at, paused_at, paused_ms, records_read,
                records_written, records_skipped, records_failed, expected, gone, approved, reason
            FROM runs JOIN integration_names ON integration_names.id = integration_id WHERE \(condition)
            """
        return try db.rows(sql, arguments) { row in
            var run = Run(
                id: try row.value(0), integration: try row.value(1), kind: try row.named(2), fields: try row.codable(4),
                requestedAt: try row.timestamp(5))
            run.state = try row.named(3)
            run.startedAt = try row.optionalTimestamp(6)
            run.finishedAt = try row.optionalTimestamp(7)
            run.pausedAt = try row.optionalTimestamp(8)
            run.pausedFor = .milliseconds(try row.value(9) as Int64)
            run.counts = RunCounts(
                read: try row.value(10), written: try row.value(11), skipped: try row.value(12), failed: try row.value(13))
            run.expected = try row.value(14)
            run.gone = try row.value(15)
            run.isApproved = try row.value(16)
            run.reason = try row.optionallyCodable(17)
            return run
        }
    }

    static func insert(_ run: Run, requestID: String, integration: Int64, _ db: Database) throws -> Run {
        let sql = """
            INSERT INTO runs (integration_id, request_id, kind, state, fields, requested_at, paused_ms, records_read,
                records_written, records_skipped, records_failed, gone, approved, notified)
            VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, '')
            """
        try db.run(
            sql,
            [
                integration, requestID, run.kind.rawValue, run.state.rawValue, try codableText(run.fields),
                run.requestedAt.milliseconds,
            ])
        var run = run
        run.id = db.lastInsertedRowID
        return run
    }

    static func save(_ run: Run, _ db: Database) throws {
        let sql = """
            UPDATE runs SET state = ?, started_at = ?, finished_at = ?, paused_at = ?, paused_ms = ?, records_read = ?,
                records_written = ?, records_skipped = ?, records_failed = ?, expected = ?, gone = ?, approved = ?, reason = ?
            WHERE id = ?
            """
        let (seconds, attoseconds) = run.pausedFor.components
        try db.run(
            sql,
            [
                run.state.rawValue, run.startedAt?.milliseconds, run.finishedAt?.milliseconds, run.pausedAt?.milliseconds,
                seconds * 1000 + attoseconds / 1_000_000_000_000_000, run.counts.read, run.counts.written, run.counts.skipped,
                run.counts.failed, run.expected, run.gone, run.isApproved ? 1 : 0, try run.reason.map(codableText), run.id,
            ])
        if run.state.isOver { try ChunkTable.forgetAll(run: run.id, db) }
    }

    /// Adds what a chunk dealt with.
    static func add(_ counts: RunCounts, to run: Int64, _ db: Database) throws {
        let sql = """
            UPDATE runs SET records_read = records_read + ?, records_written = records_written + ?,
                records_skipped = records_skipped + ?, records_failed = records_failed + ? WHERE id = ?
            """
        try db.run(sql, [counts.read, counts.written, counts.skipped, counts.failed, run])
    }

    /// Ends what is under way, for an integration that ends.
    static func cancelAll(integration: Int64, now: Timestamp, _ db: Database) throws {
        let condition = "integration_id = ? AND finished_at IS NULL"
        for run in try runs(where: condition, [integration], db) { try save(run.ended(.cancelled, now: now), db) }
    }
}
