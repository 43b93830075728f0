/// Version 4 of the schema: CRM records that do not sync for another one's sake.
enum PassedOverSchema {
    static let statements = [
        """
        CREATE TABLE passed_over (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            object TEXT NOT NULL,
            crm_id TEXT NOT NULL,
            rival_id TEXT NOT NULL,
            rival_object TEXT NOT NULL,
            rival_email TEXT,
            PRIMARY KEY (integration_id, object, crm_id)
        )
        """,
        "CREATE INDEX passed_over_rival ON passed_over (integration_id, rival_id)",
    ]
}
