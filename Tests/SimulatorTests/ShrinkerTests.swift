import Testing

@testable import Simulator

@Suite("Shrinking a script")
struct ShrinkerTests {
    /// A run of sixty steps in a special setting.
    private static let broken: RunOrder = {
        var setting = Setting()
        setting.crmSkew = .seconds(90)
        setting.marksEdits = false
        var order = RunOrder(seed: 1)
        order.script = Script(
            setting: setting, steps: (1...60).map { Step(at: .seconds($0), action: .signUp(person: $0)) })
        return order
    }()

    private static func people(_ order: RunOrder) -> [Int] {
        order.played.steps.compactMap { step in if case .signUp(let person) = step.action { person } else { nil } }
    }

    @Test("leaves what breaks the rule, and nothing else", arguments: [1, 2, 7])
    func shortest(width: Int) async throws {
        var shrinker = Shrinker(width: width, mostRuns: 1000) { orders in
            #expect(orders.count <= width)
            return orders.map { Self.people($0).contains(17) && Self.people($0).contains(43) && !$0.played.setting.marksEdits }
        }
        let outcome = try await shrinker.shrink(Self.broken)
        #expect(Self.people(outcome.order) == [17, 43])
        #expect((outcome.stepsBefore, outcome.steps) == (60, 2))
        #expect(!outcome.order.played.setting.marksEdits)
        #expect(outcome.order.played.setting.crmSkew == .zero)
    }

    @Test("stops after so many runs with what it has")
    func bounded() async throws {
        var shrinker = Shrinker(width: 2, mostRuns: 10) { orders in orders.map { Self.people($0).contains(17) } }
        let outcome = try await shrinker.shrink(Self.broken)
        #expect(outcome.runs <= 11)
        #expect(Self.people(outcome.order).contains(17))
        #expect(outcome.steps < 60)
    }

    @Test("changes nothing that is needed")
    func needed() async throws {
        var shrinker = Shrinker(width: 2, mostRuns: 1000) { orders in orders.map { _ in false } }
        let outcome = try await shrinker.shrink(Self.broken)
        #expect(outcome.order == Self.broken)
    }
}
