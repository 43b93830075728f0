import Contracts
import GRDB
import SyncCore

/// The table `actions`: one row per integration and request.
enum ActionTable {
    private static let columns = """
        id, request_id, object, crm_id, marketing_id, kind, target, asked_at, asked_by, state, attempts, next_at, started_at,
        earlier_entries, settled_at, error
        """

    static func actions(
        _ integration: String, _ condition: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [StoredAction] {
        let sql = "SELECT \(columns) FROM actions WHERE integration_id = \(IntegrationNames.idOfName) AND \(condition)"
        return try db.rows(sql, [integration] + arguments) { try action(of: integration, $0) }
    }

    private static func action(of integration: String, _ row: Row) throws -> StoredAction {
        let key = RecordKey(integration: integration, object: try row.value(2), recordID: try row.value(3))
        let request = ActionRequest(
            key: key, kind: try row.named(5), target: try row.value(6), requestID: try row.value(1),
            askedAt: try row.timestamp(7), askedBy: try row.value(8))
        return StoredAction(
            id: try row.value(0), request: request, marketingID: try row.value(4), state: try row.named(9),
            attempts: try row.value(10), nextAt: try row.timestamp(11), startedAt: try row.optionalTimestamp(12),
            earlierEntries: try row.optionallyCodable(13) ?? [], settledAt: try row.optionalTimestamp(14),
            error: try row.optionallyCodable(15))
    }

    // MARK: Taking in

    /// The action that a request asks for once more. What failed may be asked for again, unless by the same request.
    static func known(_ request: ActionRequest, _ db: Database) throws -> StoredAction? {
        let name = request.key.integration
        if let same = try actions(name, "request_id = ?", [request.id], db).first { return same }
        guard request.requestID == nil else { return nil }
        let earliest = request.askedAt.advanced(by: .zero - ActionRequest.doubleClick)
        let latest = request.askedAt.advanced(by: ActionRequest.doubleClick)
        let condition = """
            crm_id = ? AND object = ? AND kind = ? AND target = ? AND state <> 'failed' AND asked_at BETWEEN ? AND ?
            ORDER BY id LIMIT 1
            """
        let wish: StatementArguments = [request.key.recordID, request.key.object, request.kind.rawValue, request.target]
        return try actions(name, condition, wish + [earliest.milliseconds, latest.milliseconds], db).first
    }

    /// Adds a request for the person the record is linked to; without one it has failed.
    static func add(
        _ request: ActionRequest, integration: Int64, now: Timestamp, _ db: Database
    ) throws -> StoredAction {
        let name = request.key.integration
        let links = try LinkTable.links(
            name, where: "object = ? AND crm_id = ? AND state = 'linked'", [request.key.object, request.key.recordID], db)
        let person = links.first?.marketingID
        let sql = """
            INSERT INTO actions (integration_id, request_id, object, crm_id, marketing_id, kind, target, asked_at, asked_by,
                state, attempts, next_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?)
            """
        let record: StatementArguments = [integration, request.id, request.key.object, request.key.recordID, person]
        let wish: StatementArguments = [request.kind.rawValue, request.target, request.askedAt.milliseconds, request.askedBy]
        try db.run(sql, record + wish + [now.milliseconds])
        let added = try stored(request.id, of: name, db)
        guard person == nil else { return added }
        try end(added, .failed, Self.notLinked(request.key), now: now, db)
        return try stored(request.id, of: name, db)
    }

    private static func stored(_ requestID: String, of name: String, _ db: Database) throws -> StoredAction {
        guard let action = try actions(name, "request_id = ?", [requestID], db).first else {
            throw StoreError.unreadable("the action \(requestID)")
        }
        return action
    }

    private static func notLinked(_ key: RecordKey) -> SyncError {
        SyncError(
            .permanent, code: "not-linked",
            message: "\(key.object)/\(key.recordID) is not linked to a person in marketing, so that there is nobody to do it with"
        )
    }

    // MARK: What came of it

    static func end(
        _ action: StoredAction, _ state: StoredAction.State, _ error: SyncError?, now: Timestamp, _ db: Database
    ) throws {
        let sql = """
            UPDATE actions SET state = ?, error = ?, settled_at = ?, started_at = NULL, earlier_entries = NULL WHERE id = ?
            """
        try db.run(sql, [state.rawValue, try error.map { try codableText($0) }, now.milliseconds, action.id])
        var names = IntegrationNames(db)
        try HistoryTable.append([action.historyEntry(state, error, at: now)], names: &names, db)
    }

    static func postpone(
        _ action: StoredAction, until next: Timestamp, _ error: SyncError, mayBeDone: Bool, _ db: Database
    ) throws {
        let sql = "UPDATE actions SET next_at = ?, attempts = attempts + 1, error = ? WHERE id = ?"
        try db.run(sql, [next.milliseconds, try codableText(error), action.id])
        guard !mayBeDone else { return }
        try db.run("UPDATE actions SET started_at = NULL, earlier_entries = NULL WHERE id = ?", [action.id])
    }

    /// Ends what waits, for the integration does nothing any more.
    static func endAll(id: Int64, now: Timestamp, _ db: Database) throws {
        let error = SyncError(.permanent, code: "disconnected", message: "the integration was disconnected before its turn came")
        let sql = """
            UPDATE actions SET state = CASE WHEN started_at IS NULL THEN 'failed' ELSE 'unknown' END, error = ?, settled_at = ?
            WHERE integration_id = ? AND state = 'waiting'
            """
        try db.run(sql, [try codableText(error), now.milliseconds, id])
    }
}
