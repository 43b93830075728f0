import Testing

@testable import Simulator

/// The runs are played in processes of their own, for a simulation takes over every task of its process.
@Suite("The same seed gives the same run")
struct DeterminismTests {
    @Test("byte for byte, in every process", arguments: [1, 2, 3, 4] as [UInt64])
    func sameTrace(_ seed: UInt64) async throws {
        let arguments = ["simulate", "--seed", "\(seed)", "--trace"]
        async let first = TandemProcess.run(arguments)
        async let second = TandemProcess.run(arguments)
        let texts = try await (first.text, second.text)
        #expect(texts.0 == texts.1)
        #expect(texts.0.split(separator: "\n").count > 150)
        #expect(texts.0.contains(" salesforce POST ") && texts.0.contains(" activeCampaign "))
    }

    @Test("another seed gives another one")
    func otherTrace() async throws {
        let results = try await TandemProcess.pool(width: 2).results(of: (1...6).map { RunOrder(seed: $0) })
        #expect(Set(results.map(\.hash)).count == 6)
    }

    @Test("whatever its process played before, and from its text as well")
    func sameHash() async throws {
        let seeds = Array(1...5) as [UInt64]
        let together = try await TandemProcess.pool(width: 1).results(of: seeds.map { RunOrder(seed: $0) })
        let texts = try seeds.map { try RunOrder(text: RunOrder(seed: $0).description) }
        let apart = try await TandemProcess.pool(width: 2).results(of: texts.reversed())
        #expect(together.map(\.hash) == apart.reversed().map(\.hash))
        #expect(together.map(\.jobs) == apart.reversed().map(\.jobs))
    }
}
