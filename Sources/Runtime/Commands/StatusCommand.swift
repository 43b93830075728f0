import ArgumentParser
import Connectors
import Store
import SyncCore

/// `tandem status`: what is set up, what waits and since when, when the next run is, and what is parked and why.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what waits, since when, the next run, what is parked and why, and the CRM's API budget.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "Only this integration.")
    var name: String?

    @Option(help: "How many parked records to list per integration.")
    var parked = 20

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        let integrations = try await store.integrations().filter { name == nil || $0.settings.name == name }
        guard !integrations.isEmpty else {
            throw name.map(CommandFailure.noIntegration)
                ?? CommandFailure(description: "no integration is applied yet: 'tandem apply -f FILE'")
        }
        for integration in integrations {
            let status = try await IntegrationStatus(of: integration, in: store, parkedLimit: parked, now: SystemClock().now())
            print(status.text)
        }
    }
}
