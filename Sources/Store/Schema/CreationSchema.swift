/// Version 3 of the schema: what was sent for people whose answer may get lost.
enum CreationSchema {
    static let statements = [
        """
        CREATE TABLE creations (
            integration_id BIGINT NOT NULL REFERENCES integration_names (id),
            crm_id TEXT NOT NULL,
            object TEXT NOT NULL,
            email TEXT NOT NULL,
            sent_at BIGINT NOT NULL,
            PRIMARY KEY (integration_id, crm_id, object)
        )
        """
    ]
}
