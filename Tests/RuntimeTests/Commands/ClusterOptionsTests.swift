import SyncCore
import Testing

@testable import Runtime

@Suite("Which configuration a command reads")
struct ClusterOptionsTests {
    private func load(_ config: String?, _ files: [String: String]) throws -> ClusterConfiguration {
        var options = ClusterOptions()
        options.config = config
        return try options.load(ConfigurationFixture(files: files).loader)
    }

    @Test("without --config: the usual file, or the defaults when there is none")
    func usual() throws {
        #expect(try load(nil, ["Config/tandem.yaml": "data: elsewhere"]).dataDirectory == "elsewhere")
        #expect(try load(nil, [:]) == ClusterConfiguration())
    }

    @Test("a file that is named must be there")
    func named() throws {
        #expect(try load("mine.yaml", ["mine.yaml": "data: mine"]).dataDirectory == "mine")
        let error = #expect(throws: ConfigurationError.self) { try load("mine.yaml", [:]) }
        #expect(error?.problems.map(\.description) == ["mine.yaml: cannot be read"])
        #expect(throws: ConfigurationError.self) { try load("Config/tandem.yaml", [:]) }
    }
}
