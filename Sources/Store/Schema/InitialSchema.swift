/// Version 1 of the schema.
///
/// Times are milliseconds since 1970, JSON is text. Only `AUTOINCREMENT` (ids are never used twice) and `BLOB` are
/// SQLite's own words; PostgreSQL says `GENERATED ALWAYS AS IDENTITY` and `BYTEA`.
enum InitialSchema {
    static let statements = control + queue + records

    private static let control = [
        "CREATE TABLE key_check (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL)",
        // Short ids for the names that would otherwise stand in every row; also of integrations still unknown, whose
        // changes must not be lost.
        "CREATE TABLE integration_names (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE)",
        """
        CREATE TABLE integrations (
            integration_id BIGINT NOT NULL PRIMARY KEY REFERENCES integration_names (id),
            settings TEXT NOT NULL,
            state TEXT NOT NULL,
            revision BIGINT NOT NULL,
            crm_org TEXT NOT NULL,
            marketing_account TEXT NOT NULL,
            updated_at BIGINT NOT NULL
        )
        """,
        // GEN-1, whatever the code does.
        "CREATE UNIQUE INDEX integrations_crm_org ON integrations (crm_org) WHERE state <> 'disconnected'",
        "CREATE UNIQUE INDEX integrations_marketing ON integrations (marketing_account) WHERE state <> 'disconnected'",
        """
        CREATE TABLE secrets (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            name TEXT NOT NULL,
            sealed BLOB NOT NULL,
            applied BLOB,
            updated_at BIGINT NOT NULL,
            PRIMARY KEY (integration_id, name)
        )
        """,
        """
        CREATE TABLE leases (
            name TEXT NOT NULL PRIMARY KEY,
            holder TEXT NOT NULL,
            token BIGINT NOT NULL,
            expires_at BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE holds (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            direction SMALLINT NOT NULL,
            until_at BIGINT,
            reason TEXT NOT NULL,
            since BIGINT NOT NULL,
            PRIMARY KEY (integration_id, direction)
        )
        """,
        """
        CREATE TABLE api_usage (
            integration_id BIGINT NOT NULL PRIMARY KEY REFERENCES integration_names (id),
            used BIGINT NOT NULL,
            quota BIGINT NOT NULL,
            at BIGINT NOT NULL
        )
        """,
    ]

    private static let queue = [
        """
        CREATE TABLE queue (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            direction SMALLINT NOT NULL,
            object TEXT NOT NULL,
            record_id TEXT NOT NULL,
            version BIGINT NOT NULL,
            state SMALLINT NOT NULL,
            attempts INTEGER NOT NULL,
            first_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            next_at BIGINT,
            parked_at BIGINT,
            error_code TEXT,
            error TEXT,
            change TEXT NOT NULL,
            UNIQUE (integration_id, direction, object, record_id)
        )
        """,
        "CREATE INDEX queue_order ON queue (integration_id, direction, state, first_at, id)",
        "CREATE INDEX queue_delayed ON queue (integration_id, direction, next_at, first_at) WHERE state = 1",
        "CREATE INDEX queue_parked ON queue (integration_id, direction, id) WHERE state = 2",
        // How many rows are in each state, kept by the way: a gauge must not count a million rows.
        """
        CREATE TABLE queue_counts (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            direction SMALLINT NOT NULL,
            state SMALLINT NOT NULL,
            waiting BIGINT NOT NULL,
            PRIMARY KEY (integration_id, direction, state)
        )
        """,
        """
        CREATE TABLE tag_tasks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            contact_id TEXT NOT NULL,
            tag TEXT NOT NULL,
            state SMALLINT NOT NULL,
            attempts INTEGER NOT NULL,
            first_at BIGINT NOT NULL,
            next_at BIGINT,
            error TEXT,
            UNIQUE (integration_id, contact_id, tag)
        )
        """,
        "CREATE INDEX tag_tasks_order ON tag_tasks (integration_id, state, first_at, id)",
    ]

    private static let records = [
        """
        CREATE TABLE links (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            object TEXT NOT NULL,
            marketing_id TEXT NOT NULL,
            crm_id TEXT,
            external_id TEXT NOT NULL,
            state TEXT NOT NULL,
            base TEXT NOT NULL,
            seen TEXT NOT NULL,
            tags TEXT NOT NULL,
            overruled TEXT NOT NULL,
            sent TEXT NOT NULL,
            updated_at BIGINT NOT NULL,
            UNIQUE (integration_id, marketing_id, object)
        )
        """,
        "CREATE INDEX links_crm ON links (integration_id, object, crm_id, state)",
        """
        CREATE TABLE history (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            direction SMALLINT NOT NULL,
            object TEXT NOT NULL,
            marketing_id TEXT NOT NULL,
            crm_id TEXT,
            at BIGINT NOT NULL,
            outcome TEXT NOT NULL,
            code TEXT,
            message TEXT,
            details TEXT NOT NULL
        )
        """,
        "CREATE INDEX history_record ON history (integration_id, marketing_id, id)",
        // How often each outcome is in the history, kept by the way as well.
        """
        CREATE TABLE outcome_counts (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            outcome TEXT NOT NULL,
            code TEXT NOT NULL,
            occurrences BIGINT NOT NULL,
            PRIMARY KEY (integration_id, outcome, code)
        )
        """,
    ]
}
