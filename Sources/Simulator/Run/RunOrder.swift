import Foundation

/// What a process that simulates is asked for.
public struct RunOrder: Sendable, Hashable, Codable {
    /// Whose dice choose the schedule of the tasks, and the script unless there is one.
    public var seed: UInt64
    public var plant: Plant?
    /// Whether the lines of the trace are wanted.
    public var keepsTrace: Bool
    var script: Script?

    public init(seed: UInt64, plant: Plant? = nil, keepsTrace: Bool = false) {
        self.seed = seed
        self.plant = plant
        self.keepsTrace = keepsTrace
    }

    /// Plays the run on the calling thread, which from then on is the only one of the process that may run tasks.
    func play() -> RunResult {
        Simulation(seed: seed, script: played, sabotage: plant?.sabotage ?? Sabotage(), keepsTrace: keepsTrace).run()
    }

    /// What is played.
    var played: Script { script ?? ScriptGenerator(seed: seed).script() }
}

/// As text: a line `seed 17`, perhaps one `plant no-fencing`, and those of the script. Empty lines and those that begin with `#`
/// say nothing.
extension RunOrder: CustomStringConvertible {
    public var description: String {
        let heading = ["seed \(seed)"] + (plant.map { ["plant \($0.rawValue)"] } ?? [])
        return (heading + [played.description]).joined(separator: "\n")
    }

    public init(text: String, keepsTrace: Bool = false) throws(ScriptProblem) {
        var lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        guard let seed = UInt64(Self.takeWord(after: "seed ", from: &lines) ?? "") else {
            throw ScriptProblem(description: "a script begins with its seed, as in: seed 17")
        }
        self.init(seed: seed, keepsTrace: keepsTrace)
        if let name = Self.takeWord(after: "plant ", from: &lines) {
            guard let plant = Plant(rawValue: name) else { throw ScriptProblem(description: "no plant is named \(name)") }
            self.plant = plant
        }
        script = try Script(lines: lines)
    }

    /// What the first line says after the heading, if it begins with that.
    private static func takeWord(after heading: String, from lines: inout [Substring]) -> String? {
        guard let line = lines.first, line.hasPrefix(heading) else { return nil }
        lines.removeFirst()
        return String(line.dropFirst(heading.count))
    }
}
