import Foundation
import Testing

@testable import Simulator

/// Takes both cores for a while, so `make test` runs it apart.
@Suite("A campaign", .serialized)
struct SeedCampaign {
    @Test("keeps every rule in 300 seeds")
    func keepsAll() async throws {
        let output = try await TandemProcess.run(["simulate", "--seeds", "300"])
        #expect(output.status == 0, "\(output.text)")
        #expect(output.text.contains("\n300 seeds"))
    }

    @Test("finds a planted bug and shows the shortest script, which breaks the same rule again, and none without the bug")
    func findsPlanted() async throws {
        let output = try await TandemProcess.run(["simulate", "--seeds", "10", "--plant", "forget-status"])
        #expect(output.status == 1)
        #expect(output.text.contains("BROKEN by seed") && output.text.contains("shrunk from"))

        let lines = output.text.split(separator: "\n", omittingEmptySubsequences: false)
        let script = lines.drop { !$0.hasPrefix("# ") }.prefix { !$0.isEmpty }
        #expect(script.count { $0.hasPrefix("0:") || $0.hasPrefix("1:") } <= 5)
        let withBug = try await play(script)
        #expect(withBug.status == 1)
        let rule = try #require(Invariant.allCases.first { output.text.contains(": \($0.rawValue): ") }).rawValue
        #expect(withBug.text.contains("BROKEN: \(rule): "))
        let withoutBug = try await play(script.filter { !$0.hasPrefix("plant ") })
        #expect(withoutBug.status == 0, "\(withoutBug.text)")
    }

    private func play(_ script: some Sequence<Substring>) async throws -> TandemProcess.Output {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("script-\(UUID().uuidString).txt")
        try Data(script.joined(separator: "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await TandemProcess.run(["simulate", "--script", file.path])
    }
}
