/// Version 11 of the schema: activities on their way into the CRM.
enum ActivityMirrorSchema {
    static let statements = [
        """
        CREATE TABLE activity_mirror (
            activity BIGINT NOT NULL PRIMARY KEY REFERENCES activities (id),
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            marketing_id TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_at BIGINT NOT NULL,
            error TEXT
        )
        """,
        "CREATE INDEX activity_mirror_due ON activity_mirror (integration_id, state, next_at, activity)",
        "CREATE INDEX activity_mirror_unlinked ON activity_mirror (integration_id, marketing_id) WHERE state = 'unlinked'",
    ]
}
