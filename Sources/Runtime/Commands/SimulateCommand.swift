import ArgumentParser
import Foundation
import Simulator

/// `tandem simulate`: whole clusters on virtual time, each run from one seed.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Simulates clusters with seeded faults and checks that both sides converge.",
        discussion: """
            Each run plays the real workers on emulated vendors, an emulated log and virtual time; its seed chooses the \
            schedule of the tasks, what users do and what fails. The same seed gives the same run. At the first broken rule \
            it looks for a shorter script that still breaks it, prints that, and fails.
            """)

    @Option(help: ArgumentHelp("Plays so many seeds, up from --seed, until a rule is broken.", valueName: "count"))
    var seeds: UInt64?

    @Option(help: "The seed to play, or the first one.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Plays the script in this file, as printed for a broken rule.", valueName: "file"))
    var script: String?

    @Flag(help: "Prints everything that happens in the run.")
    var trace = false

    @Flag(name: .customLong("keep-going"), help: "Plays all seeds and lists those that break a rule, as they are.")
    var keepsGoing = false

    @Option(
        help: ArgumentHelp("Plants a bug first: \(Self.plants).", valueName: "bug"),
        transform: { name in
            guard let plant = Plant(rawValue: name) else { throw ValidationError("no planted bug has this name") }
            return plant
        })
    var plant: Plant?

    @Flag(help: "Plants each bug in turn and shows after how many seeds it is found.")
    var drill = false

    @Option(help: "How many runs are played at a time. (default: one per core)")
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    private static var plants: String { Plant.allCases.map(\.rawValue).joined(separator: ", ") }

    func validate() throws {
        if seeds == 0 { throw ValidationError("--seeds must be at least 1") }
        if let seeds, seed.addingReportingOverflow(seeds).overflow { throw ValidationError("there are no such seeds") }
        if trace, drill || seeds != nil { throw ValidationError("--trace is for one run, so not with --seeds or --drill") }
        if keepsGoing, drill || seeds == nil { throw ValidationError("--keep-going is for the seeds of --seeds") }
        if script != nil, drill || seeds != nil || plant != nil {
            throw ValidationError("a script names its seed and its bug itself, so not with --seeds, --plant or --drill")
        }
        if drill, plant != nil { throw ValidationError("either one bug with --plant or all with --drill") }
    }

    func run() async throws {
        guard let executable = Bundle.main.executableURL else {
            throw CommandFailure(description: "the executable that runs cannot be found")
        }
        let server = SimulationServerCommand.configuration.commandName ?? ""
        let session = SimulationSession(pool: SimulationPool(executable: executable, arguments: [server], width: jobs))
        let isFine: Bool
        if drill {
            isFine = try await session.drill(seed...(seed + (seeds ?? 1000) - 1))
        } else if let seeds {
            isFine = try await session.play(seed...(seed + seeds - 1), plant: plant, keepsGoing: keepsGoing)
        } else {
            isFine = try await session.play(order())
        }
        if !isFine { throw ExitCode.failure }
    }

    private func order() throws -> RunOrder {
        guard let script else { return RunOrder(seed: seed, plant: plant, keepsTrace: trace) }
        guard let text = try? String(contentsOfFile: script, encoding: .utf8) else {
            throw CommandFailure(description: "\(script) cannot be read")
        }
        return try RunOrder(text: text, keepsTrace: trace)
    }
}

/// The process of its own in which `tandem simulate` simulates.
struct SimulationServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulation-server", abstract: "Simulates what it is told to on standard input.", shouldDisplay: false)

    func run() { SimulationServer.run() }
}
