import ArgumentParser

/// `tandem`: everything an operator does from a terminal.
struct TandemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandem", abstract: "Keeps marketing platforms and CRMs in step.",
        discussion: "Start with 'tandem demo' to see it work on emulated vendors.",
        subcommands: [
            UpCommand.self, ApplyCommand.self, GetCommand.self, StatusCommand.self, RetryCommand.self, DemoCommand.self,
            SandboxCommand.self, ContractsCommand.self,
        ])
}

/// The option every command shares that works on a cluster.
struct ClusterOptions: ParsableArguments {
    @Option(name: .long, help: "The cluster's configuration file.")
    var config = "Config/tandem.yaml"

    func load() throws(ConfigurationError) -> ClusterConfiguration {
        try ConfigurationLoader().cluster(at: config)
    }
}
