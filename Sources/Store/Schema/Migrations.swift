import GRDB

/// Brings a store up to date. Migrations are only ever appended: one that was released never changes.
enum Migrations {
    private static let all: [[String]] = [InitialSchema.statements]

    /// All in the caller's transaction, so that processes starting together do not both migrate.
    static func run(_ db: Database) throws {
        try db.execute(sql: "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY)")
        let current = try Int.fetchOne(db, sql: "SELECT MAX(version) FROM schema_migrations") ?? 0
        guard current <= all.count else {
            throw StoreError(
                code: "schema-too-new",
                message: "the store has schema version \(current), this Tandem knows versions up to \(all.count)")
        }
        for (version, statements) in zip(1..., all) where version > current {
            for statement in statements { try db.execute(sql: statement) }
            try db.execute(sql: "INSERT INTO schema_migrations (version) VALUES (?)", arguments: [version])
        }
    }
}
