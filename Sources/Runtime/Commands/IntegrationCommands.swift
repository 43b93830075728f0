import ArgumentParser
import Connectors
import Contracts
import Foundation
import Logging
import Store
import SyncCore
import Vendors

/// `tandem apply -f`: integrations as code.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Creates or changes the integrations that files describe.",
        discussion: """
            Asks both vendors first: settings they refuse are not stored, a vendor that cannot be reached is only a warning.
            Secrets come from the environment variables or files the documents name and are sealed in the store.
            """)

    @OptionGroup var options: ClusterOptions

    @Option(name: [.short, .customLong("file")], help: "A file, or a directory of files. May be repeated.")
    var file: [String]

    @Flag(name: .customLong("no-check"), help: "Stores without asking the vendors first.")
    var isUnchecked = false

    func run() async throws {
        let configuration = try options.load()
        let files = try ConfigurationLoader().integrations(at: file)
        guard !files.isEmpty else { throw CommandFailure(description: "no integration in \(file.joined(separator: ", "))") }
        let store = try Cluster.openStore(configuration)
        defer { try? store.close() }
        let clock = SystemClock()
        let transport = AsyncHTTPTransport()
        let connections: (Store) -> VendorConnections = { secrets in
            VendorConnections(
                store: secrets, rates: store, transport: transport, clock: clock, logger: Logger(label: "tandem"))
        }
        if !isUnchecked {
            let checks = try await IntegrationCheck.beforeStoring(files, over: store, connections, now: clock.now())
            try report(checks, onFailure: "nothing was stored: correct it, or store it all the same with --no-check")
        }
        for (name, outcome) in try await Cluster.apply(files, to: store, now: clock.now()) {
            print("\(name): \(outcome)")
        }
        if !isUnchecked {
            let checks = try await IntegrationCheck.afterStoring(files, in: store, connections)
            try report(checks, onFailure: "stored, but it cannot work like this: correct it and apply it again")
        }
    }

    private func report(_ checks: [IntegrationCheck], onFailure advice: String) throws(CommandFailure) {
        for line in checks.flatMap(\.lines) { print(line) }
        let failed = checks.filter(\.isFailed).map(\.name)
        guard failed.isEmpty else { throw CommandFailure(description: "\(failed.joined(separator: ", ")): \(advice)") }
    }
}

/// `tandem get`: what is applied.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Lists the integrations, or shows the settings of one as JSON (without secrets).")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration to show.")
    var name: String?

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        guard let name else {
            let integrations = try await store.integrations()
            let rows = integrations.map { integration in
                [
                    integration.settings.name, integration.settings.profile.rawValue, integration.state.rawValue,
                    "\(integration.revision)", integration.updatedAt.iso8601,
                ]
            }
            print(TextTable(["NAME", "PROFILE", "STATE", "REVISION", "APPLIED"], rows).text)
            return
        }
        print(try SettingsText(try await store.known(name).settings).text)
    }
}

/// `tandem retry`: gives parked records another chance.
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Queues an integration's parked records, tags and activities again and ends its waiting.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(help: "Only records parked with this code.")
    var code: String?

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        _ = try await store.known(name)
        let count = try await store.retryParked(integration: name, code: code, now: SystemClock().now())
        let tags = try await store.retryParkedTags(integration: name, code: code, now: SystemClock().now())
        let activities = try await store.retryParkedMirror(integration: name, code: code, now: SystemClock().now())
        for direction in Direction.allCases { try await store.releaseHold(integration: name, direction: direction) }
        print("\(name): \(count) records, \(tags) tags and \(activities) activities queued again")
    }
}
