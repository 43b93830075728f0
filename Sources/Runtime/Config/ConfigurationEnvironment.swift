import Foundation

/// What a configuration draws on besides its own text, as a port.
struct ConfigurationEnvironment: Sendable {
    /// The value of an environment variable.
    var variable: @Sendable (_ name: String) -> String?
    /// A file's bytes, or `nil` when it cannot be read. Relative paths start at the working directory.
    var read: @Sendable (_ path: String) -> [UInt8]?
    /// The names in a directory; `nil` when `path` is none.
    var list: @Sendable (_ path: String) -> [String]?

    /// The process's own.
    static let process = ConfigurationEnvironment(
        variable: { ProcessInfo.processInfo.environment[$0] },
        read: { FileManager.default.contents(atPath: $0).map { Array($0) } },
        list: { try? FileManager.default.contentsOfDirectory(atPath: $0) }
    )
}
