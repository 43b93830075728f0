import Contracts
import GRDB
public import SyncCore

extension Store {
    /// What waits for these records, whatever state it is in. A record for which nothing waits is missing.
    public func pendingChanges(
        integration: String, direction: Direction, object: String, recordIDs: [String]
    ) async throws(StoreError) -> [String: PendingChange] {
        try await read { db in
            guard let id = try IntegrationNames.known(integration, db) else { return [:] }
            return try QueueTable.existing(
                integration: id, direction: direction, object: object, recordIDs: recordIDs, db
            ).mapValues(\.change)
        }
    }

    /// What waits for one record, and what for; `nil` when nothing does.
    public func waiting(
        integration: String, direction: Direction, object: String, recordID: String
    ) async throws(StoreError) -> WaitingRow? {
        try await read { db in
            let sql = """
                SELECT \(QueueTable.rowColumns), state, next_at, error FROM queue
                WHERE integration_id = \(IntegrationNames.idOfName) AND direction = ? AND object = ? AND record_id = ?
                """
            return try db.firstRow(sql, [integration, direction.stored, object, recordID]) { row in
                let state = try QueueState(row, 7)
                return WaitingRow(
                    row: try QueueTable.row(of: integration, row), state: "\(state)",
                    nextAt: state == .delayed ? try row.optionalTimestamp(8) : nil, error: try row.optionallyCodable(9))
            }
        }
    }
}
