public import Foundation

/// Simulates in several processes at a time.
public struct SimulationPool: Sendable {
    private let executable: URL
    private let arguments: [String]
    /// How many runs are played at a time.
    public let width: Int

    /// - Parameter arguments: what makes the executable call ``SimulationServer/run()``.
    public init(executable: URL, arguments: [String], width: Int) {
        self.executable = executable
        self.arguments = arguments
        self.width = max(1, width)
    }

    /// Plays the runs, begun in their order, and hands out each result as it comes, with the place of its order, until `goesOn`
    /// says no; what was begun by then is finished and handed out as well.
    public func play(_ orders: some Sequence<RunOrder> & Sendable, goesOn: (Int, RunResult) async throws -> Bool) async throws {
        try await withThrowingTaskGroup(of: Played.self) { group in
            var rest = orders.enumerated().makeIterator()
            func begin(in process: SimulationProcess?) {
                guard let (place, order) = rest.next() else { return }
                group.addTask { try await play(order, at: place, in: process) }
            }
            for _ in 0..<width { begin(in: nil) }
            var isGoingOn = true
            while let played = try await group.next() {
                if try await !goesOn(played.place, played.result) { isGoingOn = false }
                if isGoingOn { begin(in: played.process) }
            }
        }
    }

    /// The results of all runs, in the order of their orders.
    public func results(of orders: [RunOrder]) async throws -> [RunResult] {
        var results: [Int: RunResult] = [:]
        try await play(orders) { place, result in
            results[place] = result
            return true
        }
        return orders.indices.compactMap { results[$0] }
    }

    private struct Played: Sendable {
        var place: Int
        var result: RunResult
        /// Whether another run may follow in it.
        var process: SimulationProcess?
    }

    private func play(_ order: RunOrder, at place: Int, in process: SimulationProcess?) async throws -> Played {
        let process = try process ?? SimulationProcess(executable: executable, arguments: arguments)
        do throws(SimulationProcess.Died) {
            let result = try await process.play(order)
            // What a broken run may have left behind must not meet the next.
            return Played(place: place, result: result, process: result.violation == nil ? process : nil)
        } catch {
            let violation = Violation(invariant: .workersGoOn, detail: error.description, at: SimulatedWorld.beginning)
            return Played(place: place, result: RunResult(seed: order.seed, violation: violation), process: nil)
        }
    }
}
