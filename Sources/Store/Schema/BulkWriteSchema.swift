/// Version 9 of the schema: what is on its way to the CRM in a bulk job.
enum BulkWriteSchema {
    static let statements = [
        """
        CREATE TABLE bulk_writes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            object TEXT NOT NULL,
            operation TEXT NOT NULL,
            job_id TEXT,
            started_at BIGINT NOT NULL
        )
        """,
        "CREATE INDEX bulk_writes_integration ON bulk_writes (integration_id, id)",
        """
        CREATE TABLE bulk_rows (
            bulk_id BIGINT NOT NULL REFERENCES bulk_writes (id),
            row_id BIGINT NOT NULL,
            version BIGINT NOT NULL,
            object TEXT NOT NULL,
            record_id TEXT NOT NULL,
            result_key TEXT NOT NULL,
            marketing_id TEXT NOT NULL,
            crm_id TEXT,
            link TEXT NOT NULL,
            outcome TEXT NOT NULL,
            details TEXT NOT NULL,
            PRIMARY KEY (bulk_id, row_id)
        )
        """,
        "CREATE INDEX bulk_rows_person ON bulk_rows (marketing_id, bulk_id)",
        "CREATE INDEX bulk_rows_record ON bulk_rows (crm_id, bulk_id)",
    ]
}
