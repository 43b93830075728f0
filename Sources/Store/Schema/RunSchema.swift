/// Version 7 of the schema: runs, their chunks, what they saw, and the drift they found.
enum RunSchema {
    static let statements = [
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            request_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            fields TEXT NOT NULL,
            requested_at BIGINT NOT NULL,
            started_at BIGINT,
            finished_at BIGINT,
            paused_at BIGINT,
            paused_ms BIGINT NOT NULL,
            records_read BIGINT NOT NULL,
            records_written BIGINT NOT NULL,
            records_skipped BIGINT NOT NULL,
            records_failed BIGINT NOT NULL,
            expected BIGINT,
            gone BIGINT NOT NULL,
            approved SMALLINT NOT NULL,
            reason TEXT,
            notified TEXT NOT NULL,
            UNIQUE (integration_id, request_id)
        )
        """,
        // One run at a time, whatever the code does.
        "CREATE UNIQUE INDEX runs_active ON runs (integration_id) WHERE finished_at IS NULL",
        """
        CREATE TABLE run_chunks (
            run_id BIGINT NOT NULL REFERENCES runs (id),
            number INTEGER NOT NULL,
            source TEXT NOT NULL,
            id_range TEXT NOT NULL,
            place TEXT NOT NULL,
            counts TEXT NOT NULL,
            done SMALLINT NOT NULL,
            PRIMARY KEY (run_id, number)
        )
        """,
        // Fingerprints of ids, eight bytes each, as one value per page: a row for each would cost more than reading it did.
        """
        CREATE TABLE run_seen (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run_id BIGINT NOT NULL REFERENCES runs (id),
            source TEXT NOT NULL,
            prints BLOB NOT NULL
        )
        """,
        "CREATE INDEX run_seen_run ON run_seen (run_id, source, id)",
        """
        CREATE TABLE drifts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            object TEXT NOT NULL,
            marketing_id TEXT NOT NULL,
            field TEXT NOT NULL,
            side TEXT NOT NULL,
            crm_id TEXT NOT NULL,
            agreed TEXT NOT NULL,
            found TEXT NOT NULL,
            run_id BIGINT NOT NULL,
            found_at BIGINT NOT NULL,
            state TEXT NOT NULL,
            UNIQUE (integration_id, object, marketing_id, field, side)
        )
        """,
        "CREATE INDEX drifts_state ON drifts (integration_id, state, id)",
        // What was mapped when the mappings were looked at last, and when the next full run is due.
        """
        CREATE TABLE run_plans (
            integration_id BIGINT NOT NULL PRIMARY KEY REFERENCES integration_names (id),
            mapped TEXT NOT NULL,
            full_every INTEGER,
            full_due_at BIGINT
        )
        """,
    ]
}
