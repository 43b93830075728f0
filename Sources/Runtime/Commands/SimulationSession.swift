import Foundation
import Simulator

/// Plays simulations and prints what comes out. Every function tells whether all rules were kept, or every bug was found.
struct SimulationSession {
    /// How much of a broken run's trace is shown.
    private static let lastLines = 40

    let pool: SimulationPool

    /// Plays one run.
    func play(_ order: RunOrder) async throws -> Bool {
        guard let result = try await pool.results(of: [order]).first else { return false }
        for line in result.trace { say(line) }
        say(
            "seed \(result.seed): \(hours(result.simulated)) h simulated, \(result.jobs) jobs, trace \(hexadecimal(result.hash))")
        if let violation = result.violation { say("BROKEN: \(violation)") }
        return result.violation == nil
    }

    /// Plays the seeds until a rule is broken, and then explains how; or all of them, and names those that broke one.
    func play(_ seeds: ClosedRange<UInt64>, plant: Plant?, keepsGoing: Bool) async throws -> Bool {
        let stopwatch = Stopwatch()
        let step = max(1, seeds.count / 10)
        let progress = try await Campaign(pool: pool).run(seeds, plant: plant, keepsGoing: keepsGoing) { progress, result in
            if keepsGoing, let violation = result.violation { say("BROKEN by seed \(result.seed): \(violation)") }
            if progress.runs % step == 0, progress.runs < seeds.count { say(line(progress, stopwatch)) }
        }
        say(line(progress, stopwatch))
        guard let broken = progress.broken, let violation = broken.violation else {
            say("no rule was broken")
            return true
        }
        if keepsGoing {
            say("\(progress.breaches) of \(progress.runs) runs broke a rule")
            return false
        }
        say("\nBROKEN by seed \(broken.seed): \(violation)\nlooking for a shorter script…")
        try await explain(RunOrder(seed: broken.seed, plant: plant), violation)
        return false
    }

    /// Plants one bug after the other and prints after how many seeds each is found: by one that breaks no rule without it.
    func drill(_ seeds: ClosedRange<UInt64>) async throws -> Bool {
        let stopwatch = Stopwatch()
        var missed = 0
        let width = Plant.allCases.map(\.rawValue.count).max() ?? 0
        for plant in Plant.allCases {
            let finding = try await finding(of: plant, in: seeds)
            if finding == nil { missed += 1 }
            let name = plant.rawValue.padding(toLength: width, withPad: " ", startingAt: 0)
            say("\(name)  \(finding ?? "NOT FOUND")\n\(indent)\(plant.summary)")
        }
        let total = Plant.allCases.count
        say("\(total - missed) of \(total) planted bugs found, in \(Int(stopwatch.seconds)) s")
        return missed == 0
    }

    private func finding(of plant: Plant, in seeds: ClosedRange<UInt64>) async throws -> String? {
        guard let broken = try await Campaign(pool: pool).run(seeds, plant: plant).broken, let violation = broken.violation,
            try await pool.results(of: [RunOrder(seed: broken.seed)]).allSatisfy({ $0.violation == nil })
        else { return nil }
        let remark = plant.expected.contains(violation.invariant) ? "" : " (another rule was expected to be broken)"
        return "\(broken.seed - seeds.lowerBound + 1)\t\(violation.invariant.rawValue)\(remark)"
    }

    private func explain(_ order: RunOrder, _ violation: Violation) async throws {
        var shrinker = Shrinker(pool: pool, invariant: violation.invariant)
        let shrunk = try await shrinker.shrink(order)
        var shown = shrunk.order
        shown.keepsTrace = true
        let result = try await pool.results(of: [shown]).first
        say("shrunk from \(shrunk.stepsBefore) steps to \(shrunk.steps) in \(shrunk.runs) runs\n")
        let lines = (result?.violation ?? violation).description.split(separator: "\n")
        for line in lines { say("# \(line)") }
        say("\(shrunk.order)\n\nThe end of that run, without what was in the requests:")
        let plot = (result?.trace ?? []).filter { !$0.contains(":   > ") && !$0.contains(":   < ") }
        for line in plot.suffix(Self.lastLines) { say(line) }
        let plant = order.plant.map { " --plant \($0.rawValue)" } ?? ""
        say(
            """

            Again: tandem simulate --seed \(order.seed)\(plant) --trace
            or, with the lines from "# " to the last step in a file: tandem simulate --script FILE --trace
            """)
    }

    private let indent = "    "

    /// At once, for a campaign takes its time and may be watched through a pipe.
    private func say(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8)) }

    private func line(_ progress: Campaign.Progress, _ stopwatch: Stopwatch) -> String {
        let seconds = stopwatch.seconds
        let speed = String(format: "%.1f", Double(progress.runs) / seconds)
        let ratio = Int(progress.simulated / .seconds(1) / seconds)
        return "\(progress.runs) seeds, \(speed)/s, \(hours(progress.simulated)) h simulated (\(ratio) times as fast), "
            + "\(progress.jobs) jobs"
    }

    private func hours(_ duration: Duration) -> String { String(format: "%.1f", duration / .seconds(3600)) }

    private func hexadecimal(_ hash: UInt64) -> String { String(hash, radix: 16) }
}

/// The real time that went by.
private struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double { max((ContinuousClock.now - start) / .seconds(1), 0.001) }
}
