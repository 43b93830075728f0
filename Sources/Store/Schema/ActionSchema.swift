/// Version 8 of the schema: what users of CRM records ask marketing to do.
enum ActionSchema {
    static let statements = [
        """
        CREATE TABLE actions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            request_id TEXT NOT NULL,
            object TEXT NOT NULL,
            crm_id TEXT NOT NULL,
            marketing_id TEXT,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            asked_at BIGINT NOT NULL,
            asked_by TEXT,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_at BIGINT NOT NULL,
            started_at BIGINT,
            earlier_entries TEXT,
            settled_at BIGINT,
            error TEXT,
            UNIQUE (integration_id, request_id)
        )
        """,
        "CREATE INDEX actions_due ON actions (integration_id, next_at, id) WHERE state = 'waiting'",
        "CREATE INDEX actions_record ON actions (integration_id, crm_id, id)",
    ]
}
