import GRDB
import Synchronization

/// The durable state of a cluster: integrations and their secrets, queues, links, leases and history.
///
/// One SQLite file that several processes may have open at once. Every call is one transaction: it is durable when it
/// returns, and when it throws, or its task is cancelled, nothing has changed.
public final class Store: Sendable {
    let database: any DatabaseWriter
    let key: StoreKey
    private let isClosed = Atomic(false)

    private init(database: any DatabaseWriter, key: StoreKey) {
        self.database = database
        self.key = key
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
        try requireOpen()
        do { return try await database.read(body) } catch { throw StoreError(error) }
    }

    /// Runs `body` in one transaction that holds the write lock from its start.
    func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
        try requireOpen()
        do { return try await database.write(body) } catch { throw StoreError(error) }
    }
}
