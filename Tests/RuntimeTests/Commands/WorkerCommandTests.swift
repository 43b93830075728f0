import ArgumentParser
import Testing

@testable import Runtime

@Suite("Commands of single workers")
struct WorkerCommandTests {
    @Test("a worker of its own needs a log that processes can share, and says so")
    func embeddedLog() async throws {
        let directory = ScratchDirectory()
        try directory.make()
        try directory.write("tandem.yaml", "log: embedded\n")
        let arguments = ["--config", directory.path + "/tandem.yaml"]
        let commands: [any AsyncParsableCommand] = [
            try OutboundPollerCommand.parse(arguments), try InboundBatcherCommand.parse(arguments),
            try ActivityRecorderCommand.parse(arguments),
        ]
        for var command in commands {
            let failure = await #expect(throws: CommandFailure.self) { try await command.run() }
            #expect(failure?.description.contains("run 'tandem up', or set 'log: kafka'") == true)
        }
    }

    @Test("every command of 'tandem' explains itself")
    func help() {
        for command in TandemCommand.configuration.subcommands {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
        }
    }
}
