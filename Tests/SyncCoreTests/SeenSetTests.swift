import Testing

@testable import SyncCore

@Suite("Runs: what a pass saw")
struct SeenSetTests {
    @Test("RUN-4 of many ids exactly those are missed that were expected and not seen")
    func misses() {
        var set = SeenSet(capacity: 3000)
        let prints = (0..<5000).map { SeenSet.print(of: "003\($0)") }
        for print in prints[..<3000] { set.expect(print) }
        for print in prints[1000...] { set.see(print) }
        #expect(prints.indices.filter { set.misses(prints[$0]) } == Array(0..<1000))
    }

    @Test("RUN-4 what is expected twice counts once, and what does not fit any more is never missed")
    func full() {
        var set = SeenSet(capacity: 2)
        for print: UInt64 in [7, 7, 0, 9] { set.expect(print) }
        #expect(set.misses(7) && set.misses(0) && !set.misses(9))
        set.see(0)
        #expect(set.misses(7) && !set.misses(0))
    }

    @Test("each id belongs to one part, and the parts are about alike")
    func parts() {
        let counts = (0..<10_000).reduce(into: [Int: Int]()) {
            $0[SeenSet.part(of: SeenSet.print(of: "\($1)"), among: 4), default: 0] += 1
        }
        #expect(Set(counts.keys) == [0, 1, 2, 3] && counts.values.allSatisfy { (2000...3000).contains($0) })
    }
}
