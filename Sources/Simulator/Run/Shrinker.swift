/// Looks for the shortest script that still breaks the same rule.
///
/// It leaves out steps, large parts first and single ones last, and what is special about the setting. Whatever is left out
/// changes the schedule too, so that the result is short rather than the shortest there is.
public struct Shrinker: Sendable {
    /// What came out.
    public struct Outcome: Sendable, Hashable {
        public var order: RunOrder
        /// How many runs it took.
        public var runs: Int
        public var stepsBefore: Int
        public var steps: Int
    }

    private let width: Int
    private let mostRuns: Int
    private let breaks: @Sendable ([RunOrder]) async throws -> [Bool]
    private var runs = 0

    public init(pool: SimulationPool, invariant: Invariant, mostRuns: Int = 400) {
        self.init(width: pool.width, mostRuns: mostRuns) { orders in
            try await pool.results(of: orders).map { $0.violation?.invariant == invariant }
        }
    }

    /// - Parameter breaks: whether the rule is broken in each of up to `width` runs.
    init(width: Int, mostRuns: Int, breaks: @escaping @Sendable ([RunOrder]) async throws -> [Bool]) {
        self.width = width
        self.mostRuns = mostRuns
        self.breaks = breaks
    }

    public mutating func shrink(_ broken: RunOrder) async throws -> Outcome {
        var order = broken
        let before = order.played
        order.script = before
        var length = -1
        // A simpler setting lets other steps go.
        while let script = order.script, script.steps.count != length, runs < mostRuns {
            length = script.steps.count
            try await leaveOutSteps(&order)
            try await simplifySetting(&order)
        }
        return Outcome(order: order, runs: runs, stepsBefore: before.steps.count, steps: order.played.steps.count)
    }

    private mutating func leaveOutSteps(_ order: inout RunOrder) async throws {
        var size = max(1, order.played.steps.count / 2)
        while true {
            var start = 0
            while start < order.played.steps.count {
                let script = order.played
                let starts = Array(stride(from: start, to: script.steps.count, by: size).prefix(width))
                let shorter = starts.map { start in
                    var script = script
                    script.steps.removeSubrange(start..<min(start + size, script.steps.count))
                    return script
                }
                if let place = try await first(of: shorter, in: order) {
                    order.script = shorter[place]
                    start += place * size
                } else {
                    start += starts.count * size
                }
                guard runs < mostRuns else { return }
            }
            guard size > 1 else { return }
            size /= 2
        }
    }

    private mutating func simplifySetting(_ order: inout RunOrder) async throws {
        for change in Setting.simplifications {
            var script = order.played
            change(&script.setting)
            guard script != order.played, runs < mostRuns else { continue }
            if try await first(of: [script], in: order) != nil { order.script = script }
        }
    }

    /// The place of the first script with which the rule is still broken.
    private mutating func first(of scripts: [Script], in order: RunOrder) async throws -> Int? {
        runs += scripts.count
        let orders = scripts.map { script in
            var order = order
            order.script = script
            return order
        }
        return try await breaks(orders).firstIndex(of: true)
    }
}

extension Setting {
    /// Each makes one thing as it is in a calm run.
    fileprivate static var simplifications: [(inout Setting) -> Void] {
        let calm = Setting()
        return [
            { $0.processes = calm.processes }, { $0.skews = calm.skews }, { $0.crmSkew = calm.crmSkew }, { $0.order = .oldest },
            { $0.window = calm.window }, { $0.requestsPerSecond = calm.requestsPerSecond }, { $0.dailyLimit = calm.dailyLimit },
            { $0.contactSelection = calm.contactSelection }, { $0.accounts = calm.accounts },
            { $0.opportunities = calm.opportunities }, { $0.marksEdits = calm.marksEdits }, { $0.lease = calm.lease },
            { $0.pollInterval = calm.pollInterval },
        ]
    }
}
