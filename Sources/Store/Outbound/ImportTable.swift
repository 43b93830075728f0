import Contracts
import GRDB
import SyncCore

/// The tables `imports` and `import_rows`.
enum ImportTable {
    static func unknown(_ id: Int64) -> StoreError {
        StoreError(code: "unknown-import", message: "there is no import \(id) under way")
    }

    /// The new import's id.
    static func insert(_ rows: [ImportRow], integration: Int64, now: Timestamp, _ db: Database) throws -> Int64 {
        try db.run("INSERT INTO imports (integration_id, started_at) VALUES (?, ?)", [integration, now.milliseconds])
        let id = db.lastInsertedRowID
        let sql = """
            INSERT INTO import_rows (import_id, place, row_id, version, object, record_id, email, marketing_id, outcome, link,
                details)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        for (place, row) in rows.enumerated() {
            let head: StatementArguments = [id, place, row.rowID, row.version, row.key.object, row.key.recordID]
            let link = try LinkForm.json(of: row.link).text
            try db.run(sql, head + [row.email, row.marketingID, row.outcome, link, row.details.text])
        }
        return id
    }

    static func exists(_ id: Int64, _ db: Database) throws -> Bool {
        try db.firstRow("SELECT 1 FROM imports WHERE id = ?", [id]) { _ in true } ?? false
    }

    static func jobs(_ integration: String, _ db: Database) throws -> [ImportJob] {
        let sql = """
            SELECT id, batch_id, started_at FROM imports WHERE integration_id = \(IntegrationNames.idOfName) ORDER BY id
            """
        return try db.rows(sql, [integration]) { row in
            ImportJob(
                id: try row.value(0), integration: integration, batchID: try row.value(1), startedAt: try row.timestamp(2),
                rows: [])
        }.map { job in
            var job = job
            job.rows = try rows(of: job, db)
            return job
        }
    }

    private static func rows(of job: ImportJob, _ db: Database) throws -> [ImportRow] {
        let sql = """
            SELECT row_id, version, object, record_id, email, marketing_id, outcome, link, details FROM import_rows
            WHERE import_id = ? ORDER BY place
            """
        return try db.rows(sql, [job.id]) { row in
            let key = RecordKey(integration: job.integration, object: try row.value(2), recordID: try row.value(3))
            guard let link = try LinkForm.link(of: job.integration, from: row.json(7)) else {
                throw StoreError.unreadable("a link")
            }
            return ImportRow(
                rowID: try row.value(0), version: try row.value(1), key: key, email: try row.value(4),
                marketingID: try row.value(5), link: link, details: try row.json(8), outcome: try row.value(6))
        }
    }

    /// Forgets an import; what is still marked for it is ready again.
    static func drop(_ id: Int64, _ db: Database) throws {
        let rows = try db.rows("SELECT row_id FROM import_rows WHERE import_id = ?", [id]) { try $0.value(0) as Int64 }
        var counts = QueueCounts()
        for row in rows { try QueueTable.takeBack(row, direction: .outbound, counts: &counts, db) }
        try counts.save(db)
        try db.run("DELETE FROM import_rows WHERE import_id = ?", [id])
        try db.run("DELETE FROM imports WHERE id = ?", [id])
    }

    static func dropAll(id integration: Int64, _ db: Database) throws {
        let jobs = try db.rows("SELECT id FROM imports WHERE integration_id = ?", [integration]) { try $0.value(0) as Int64 }
        for job in jobs { try drop(job, db) }
    }

    /// Which of `values` stand in this column of an integration's open imports.
    static func rows(_ column: String, among values: [String], of integration: String, _ db: Database) throws -> Set<String> {
        var found: Set<String> = []
        try KeyBatch.forEach(values) { placeholders, batch in
            let sql = """
                SELECT \(column) FROM import_rows JOIN imports ON imports.id = import_id
                WHERE integration_id = \(IntegrationNames.idOfName) AND \(column) IN (\(placeholders))
                """
            found.formUnion(try db.rows(sql, [integration] + StatementArguments(batch)) { try $0.value(0) as String })
        }
        return found
    }
}
