import Contracts
import Store

/// Lets a process that lost its lease while it stood still commit what it was doing: the fencing token is not looked at.
///
/// The store has no way around the check, so whenever a process comes to it, the lease's row is made to say what the process
/// took from it last. Who asks for the lease without having it is still refused.
enum LeaseForgery {
    static let statements = [
        "CREATE TABLE granted (name TEXT NOT NULL, holder TEXT NOT NULL, token BIGINT NOT NULL, PRIMARY KEY (name, holder))",
        """
        CREATE TRIGGER granted_first AFTER INSERT ON leases
        BEGIN INSERT OR REPLACE INTO granted VALUES (NEW.name, NEW.holder, NEW.token); END
        """,
        """
        CREATE TRIGGER granted_again AFTER UPDATE OF holder, token ON leases WHEN NEW.holder <> ''
        BEGIN INSERT OR REPLACE INTO granted VALUES (NEW.name, NEW.holder, NEW.token); END
        """,
        """
        CREATE TRIGGER given_back AFTER UPDATE OF holder ON leases WHEN NEW.holder = ''
        BEGIN DELETE FROM granted WHERE name = NEW.name AND holder = OLD.holder; END
        """,
    ]

    /// Makes the leases that `process` took and did not give back its own again.
    static func forge(for process: String, in store: Store, until end: Timestamp) async throws(StoreError) {
        try await store.execute(
            """
            UPDATE leases SET holder = granted.holder, token = granted.token, expires_at = MAX(expires_at, \(end.milliseconds))
            FROM granted WHERE granted.name = leases.name AND granted.holder LIKE '\(process)/%' AND leases.holder <> granted.holder
            """)
    }
}
