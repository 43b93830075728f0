internal import Foundation
internal import GRDB

#if canImport(Glibc)
    internal import Glibc
#endif

/// The file behind an embedded log: one writing connection, concurrent readers, one process.
struct LogDatabase: Sendable {
    private let pool: DatabasePool
    private let processLock: ProcessLock

    init(path: String) throws(EventLogError) {
        processLock = try ProcessLock(path: path + ".lock")
        do {
            var configuration = Configuration()
            configuration.label = "tandem.event-log"
            pool = try DatabasePool(path: path, configuration: configuration)
            // GRDB relaxes WAL to NORMAL, which may lose the last commits on a power cut; an append must survive one.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                // Gives the disk back what one burst of appends made of the write-ahead log.
                _ = try Int.fetchOne(db, sql: "PRAGMA journal_size_limit = 67108864")
            }
            try LogSchema.migrator.migrate(pool)
        } catch {
            processLock.release()
            throw EventLogError(storage: error)
        }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(EventLogError) -> Value {
        do { return try await pool.write(body) } catch { throw EventLogError(storage: error) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(EventLogError) -> Value {
        do { return try await pool.read(body) } catch { throw EventLogError(storage: error) }
    }

    func readNow<Value>(_ body: (Database) throws -> Value) throws(EventLogError) -> Value {
        do { return try pool.read(body) } catch { throw EventLogError(storage: error) }
    }

    func close() {
        // A failure leaves the write-ahead log behind, which the next opening reads.
        try? pool.close()
        processLock.release()
    }
}

/// An advisory lock on a file of its own. The kernel releases it when the process ends, however it ends.
private struct ProcessLock: Sendable {
    private let file: FileHandle

    init(path: String) throws(EventLogError) {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forUpdatingAtPath: path) else {
            throw EventLogError(code: "CANNOT_OPEN", reason: "the lock file \(path) cannot be created", isTransient: false)
        }
        guard flock(file.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw EventLogError(
                code: "IN_USE",
                reason: "another process has this log open (lock file \(path)); an embedded log serves one process at a time",
                isTransient: true)
        }
        self.file = file
    }

    /// Closing the descriptor gives up the lock.
    func release() { try? file.close() }
}

extension EventLogError {
    /// An error of SQLite or of our own, without the SQL or its arguments: those may hold personal data.
    init(storage error: any Error) {
        switch error {
        case let error as EventLogError: self = error
        case let error as DatabaseError:
            self.init(
                code: "SQLITE_\(error.resultCode.rawValue)",
                reason: error.message ?? "no message",
                isTransient: [.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_NOMEM]
                    .contains(error.resultCode))
        case is CancellationError:
            self.init(code: "CANCELLED", reason: "the calling task was cancelled", isTransient: true)
        default: self.init(code: "STORAGE", reason: "\(type(of: error))", isTransient: false)
        }
    }

    static let closed = EventLogError(code: "CLOSED", reason: "the log is closed", isTransient: false)
}
