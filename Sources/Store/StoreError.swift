import GRDB

/// Why the store did not do what it was asked. Whatever the code, nothing was changed.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable and machine-readable, e.g. `lease-lost`, `already-paired`, `wrong-key`, `busy`.
    public var code: String
    /// For the operator; holds no secret and no field value.
    public var message: String
    /// Whether the same call may succeed later.
    public var isTransient: Bool

    public init(code: String, message: String, isTransient: Bool = false) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
    }

    public var description: String { "\(code): \(message)" }
}

extension StoreError {
    /// The lease was taken over, released or ran out: what its holder worked on is someone else's now.
    public static let leaseLostCode = "lease-lost"

    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(error)
        case is CancellationError: self.init(code: "cancelled", message: "the task was cancelled", isTransient: true)
        default: self.init(code: "unreadable-row", message: "a stored row is not as Tandem wrote it (\(type(of: error)))")
        }
    }

    private init(_ error: DatabaseError) {
        let message = error.message ?? "SQLite result \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(code: "busy", message: message, isTransient: true)
        case .SQLITE_FULL: self.init(code: "disk-full", message: message, isTransient: true)
        case .SQLITE_IOERR: self.init(code: "io-error", message: message, isTransient: true)
        case .SQLITE_INTERRUPT, .SQLITE_ABORT: self.init(code: "cancelled", message: message, isTransient: true)
        case .SQLITE_CANTOPEN: self.init(code: "cannot-open", message: message)
        case .SQLITE_READONLY, .SQLITE_PERM: self.init(code: "read-only", message: message)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self.init(code: "corrupt", message: message)
        case .SQLITE_MISUSE: self.init(code: "closed", message: message)
        default: self.init(code: "sqlite-\(error.extendedResultCode.rawValue)", message: message)
        }
    }

    static func unreadable(_ what: String) -> StoreError {
        StoreError(code: "unreadable-row", message: "\(what) is not as Tandem wrote it")
    }

    static func unknownIntegration(_ name: String) -> StoreError {
        StoreError(code: "unknown-integration", message: "there is no integration named \(name)")
    }
}
