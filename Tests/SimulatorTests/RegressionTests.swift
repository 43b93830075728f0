import Foundation
import Testing

@testable import Simulator

/// Once a seed has shown what is wrong, its shortest script is kept: a seed alone plays another script when the generator
/// changes.
@Suite("What seeds have found")
struct RegressionTests {
    @Test("stays right", arguments: try Regression.all())
    func staysRight(_ regression: Regression) async throws {
        let order = try RunOrder(text: regression.script)
        let result = try await TandemProcess.pool(width: 1).results(of: [order])
        #expect(result.map(\.violation) == [nil])
    }
}

/// The script of a run that broke a rule once. Its first line says what was wrong.
struct Regression: Sendable, CustomTestStringConvertible {
    var name: String
    var script: String

    var testDescription: String { "\(name): \(script.prefix { $0 != "\n" }.drop { "# ".contains($0) })" }

    /// Those in `Regressions`.
    static func all() throws -> [Regression] {
        let folder = try #require(Bundle.module.url(forResource: "Regressions", withExtension: nil))
        let scripts = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let regressions = try scripts.map { url in
            Regression(
                name: url.deletingPathExtension().lastPathComponent, script: try String(contentsOf: url, encoding: .utf8))
        }
        return try #require(regressions.isEmpty ? nil : regressions.sorted { $0.name < $1.name })
    }
}
