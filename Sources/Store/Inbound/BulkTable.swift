import Contracts
import GRDB
import SyncCore

/// The tables `bulk_writes` and `bulk_rows`.
enum BulkTable {
    /// The bulk write with its id.
    static func insert(_ bulk: BulkWrite, _ rows: [BulkRow], integration: Int64, _ db: Database) throws -> BulkWrite {
        try db.run(
            "INSERT INTO bulk_writes (integration_id, object, operation, started_at) VALUES (?, ?, ?, ?)",
            [integration, bulk.object.rawValue, bulk.operation, bulk.startedAt.milliseconds])
        var bulk = bulk
        bulk.id = db.lastInsertedRowID
        let sql = """
            INSERT INTO bulk_rows (bulk_id, row_id, version, object, record_id, result_key, marketing_id, crm_id, link, outcome,
                details)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        for row in rows {
            let head: StatementArguments = [bulk.id, row.rowID, row.version, row.key.object, row.key.recordID, row.resultKey]
            let link: StatementArguments = [row.link.marketingID, row.link.crmID, try LinkForm.json(of: row.link).text]
            try db.run(sql, head + link + [row.outcome, row.details.text])
        }
        return bulk
    }

    static func all(_ integration: String, _ db: Database) throws -> [BulkWrite] {
        let sql = """
            SELECT id, object, operation, job_id, started_at FROM bulk_writes
            WHERE integration_id = \(IntegrationNames.idOfName) ORDER BY id
            """
        return try db.rows(sql, [integration]) { row in
            BulkWrite(
                id: try row.value(0), integration: integration, object: try row.named(1), operation: try row.value(2),
                jobID: try row.value(3), startedAt: try row.timestamp(4))
        }
    }

    static func rows(of bulk: BulkWrite, limit: Int, _ db: Database) throws -> [BulkRow] {
        let sql = """
            SELECT row_id, version, object, record_id, result_key, link, outcome, details FROM bulk_rows
            WHERE bulk_id = ? ORDER BY row_id LIMIT ?
            """
        return try db.rows(sql, [bulk.id, limit]) { row in
            let key = RecordKey(integration: bulk.integration, object: try row.value(2), recordID: try row.value(3))
            guard let link = try LinkForm.link(of: bulk.integration, from: row.json(5)) else {
                throw StoreError.unreadable("a link")
            }
            return BulkRow(
                rowID: try row.value(0), version: try row.value(1), key: key, resultKey: try row.value(4), link: link,
                outcome: try row.value(6), details: try row.json(7))
        }
    }

    /// Forgets rows, and with the last of them the bulk write. Returns those of them that were there.
    static func remove(_ rows: [Int64], of id: Int64, _ db: Database) throws -> Set<Int64> {
        var removed: Set<Int64> = []
        for row in rows {
            try db.run("DELETE FROM bulk_rows WHERE bulk_id = ? AND row_id = ?", [id, row])
            if db.changesCount > 0 { removed.insert(row) }
        }
        try db.run("DELETE FROM bulk_writes WHERE id = ? AND NOT EXISTS (SELECT 1 FROM bulk_rows WHERE bulk_id = ?)", [id, id])
        return removed
    }

    static func dropAll(id integration: Int64, _ db: Database) throws {
        let bulks = "SELECT id FROM bulk_writes WHERE integration_id = ?"
        let rows = try db.rows("SELECT row_id FROM bulk_rows WHERE bulk_id IN (\(bulks))", [integration]) {
            try $0.value(0) as Int64
        }
        var counts = QueueCounts()
        for row in rows { try QueueTable.takeBack(row, direction: .inbound, counts: &counts, db) }
        try counts.save(db)
        try db.run("DELETE FROM bulk_rows WHERE bulk_id IN (\(bulks))", [integration])
        try db.run("DELETE FROM bulk_writes WHERE integration_id = ?", [integration])
    }

    /// Which of `values` stand in this column of an integration's bulk writes.
    static func rows(_ column: String, among values: [String], of integration: String, _ db: Database) throws -> Set<String> {
        var found: Set<String> = []
        try KeyBatch.forEach(values) { placeholders, batch in
            let sql = """
                SELECT \(column) FROM bulk_rows JOIN bulk_writes ON bulk_writes.id = bulk_id
                WHERE integration_id = \(IntegrationNames.idOfName) AND \(column) IN (\(placeholders))
                """
            found.formUnion(try db.rows(sql, [integration] + StatementArguments(batch)) { try $0.value(0) as String })
        }
        return found
    }
}
