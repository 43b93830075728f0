import ArgumentParser
import Store

/// `tandem`: everything an operator does from a terminal.
struct TandemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandem", abstract: "Keeps marketing platforms and CRMs in step.",
        discussion: "Start with 'tandem demo' to see it work on emulated vendors.",
        subcommands: [
            UpCommand.self, ApplyCommand.self, GetCommand.self, StatusCommand.self, WhyCommand.self, PreviewCommand.self,
            ScheduleCommand.self, RunCommand.self, RunsCommand.self, DriftCommand.self, ActivitiesCommand.self,
            ActionsCommand.self,
            ActionCommand.self, RetryCommand.self, PauseCommand.self, ResumeCommand.self, DisconnectCommand.self,
            DemoCommand.self, SandboxCommand.self, SimulateCommand.self, SimulationServerCommand.self, ContractsCommand.self,
        ])
}

/// The option every command shares that works on a cluster.
struct ClusterOptions: ParsableArguments {
    static let defaultPath = "Config/tandem.yaml"

    @Option(
        help: "The cluster's configuration file. (default: \(ClusterOptions.defaultPath), or the defaults when there is none)")
    var config: String?

    /// The file, or without one what an empty file says. A file that is named must be there.
    func load(_ loader: ConfigurationLoader = ConfigurationLoader()) throws(ConfigurationError) -> ClusterConfiguration {
        if config == nil, loader.environment.read(Self.defaultPath) == nil { return ClusterConfiguration() }
        return try loader.cluster(at: path)
    }

    /// The file's name for messages.
    var path: String { config ?? Self.defaultPath }
}

extension Store {
    /// The integration of that name, whatever its state.
    func known(_ name: String) async throws -> StoredIntegration {
        guard let integration = try await integration(name) else { throw CommandFailure.noIntegration(named: name) }
        return integration
    }
}

/// What the operator asked for cannot be done, though it was asked in the right way.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String

    static func noIntegration(named name: String) -> CommandFailure {
        CommandFailure(description: "no integration is named \(name); 'tandem get' lists them")
    }
}
