import Testing

@testable import Simulator

/// Takes both cores for a while, so `make test` runs it apart.
@Suite("A campaign")
struct CampaignTests {
    @Test("keeps every rule in a few hundred seeds")
    func keepsAll() async throws {
        let output = try await TandemProcess.run(["simulate", "--seeds", "200"])
        #expect(output.status == 0, "\(output.text)")
        #expect(output.text.contains("200 seeds"))
    }
}
