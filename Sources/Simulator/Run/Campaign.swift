/// Plays one seed after the other until a rule is broken.
public struct Campaign: Sendable {
    /// How far it is.
    public struct Progress: Sendable, Hashable {
        public var runs = 0
        /// The virtual time of all runs.
        public var simulated = Duration.zero
        public var jobs = 0
        /// The run of the lowest seed in which a rule was broken.
        public var broken: RunResult?
        /// How many runs broke a rule.
        public var breaches = 0
    }

    private let pool: SimulationPool

    public init(pool: SimulationPool) { self.pool = pool }

    /// Plays the seeds up from the first, with a bug planted or without, until all are played or, unless it `keepsGoing`, a rule
    /// is broken.
    public func run(
        _ seeds: ClosedRange<UInt64>, plant: Plant? = nil, keepsGoing: Bool = false,
        report: (Progress, RunResult) -> Void = { _, _ in }
    ) async throws -> Progress {
        var progress = Progress()
        try await pool.play(seeds.lazy.map { RunOrder(seed: $0, plant: plant) }) { _, result in
            progress.runs += 1
            progress.simulated += result.simulated
            progress.jobs += result.jobs
            if result.violation != nil {
                progress.breaches += 1
                if result.seed < progress.broken?.seed ?? .max { progress.broken = result }
            }
            report(progress, result)
            return keepsGoing || progress.broken == nil
        }
        return progress
    }
}
