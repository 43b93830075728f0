public import Contracts
import GRDB

/// The right to work on something alone until it expires. The token fences off a holder that lost it without noticing.
public struct Lease: Sendable, Hashable {
    public var name: String
    /// Unique per process.
    public var holder: String
    /// Grows with every change of hands.
    public var token: Int64
    public var expiresAt: Timestamp

    public init(name: String, holder: String, token: Int64, expiresAt: Timestamp) {
        self.name = name
        self.holder = holder
        self.token = token
        self.expiresAt = expiresAt
    }
}

extension Store {
    /// Takes the lease, or renews it for the holder it has; `nil` while it is validly someone else's.
    ///
    /// Who asks in vain is noted for five seconds: when the holder asks again within them, it loses the lease and gets `nil`
    /// once, so that those who share a lease take turns.
    public func acquireLease(
        _ name: String, holder: String, ttl: Duration, now: Timestamp
    ) async throws(StoreError) -> Lease? {
        try await write { db in
            let expiresAt = now.advanced(by: ttl)
            guard let current = try LeaseTable.current(name, db) else {
                let lease = Lease(name: name, holder: holder, token: 1, expiresAt: expiresAt)
                try LeaseTable.save(lease, db)
                try LeaseTable.noteTurn(lease, db)
                return lease
            }
            let isValid = now < current.expiresAt
            guard !isValid || current.holder == holder else {
                try LeaseTable.noteWish(name, of: holder, until: now.advanced(by: .seconds(5)), db)
                return nil
            }
            if try LeaseTable.yields(name, holder: holder, now: now, db) {
                try LeaseTable.release(current, db)
                return nil
            }
            // Even to the same holder: what it did before the lease ran out may meet what it does now.
            let token = isValid ? current.token : current.token + 1
            let lease = Lease(name: name, holder: holder, token: token, expiresAt: expiresAt)
            try LeaseTable.save(lease, db)
            try LeaseTable.noteTurn(lease, db)
            return lease
        }
    }

    /// Prolongs a lease that is still this holder's; one that ran out may be prolonged while nobody has taken it over.
    public func renewLease(_ lease: Lease, ttl: Duration, now: Timestamp) async throws(StoreError) -> Lease? {
        try await write { db in
            guard let current = try LeaseTable.current(lease.name, db), LeaseTable.isSame(current, lease) else { return nil }
            var renewed = current
            renewed.expiresAt = now.advanced(by: ttl)
            try LeaseTable.save(renewed, db)
            return renewed
        }
    }

    /// Gives the lease back, so that the next one need not wait for its end. Nothing happens when it is not held any more.
    public func releaseLease(_ lease: Lease) async throws(StoreError) {
        try await write { db in
            guard let current = try LeaseTable.current(lease.name, db), LeaseTable.isSame(current, lease) else { return }
            try LeaseTable.release(lease, db)
        }
    }
}

/// The table `leases`.
enum LeaseTable {
    static func current(_ name: String, _ db: Database) throws -> Lease? {
        try db.firstRow("SELECT holder, token, expires_at FROM leases WHERE name = ?", [name]) { row in
            Lease(name: name, holder: try row.value(0), token: try row.value(1), expiresAt: try row.timestamp(2))
        }
    }

    static func isSame(_ one: Lease, _ other: Lease) -> Bool { one.holder == other.holder && one.token == other.token }

    static func save(_ lease: Lease, _ db: Database) throws {
        let sql = """
            INSERT INTO leases (name, holder, token, expires_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token, expires_at = excluded.expires_at
            """
        try db.run(sql, [lease.name, lease.holder, lease.token, lease.expiresAt.milliseconds])
    }

    static func release(_ lease: Lease, _ db: Database) throws {
        // The row stays: its token must go on growing.
        try save(Lease(name: lease.name, holder: "", token: lease.token, expiresAt: .distantPast), db)
    }

    /// Of a lease that nobody will ask for again.
    static func forget(_ name: String, _ db: Database) throws { try db.run("DELETE FROM leases WHERE name = ?", [name]) }

    /// Throws `lease-lost` unless `lease` is the current one and valid at `now`.
    static func require(_ lease: Lease, now: Timestamp, _ db: Database) throws {
        guard try requireHolder(lease, db) > now else { throw lost(lease) }
    }

    /// Throws `lease-lost` unless `lease` is the current one; when it expires.
    @discardableResult
    static func requireHolder(_ lease: Lease, _ db: Database) throws -> Timestamp {
        guard let current = try current(lease.name, db), isSame(current, lease) else { throw lost(lease) }
        return current.expiresAt
    }

    private static func lost(_ lease: Lease) -> StoreError {
        StoreError(
            code: StoreError.leaseLostCode, message: "the lease \(lease.name) with token \(lease.token) is not held any more")
    }
}

// MARK: Turns

extension LeaseTable {
    static func noteWish(_ name: String, of holder: String, until: Timestamp, _ db: Database) throws {
        let sql = "UPDATE leases SET wanted_by = ?, wanted_until = ? WHERE name = ?"
        try db.run(sql, [holder, until.milliseconds, name])
    }

    /// Notes whose turn it is, which fulfils its wish.
    static func noteTurn(_ lease: Lease, _ db: Database) throws {
        let sql = """
            UPDATE leases SET last_holder = ?, wanted_by = CASE WHEN wanted_by = ? THEN NULL ELSE wanted_by END WHERE name = ?
            """
        try db.run(sql, [lease.holder, lease.holder, lease.name])
    }

    /// Whether `holder`, who had the last turn, has to leave this one to someone else. It is asked to only once.
    static func yields(_ name: String, holder: String, now: Timestamp, _ db: Database) throws -> Bool {
        let sql = """
            UPDATE leases SET wanted_by = NULL
            WHERE name = ? AND last_holder = ? AND wanted_by IS NOT NULL AND wanted_by <> ? AND wanted_until > ?
            """
        try db.run(sql, [name, holder, holder, now.milliseconds])
        return db.changesCount > 0
    }
}
