/// Version 2 of the schema: what the way from the CRM to marketing needs.
enum OutboundSchema {
    static let statements = records + queue + schedules + control

    private static let records = [
        "ALTER TABLE links ADD COLUMN ended_by TEXT",
        "ALTER TABLE links ADD COLUMN written_at BIGINT",
        "ALTER TABLE links ADD COLUMN trails TEXT NOT NULL DEFAULT '{}'",
        // How many of the trails are frozen: a gauge must not read every trail.
        "ALTER TABLE links ADD COLUMN frozen INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE links ADD COLUMN relation TEXT",
        "ALTER TABLE links ADD COLUMN email TEXT",
        "CREATE INDEX links_email ON links (integration_id, email)",
        "CREATE INDEX links_frozen ON links (integration_id, frozen) WHERE frozen > 0",
        "CREATE INDEX history_crm ON history (integration_id, crm_id, id)",
    ]

    private static let queue = [
        "ALTER TABLE tag_tasks ADD COLUMN action TEXT NOT NULL DEFAULT 'add'",
        """
        CREATE TABLE imports (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            batch_id TEXT,
            started_at BIGINT NOT NULL
        )
        """,
        "CREATE INDEX imports_integration ON imports (integration_id, id)",
        """
        CREATE TABLE import_rows (
            import_id BIGINT NOT NULL REFERENCES imports (id),
            place INTEGER NOT NULL,
            row_id BIGINT NOT NULL,
            version BIGINT NOT NULL,
            object TEXT NOT NULL,
            record_id TEXT NOT NULL,
            email TEXT NOT NULL,
            marketing_id TEXT,
            outcome TEXT NOT NULL,
            link TEXT NOT NULL,
            details TEXT NOT NULL,
            PRIMARY KEY (import_id, place)
        )
        """,
        "CREATE INDEX import_rows_person ON import_rows (marketing_id, import_id)",
    ]

    private static let schedules = [
        """
        CREATE TABLE schedules (
            integration_id BIGINT NOT NULL PRIMARY KEY REFERENCES integration_names (id),
            schedule TEXT NOT NULL,
            next_at BIGINT NOT NULL,
            started_at BIGINT,
            finished_at BIGINT,
            runs BIGINT NOT NULL,
            records_read BIGINT NOT NULL,
            records_published BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE polls (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            object TEXT NOT NULL,
            selection TEXT NOT NULL,
            since BIGINT NOT NULL,
            watermark BIGINT,
            pass TEXT,
            PRIMARY KEY (integration_id, object)
        )
        """,
    ]

    private static let control = [
        // Whose turn it was last, and who else asked since: see Store.acquireLease.
        "ALTER TABLE leases ADD COLUMN last_holder TEXT",
        "ALTER TABLE leases ADD COLUMN wanted_by TEXT",
        "ALTER TABLE leases ADD COLUMN wanted_until BIGINT",
        "CREATE TABLE rate_pauses (account TEXT NOT NULL PRIMARY KEY, until_at BIGINT NOT NULL)",
        """
        CREATE TABLE rate_slots (
            slot INTEGER PRIMARY KEY AUTOINCREMENT,
            account TEXT NOT NULL,
            free_at BIGINT NOT NULL
        )
        """,
        "CREATE INDEX rate_slots_account ON rate_slots (account, free_at)",
    ]
}
