public import Contracts
import GRDB

/// The requests that count against a vendor's limit per second, across all processes (OUT-9).
///
/// A slot is taken before a request is sent and free again one second after its answer: whenever within that time the
/// vendor counted it, no second holds more requests than there are slots.
extension Store {
    /// Takes up to `wanted` of the account's `limit` slots, at least one, for requests to be sent at once; or tells when to ask
    /// again.
    ///
    /// A slot that is never given back, because its process died, is free after 90 seconds: longer than any request takes.
    public func takeSlots(account: String, limit: Int, wanted: Int, now: Timestamp) async throws(StoreError) -> SlotGrant {
        try await write { db in
            if let pause = try RateTable.pause(of: account, db), now < pause { return .wait(until: pause) }
            try db.run("DELETE FROM rate_slots WHERE account = ? AND free_at <= ?", [account, now.milliseconds])
            let busy = try RateTable.freeTimes(of: account, db)
            let free = max(1, limit) - busy.count
            guard free > 0 else {
                // One whose answer is still out cannot be free sooner than in a second.
                return .wait(until: min(busy[-free], now.advanced(by: RateTable.second)))
            }
            let guarded = now.advanced(by: .seconds(90)).milliseconds
            return .taken(
                try (0..<min(free, max(1, wanted))).map { _ in
                    try db.run("INSERT INTO rate_slots (account, free_at) VALUES (?, ?)", [account, guarded])
                    return Int(db.lastInsertedRowID)
                })
        }
    }

    /// Gives slots back whose requests were answered at `at`, or never sent. A slot that ran out meanwhile is not touched.
    public func freeSlots(account: String, slots: [Int], at: Timestamp) async throws(StoreError) {
        let freeAt = at.advanced(by: RateTable.second).milliseconds
        try await write { db in
            for slot in slots {
                try db.run("UPDATE rate_slots SET free_at = ? WHERE slot = ? AND account = ?", [freeAt, slot, account])
            }
        }
    }

    /// Grants no slot of the account before `until`, e.g. because the vendor said so. The latest pause counts.
    public func pauseSlots(account: String, until: Timestamp) async throws(StoreError) {
        try await write { db in
            let sql = """
                INSERT INTO rate_pauses (account, until_at) VALUES (?, ?)
                ON CONFLICT (account) DO UPDATE SET until_at = excluded.until_at WHERE excluded.until_at > rate_pauses.until_at
                """
            try db.run(sql, [account, until.milliseconds])
        }
    }
}

/// The tables `rate_slots`, a row for each slot that is taken or not free yet, and `rate_pauses`.
private enum RateTable {
    static let second = Duration.seconds(1)

    static func pause(of account: String, _ db: Database) throws -> Timestamp? {
        try db.firstRow("SELECT until_at FROM rate_pauses WHERE account = ?", [account]) { try $0.timestamp(0) }
    }

    /// When each slot that is not free will be, the earliest first.
    static func freeTimes(of account: String, _ db: Database) throws -> [Timestamp] {
        try db.rows("SELECT free_at FROM rate_slots WHERE account = ? ORDER BY free_at", [account]) { try $0.timestamp(0) }
    }
}
