/// Version 10 of the schema: what people got from marketing and did there.
enum ActivitySchema {
    static let statements = [
        """
        CREATE TABLE activities (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            marketing_id TEXT NOT NULL,
            activity_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            occurred_at BIGINT NOT NULL,
            recorded_at BIGINT NOT NULL,
            campaign_id TEXT,
            details TEXT NOT NULL,
            UNIQUE (integration_id, marketing_id, activity_id)
        )
        """,
        "CREATE INDEX activities_person ON activities (integration_id, marketing_id, occurred_at, id)",
        "CREATE INDEX activities_age ON activities (integration_id, occurred_at, id)",
        // How many of each kind there are, kept by the way: a status must not count millions.
        """
        CREATE TABLE activity_counts (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            kind TEXT NOT NULL,
            kept BIGINT NOT NULL,
            PRIMARY KEY (integration_id, kind)
        )
        """,
    ]
}
