/// Version 6 of the schema: an earlier reading of the CRM's calls tells how fast they are used up.
enum UsageSchema {
    static let statements = [
        "ALTER TABLE api_usage ADD COLUMN start_used BIGINT",
        "ALTER TABLE api_usage ADD COLUMN start_at BIGINT",
    ]
}
