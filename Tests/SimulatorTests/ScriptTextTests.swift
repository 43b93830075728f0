import Sandbox
import SyncCore
import Testing

@testable import Simulator

@Suite("Scripts as text")
struct ScriptTextTests {
    @Test("what any seed throws reads back the same", arguments: [1...100, 5000...5100] as [ClosedRange<UInt64>])
    func roundTrip(_ seeds: ClosedRange<UInt64>) throws {
        for seed in seeds {
            let order = RunOrder(seed: seed, plant: seed.isMultiple(of: 2) ? .emailAsKey : nil)
            let read = try RunOrder(text: order.description)
            #expect(read.played == order.played)
            #expect((read.seed, read.plant) == (order.seed, order.plant))
        }
    }

    @Test("every fault reads back the same")
    func faults() throws {
        let faults: [Fault] = [
            .hangUpBefore, .hangUpAfter, .unavailable, .internalError, .throttled, .quotaExceeded, .unauthorized, .lockRow(2),
            .slow(.milliseconds(1500)), .cut(afterBytes: 7), .emptyBody,
        ]
        let script = Script(
            setting: Setting(),
            steps: faults.map { Step(at: .seconds(1), action: .salesforceFaults($0, chance: 0.5, for: .seconds(60))) })
        #expect(try Script(lines: script.description.split(separator: "\n")) == script)
    }

    @Test("people can read and write it")
    func sample() throws {
        let text = """
            # what it once broke
            seed 17
            plant no-fencing
            setting {"window":{"records":3,"seconds":60}}
            1:02:30.500 {"editContact":{"field":"phone","person":3,"value":"+1 555 2017"}}
            """
        let order = try RunOrder(text: text)
        #expect(order.plant == .noFencing)
        #expect(order.played.setting.window.records == 3)
        let edit = Action.editContact(person: 3, field: .phone, value: "+1 555 2017")
        #expect(order.played.steps == [Step(at: .milliseconds(3_750_500), action: edit)])
        #expect("# what it once broke\n\(order)" == text)
    }

    @Test(
        "what is not understood is refused",
        arguments: [
            "", "setting {}", "seed x", "seed 1\nplant nothing", "seed 1\nsoon {\"calm\":{}}",
            "seed 1\n0:00:01.000 {\"party\":{}}",
            "seed 1\n0:00:01.000",
        ])
    func refused(_ text: String) {
        #expect(throws: ScriptProblem.self) { try RunOrder(text: text) }
    }
}
