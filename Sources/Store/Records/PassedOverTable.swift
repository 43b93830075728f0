import Contracts
import GRDB
import SyncCore

/// The table `passed_over`: one row per CRM record without a link that does not sync for the sake of another one, its rival.
///
/// What changes a rival's link says nothing of the record, and the record's turn is over: here it is kept who has to be looked at
/// again once a rival is none any more.
enum PassedOverTable {
    /// Writes down what a record's turn came to: whether it was passed over, and for whose link as it was then. Returns the
    /// record when that link is no longer what it was, so that the decision does not hold.
    static func note(_ record: QueueTable.Settled, rival: Link?, _ db: Database) throws -> RecordKey? {
        let key: StatementArguments = [record.integration, record.object, record.recordID]
        try db.run("DELETE FROM passed_over WHERE integration_id = ? AND object = ? AND crm_id = ?", key)
        guard let rival else { return nil }
        let condition = "marketing_id = ? AND object = ?"
        let link = try LinkTable.links(
            rival.integration, where: condition, [rival.marketingID, rival.object.rawValue], db
        ).first
        guard let link, isRival(link, as: rival.email) else {
            return RecordKey(integration: rival.integration, object: record.object, recordID: record.recordID)
        }
        let sql = """
            INSERT INTO passed_over (integration_id, object, crm_id, rival_id, rival_object, rival_email)
            VALUES (?, ?, ?, ?, ?, ?)
            """
        try db.run(sql, key + [rival.marketingID, rival.object.rawValue, rival.email])
        return nil
    }

    /// The records that were passed over for what the link is no more; they are forgotten.
    static func release(by link: Link, integration: Int64, _ db: Database) throws -> [RecordKey] {
        let sql = """
            SELECT object, crm_id, rival_email FROM passed_over
            WHERE integration_id = ? AND rival_id = ? AND rival_object = ? ORDER BY object, crm_id
            """
        let rivals = try db.rows(sql, [integration, link.marketingID, link.object.rawValue]) { row in
            (object: try row.value(0) as String, crmID: try row.value(1) as String, email: try row.value(2) as String?)
        }
        let released = rivals.filter { !isRival(link, as: $0.email) }
        for record in released {
            let sql = "DELETE FROM passed_over WHERE integration_id = ? AND object = ? AND crm_id = ?"
            try db.run(sql, [integration, record.object, record.crmID])
        }
        return released.map { RecordKey(integration: link.integration, object: $0.object, recordID: $0.crmID) }
    }

    static func forgetAll(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM passed_over WHERE integration_id = ?", [id])
    }

    private static func isRival(_ link: Link, as email: String?) -> Bool { link.state != .ended && link.email == email }
}
