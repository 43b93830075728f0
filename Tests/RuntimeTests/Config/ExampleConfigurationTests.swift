import Foundation
import SyncCore
import Testing

@testable import Runtime

@Suite("The examples under Config/")
struct ExampleConfigurationTests {
    /// The repository's Config folder, looked for from this file upwards.
    private static func folder() throws -> String {
        var directory = URL(filePath: #filePath).deletingLastPathComponent()
        while directory.path().count > 1 {
            let candidate = directory.appending(path: "Config/tandem.yaml").path()
            if FileManager.default.fileExists(atPath: candidate) { return directory.appending(path: "Config").path() }
            directory.deleteLastPathComponent()
        }
        throw CocoaError(.fileNoSuchFile)
    }

    private func loader() -> ConfigurationLoader {
        var environment = ConfigurationEnvironment.process
        let process = environment
        let storeKey = Array(Data(repeating: 1, count: 32).base64EncodedString().utf8)
        environment.variable = { "0123456789abcdef-\($0)" }
        environment.read = { $0.hasPrefix("/run/secrets/") ? storeKey : process.read($0) }
        return ConfigurationLoader(environment: environment)
    }

    @Test("tandem.yaml shows the defaults")
    func tandem() throws {
        #expect(try loader().cluster(at: Self.folder() + "/tandem.yaml") == ClusterConfiguration())
    }

    @Test("kafka.yaml is a cluster on Kafka with its password kept apart")
    func kafka() throws {
        let configuration = try loader().cluster(at: Self.folder() + "/kafka.yaml")
        #expect(configuration.log == .kafka)
        #expect(configuration.kafka.properties["security.protocol"] == "sasl_ssl")
        #expect(Array(configuration.kafka.secrets.keys) == ["sasl.password"])
    }

    @Test("every file of integrations is sound, with secrets for its flow")
    func integrations() throws {
        let files = try loader().integrations(at: [Self.folder() + "/integrations"])
        #expect(files.map(\.settings.name).contains("acme"))
        let outbound = try #require(files.first { $0.settings.name == "acme" }).settings.outbound
        #expect(outbound.schedule == .every(hours: 2) && outbound.accounts == .nameOnly(marketingField: "field:12"))
        #expect(outbound.selection.keys.sorted { $0.rawValue < $1.rawValue } == [.contact, .lead])
        #expect(files.allSatisfy { $0.secrets[.marketingAPIKey] != nil && $0.secrets[.webhookSecret] != nil })
    }
}
