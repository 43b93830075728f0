/// Triggers that make the store forget.
enum StoreSabotage {
    /// Empties a column of the links whenever it is written.
    static func forgetting(_ column: String, empty: String) -> [String] {
        ["INSERT", "UPDATE OF \(column)"].enumerated().map { number, moment in
            """
            CREATE TRIGGER forgets_\(column)_\(number) AFTER \(moment) ON links WHEN NEW.\(column) IS NOT \(empty)
            BEGIN UPDATE links SET \(column) = \(empty) WHERE id = NEW.id; END
            """
        }
    }

    /// A link that was settled without a write to marketing keeps the base it had.
    static let keepsBaseOfWritesToCRM = """
        CREATE TRIGGER keeps_base AFTER UPDATE OF base ON links
        WHEN OLD.state = 'linked' AND NEW.state = 'linked' AND NEW.written_at IS OLD.written_at AND NEW.base <> OLD.base
        BEGIN UPDATE links SET base = OLD.base WHERE id = NEW.id; END
        """

    /// Nothing is left of a link that ended.
    static let dropsEnded = """
        CREATE TRIGGER drops_ended AFTER UPDATE OF state ON links WHEN NEW.state = 'ended'
        BEGIN DELETE FROM links WHERE id = NEW.id; END
        """

    static let keepsVersions = """
        CREATE TRIGGER keeps_versions AFTER UPDATE OF version ON queue WHEN NEW.version <> OLD.version
        BEGIN UPDATE queue SET version = OLD.version WHERE id = NEW.id; END
        """

    static let losesNextTries = """
        CREATE TRIGGER loses_next_tries AFTER UPDATE OF next_at ON queue WHEN NEW.state = 1
        BEGIN UPDATE queue SET next_at = NULL WHERE id = NEW.id; END
        """

    static let overlooksDrift = """
        CREATE TRIGGER overlooks_drift AFTER INSERT ON drifts BEGIN DELETE FROM drifts WHERE id = NEW.id; END
        """

    static let misfilesStrangers = """
        CREATE TRIGGER misfiles_strangers AFTER INSERT ON activities
        WHEN NOT EXISTS (
            SELECT 1 FROM links WHERE integration_id = NEW.integration_id AND marketing_id = NEW.marketing_id
        )
        BEGIN UPDATE activities SET marketing_id = 'nobody' WHERE id = NEW.id; END
        """

    static let forgetsCopies = """
        CREATE TRIGGER forgets_copies AFTER INSERT ON activity_mirror WHEN NEW.state = 'unlinked'
        BEGIN DELETE FROM activity_mirror WHERE activity = NEW.activity; END
        """

    static let endlessLeases = ["INSERT", "UPDATE OF expires_at"].enumerated().map { number, moment in
        """
        CREATE TRIGGER endless_leases_\(number) AFTER \(moment) ON leases WHEN NEW.holder <> ''
        BEGIN UPDATE leases SET expires_at = 9000000000000 WHERE name = NEW.name; END
        """
    }
}
