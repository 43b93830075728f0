import GRDB

/// Brings a store up to date. Migrations are only ever appended: one that was released never changes.
enum Migrations {
    private struct Migration: Sendable {
        var statements: [String]
        /// What SQL alone cannot do to the rows that are there.
        var convert: @Sendable (Database) throws -> Void = { _ in }
    }

    private static let all = [
        Migration(statements: InitialSchema.statements),
        Migration(statements: OutboundSchema.statements, convert: { try LinkTable.fillEmails($0) }),
        Migration(statements: CreationSchema.statements),
        Migration(statements: PassedOverSchema.statements),
        Migration(statements: DoneTagSchema.statements),
        Migration(statements: UsageSchema.statements),
        Migration(statements: RunSchema.statements),
        Migration(statements: ActionSchema.statements),
        Migration(statements: BulkWriteSchema.statements),
        Migration(statements: ActivitySchema.statements),
        Migration(statements: ActivityMirrorSchema.statements),
    ]

    /// All in the caller's transaction, so that processes starting together do not both migrate.
    static func run(_ db: Database) throws {
        try db.execute(sql: "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY)")
        let current = try Int.fetchOne(db, sql: "SELECT MAX(version) FROM schema_migrations") ?? 0
        guard current <= all.count else {
            throw StoreError(
                code: "schema-too-new",
                message: "the store has schema version \(current), this Tandem knows versions up to \(all.count)")
        }
        for (version, migration) in zip(1..., all) where version > current {
            for statement in migration.statements { try db.execute(sql: statement) }
            try migration.convert(db)
            try db.execute(sql: "INSERT INTO schema_migrations (version) VALUES (?)", arguments: [version])
        }
    }
}
