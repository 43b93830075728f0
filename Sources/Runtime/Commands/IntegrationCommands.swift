import ArgumentParser
import Connectors
import Contracts
import Foundation
import Store
import SyncCore

/// `tandem apply -f`: integrations as code.
struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Creates or changes the integrations that files describe.",
        discussion: "Secrets come from the environment variables or files the documents name and are sealed in the store.")

    @OptionGroup var options: ClusterOptions

    @Option(name: [.short, .customLong("file")], help: "A file, or a directory of files. May be repeated.")
    var file: [String]

    func run() async throws {
        let loader = ConfigurationLoader()
        let configuration = try options.load()
        let files = try loader.integrations(at: file)
        let store = try Cluster.openStore(configuration)
        for (name, outcome) in try await Cluster.apply(files, to: store, now: SystemClock().now()) {
            print("\(name): \(outcome)")
        }
        try store.close()
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
        guard let integration = try await store.integration(name) else {
            throw ValidationError("no integration is named \(name); 'tandem get' lists them")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(integration.settings), as: UTF8.self))
    }
}

/// `tandem retry`: gives parked records another chance.
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Queues an integration's parked records and tags again and ends its waiting.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(help: "Only records parked with this code.")
    var code: String?

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        guard try await store.integration(name) != nil else {
            throw ValidationError("no integration is named \(name); 'tandem get' lists them")
        }
        let count = try await store.retryParked(integration: name, code: code, now: SystemClock().now())
        let tags = try await store.retryParkedTags(integration: name, code: code, now: SystemClock().now())
        try await store.releaseHold(integration: name, direction: .inbound)
        print("\(name): \(count) records and \(tags) tags queued again")
    }
}
