public import Contracts
import GRDB
public import SyncCore

extension Store {
    /// Keeps what is about to be sent for people marketing does not know yet. A record's earlier intent gives way. Each is
    /// forgotten with the first link its record gets.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func noteCreations(_ intents: [CreationIntent], lease: Lease, now: Timestamp) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            for intent in intents { try CreationTable.save(intent, integration: names.id(of: intent.key.integration), db) }
        }
    }

    /// Forgets the intents of these CRM records.
    ///
    /// Throws `lease-lost` when `lease` is not the current one or has expired at `now`.
    public func forgetCreations(_ keys: [RecordKey], lease: Lease, now: Timestamp) async throws(StoreError) {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            var names = IntegrationNames(db)
            for key in keys {
                try CreationTable.forget(key.object, key.recordID, integration: names.id(of: key.integration), db)
            }
        }
    }

    /// The intents of the CRM records with these ids.
    public func creations(integration: String, crmIDs: [String]) async throws(StoreError) -> [RecordKey: CreationIntent] {
        try await read { db in try CreationTable.intents(of: integration, crmIDs: crmIDs, db) }
    }
}

/// The table `creations`: one row per integration and CRM record.
enum CreationTable {
    static func save(_ intent: CreationIntent, integration: Int64, _ db: Database) throws {
        let sql = """
            INSERT INTO creations (integration_id, crm_id, object, email, sent_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (integration_id, crm_id, object) DO UPDATE SET email = excluded.email, sent_at = excluded.sent_at
            """
        let key = intent.key
        try db.run(sql, [integration, key.recordID, key.object, intent.email, intent.sentAt.milliseconds])
    }

    static func intents(
        of integration: String, crmIDs: [String], _ db: Database
    ) throws -> [RecordKey: CreationIntent] {
        var intents: [RecordKey: CreationIntent] = [:]
        try KeyBatch.forEach(crmIDs) { placeholders, batch in
            let sql = """
                SELECT crm_id, object, email, sent_at FROM creations
                WHERE integration_id = \(IntegrationNames.idOfName) AND crm_id IN (\(placeholders))
                """
            let found = try db.rows(sql, [integration] + StatementArguments(batch)) { row in
                let key = RecordKey(integration: integration, object: try row.value(1), recordID: try row.value(0))
                return CreationIntent(key: key, email: try row.value(2), sentAt: try row.timestamp(3))
            }
            for intent in found { intents[intent.key] = intent }
        }
        return intents
    }

    static func forget(_ object: String, _ crmID: String, integration: Int64, _ db: Database) throws {
        try db.run("DELETE FROM creations WHERE integration_id = ? AND crm_id = ? AND object = ?", [integration, crmID, object])
    }

    /// Forgets the intents of records that have their links.
    static func forget(for links: [Link], names: inout IntegrationNames, _ db: Database) throws {
        for link in links {
            guard let crmID = link.crmID else { continue }
            try forget(link.object.rawValue, crmID, integration: names.id(of: link.integration), db)
        }
    }

    static func forgetAll(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM creations WHERE integration_id = ?", [id])
    }
}
