import ArgumentParser
import Foundation
import Simulator

/// `tandem simulate`: the whole cluster in one thread, from one seed.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Simulates a whole cluster on virtual time and checks that both sides converge.")

    @Option(help: "The seed to play.")
    var seed: UInt64 = 1

    @Flag(help: "Prints everything that happens in the run.")
    var trace = false

    func run() async throws {
        guard let executable = Bundle.main.executableURL else {
            throw CommandFailure(description: "the executable that runs cannot be found")
        }
        let process = try SimulationProcess(
            executable: executable, arguments: [SimulationServerCommand.configuration.commandName ?? ""])
        let result = try await process.play(RunOrder(seed: seed, keepsTrace: trace))
        for line in result.trace { print(line) }
        print("seed \(seed): \(result.simulated) simulated, \(result.jobs) jobs, trace \(String(result.hash, radix: 16))")
        await process.end()
        if let violation = result.violation {
            print(violation)
            throw ExitCode.failure
        }
    }
}

/// The process of its own in which `tandem simulate` simulates.
struct SimulationServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulation-server", abstract: "Simulates what it is told to on standard input.", shouldDisplay: false)

    func run() { SimulationServer.run() }
}
