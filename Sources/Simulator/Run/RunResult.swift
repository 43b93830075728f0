import Contracts

/// How a run ended.
public struct RunResult: Sendable, Hashable, Codable {
    public var seed: UInt64
    public var violation: Violation?
    /// How much virtual time passed.
    public var simulated = Duration.zero
    /// How many jobs of Swift's runtime ran.
    public var jobs = 0
    /// Of the trace, kept or not.
    public var hash: UInt64 = 0
    public var trace: [String] = []
}
