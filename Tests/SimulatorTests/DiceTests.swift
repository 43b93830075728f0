import Testing

@testable import Simulator

@Suite("Dice")
struct DiceTests {
    @Test("the same seed and purpose throw the same, another purpose something else")
    func repeats() {
        func throwsOf(_ purpose: String) -> [UInt64] {
            var dice = Dice(seed: 7, purpose: purpose)
            return (0..<20).map { _ in dice.next() }
        }
        #expect(throwsOf("faults") == throwsOf("faults"))
        #expect(throwsOf("faults") != throwsOf("workload"))
    }
}
