import Contracts

/// What a process that simulates is asked for.
public struct RunOrder: Sendable, Hashable, Codable {
    public var seed: UInt64
    /// Whether the lines of the trace are wanted.
    public var keepsTrace: Bool

    public init(seed: UInt64, keepsTrace: Bool = false) {
        self.seed = seed
        self.keepsTrace = keepsTrace
    }

    /// Plays the run on the calling thread, which from then on is the only one of the process that may run tasks.
    func play() -> RunResult {
        Simulation(seed: seed, script: ScriptGenerator(seed: seed).script(), sabotage: Sabotage(), keepsTrace: keepsTrace).run()
    }
}

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
