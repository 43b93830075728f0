import Testing

@testable import Simulator

/// Once a seed has shown what is wrong, its shortest script is kept: a seed alone plays another script when the generator changes.
@Suite("What seeds have found")
struct RegressionTests {
    @Test("stays right", arguments: Regression.all)
    func staysRight(_ regression: Regression) async throws {
        let order = try RunOrder(text: regression.script)
        let result = try await TandemProcess.pool(width: 1).results(of: [order])
        #expect(result.map(\.violation) == [nil])
    }
}

/// The script of a run that broke a rule once.
struct Regression: Sendable, CustomTestStringConvertible {
    /// What was wrong.
    var problem: String
    var script: String

    var testDescription: String { problem }

    static let all = [
        Regression(
            problem: "who waited for a gateway's death was forgotten when a second one waited as well, so that no run ended",
            script: """
                seed 3
                setting {}
                0:01:00.000 {"signUp":{"person":1}}
                """)
    ]
}
