public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// Takes requests in, in order, and returns the action each one stands for: a new one, or one that was asked for before
    /// (the same request id, or none and the same wish within ``ActionRequest/doubleClick``). One for a record that is not
    /// linked has failed at once, with `not-linked`.
    public func take(_ requests: [ActionRequest], now: Timestamp) async throws(StoreError) -> [StoredAction] {
        try await write { db in
            var names = IntegrationNames(db)
            var actions: [StoredAction] = []
            for request in requests {
                let id = try names.id(of: request.key.integration)
                let known = try ActionTable.known(request, db)
                actions.append(try known ?? ActionTable.add(request, integration: id, now: now, db))
            }
            return actions
        }
    }

    /// The actions whose turn it is, the longest due first. Does not change them: whoever works on them holds the lease.
    public func dueActions(integration: String, limit: Int, now: Timestamp) async throws(StoreError) -> [StoredAction] {
        guard limit > 0 else { return [] }
        return try await read { db in
            try ActionTable.actions(
                integration, "state = 'waiting' AND next_at <= ? ORDER BY next_at, id LIMIT ?", [now.milliseconds, limit], db)
        }
    }

    /// What was asked for a CRM record, the newest first.
    public func actions(
        integration: String, object: CRMObject, crmID: String, limit: Int
    ) async throws(StoreError) -> [StoredAction] {
        guard limit > 0 else { return [] }
        return try await read { db in
            try ActionTable.actions(
                integration, "crm_id = ? AND object = ? ORDER BY id DESC LIMIT ?", [crmID, object.rawValue, limit], db)
        }
    }

    /// The action a request asked for.
    public func action(integration: String, requestID: String) async throws(StoreError) -> StoredAction? {
        try await read { db in try ActionTable.actions(integration, "request_id = ?", [requestID], db).first }
    }

    /// Notes that the call of an action begins: whoever finds it so later knows that it may have been done.
    /// - Parameter entries: The person's entries into the automation so far.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func startAction(
        _ id: Int64, earlierEntries entries: Set<String>, lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            let sql = "UPDATE actions SET started_at = ?, earlier_entries = ? WHERE id = ?"
            try db.run(sql, [now.milliseconds, try codableText(entries.sorted()), id])
        }
    }

    /// Writes down what came of a try, and into the history what is over.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func settle(
        _ action: StoredAction, _ outcome: ActionOutcome, lease: Lease, now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            switch outcome {
            case .done: try ActionTable.end(action, .done, nil, now: now, db)
            case .failed(let error): try ActionTable.end(action, .failed, error, now: now, db)
            case .unknown(let error): try ActionTable.end(action, .unknown, error, now: now, db)
            case .retry(let at, let error, let mayBeDone):
                try ActionTable.postpone(action, until: at, error, mayBeDone: mayBeDone, db)
            }
        }
    }
}
