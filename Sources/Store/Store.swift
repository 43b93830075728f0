import GRDB
import Synchronization

/// The durable state of a cluster: integrations and their secrets, queues, links, leases and history.
///
/// One SQLite file that several processes may have open at once. Every call is one transaction: it is durable when it
/// returns, and when it throws, or its task is cancelled, nothing has changed.
public final class Store: Sendable {
    /// Passed right before and right after each transaction. What it throws the call throws; after the transaction that means
    /// that it is durable, but nobody hears of it.
    public typealias Passage = @Sendable () async throws(StoreError) -> Void

    let database: any DatabaseWriter
    let key: StoreKey
    let settingsCache: SettingsCache
    private let passage: Passage?
    private let isClosed = Atomic(false)

    private init(
        database: any DatabaseWriter, key: StoreKey, settingsCache: SettingsCache = SettingsCache(), passage: Passage? = nil
    ) {
        self.database = database
        self.key = key
        self.settingsCache = settingsCache
        self.passage = passage
    }

    /// The same data as another process sees them, which may be interrupted where it passes (for simulations).
    public func sharing(_ passage: @escaping Passage) -> Store {
        Store(database: database, key: key, settingsCache: settingsCache, passage: passage)
    }

    /// Opens the store at `path`, creating it or bringing it up to date first.
    ///
    /// Throws `wrong-key` when it was sealed with another key, `schema-too-new` when a later version of Tandem made it.
    public static func open(path: String, key: StoreKey) throws(StoreError) -> Store {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // GRDB settles for NORMAL with WAL, which may lose the last transactions in a power cut.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            return try prepared(pool, key: key)
        } catch {
            throw StoreError(error)
        }
    }

    /// A store that lives and dies with the process.
    public static func inMemory(key: StoreKey) throws(StoreError) -> Store {
        do {
            return try prepared(DatabaseQueue(configuration: configuration), key: key)
        } catch {
            throw StoreError(error)
        }
    }

    /// Ends all access; calls after this one throw.
    public func close() throws(StoreError) {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        // A database in memory ends with its store: GRDB would use the connection of one that was closed.
        guard database is DatabasePool else { return }
        do { try database.close() } catch { throw StoreError(error) }
    }

    /// Runs a statement of the caller's own, e.g. one that makes a trigger: for drills that plant a bug.
    package func execute(_ sql: String) async throws(StoreError) { try await write { try $0.execute(sql: sql) } }

    private func requireOpen() throws(StoreError) {
        guard !isClosed.load(ordering: .sequentiallyConsistent) else {
            throw StoreError(code: "closed", message: "the store is closed")
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "tandem.store"
        // Another process may hold the write lock for the length of one batch.
        configuration.busyMode = .timeout(10)
        return configuration
    }

    private static func prepared(_ database: some DatabaseWriter, key: StoreKey) throws -> Store {
        try database.write { db in
            try Migrations.run(db)
            try KeyCheckTable.verify(key, db)
        }
        return Store(database: database, key: key)
    }

    /// Runs `body` in one read-only transaction.
    func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
        try await access { database async throws in
            if passage != nil, let queue = database as? DatabaseQueue { return try Self.readNow(queue, body) }
            return try await database.read(body)
        }
    }

    /// Runs `body` in one transaction that holds the write lock from its start.
    func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
        try await access { database async throws in
            if passage != nil, let queue = database as? DatabaseQueue { return try Self.writeNow(queue, body) }
            return try await database.write(body)
        }
    }

    private func access<Value: Sendable>(
        _ transaction: (any DatabaseWriter) async throws -> Value
    ) async throws(StoreError) -> Value {
        try await passage?()
        try requireOpen()
        let value: Value
        do {
            try Task.checkCancellation()
            value = try await transaction(database)
        } catch {
            throw StoreError(error)
        }
        try await passage?()
        return value
    }

    // A simulation must not leave its thread, and has a database in memory, which is never waited for. Nothing else runs on it
    // meanwhile, so that a read needs no transaction either.

    private static func readNow<Value>(_ queue: DatabaseQueue, _ body: (Database) throws -> Value) throws -> Value {
        try queue.unsafeRead(body)
    }

    private static func writeNow<Value>(_ queue: DatabaseQueue, _ body: (Database) throws -> Value) throws -> Value {
        try queue.write(body)
    }
}
