internal import GRDB

/// Append-only: a migration that was released is never edited.
enum LogSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 partitions, records, offsets") { db in
            for statement in version1 { try db.execute(sql: statement) }
        }
        return migrator
    }

    private static let version1 = [
        """
        CREATE TABLE log_partition (
            id INTEGER PRIMARY KEY,
            topic TEXT NOT NULL,
            number INTEGER NOT NULL,
            first_offset INTEGER NOT NULL,
            UNIQUE (topic, number)
        )
        """,
        "CREATE TABLE log_record (id INTEGER PRIMARY KEY, appended_at INTEGER NOT NULL, message BLOB NOT NULL)",
        "CREATE TABLE log_group (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        """
        CREATE TABLE log_group_offset (
            group_id INTEGER NOT NULL REFERENCES log_group (id),
            partition_id INTEGER NOT NULL REFERENCES log_partition (id),
            next_offset INTEGER NOT NULL,
            PRIMARY KEY (group_id, partition_id)
        )
        """,
    ]
}
