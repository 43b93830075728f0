import Sandbox
import Testing

@Suite("Faults and counters")
struct FaultTests {
    private func contacts(_ names: String...) -> SandboxValue {
        SalesforceClient.collection("Contact", names.map { ["LastName": .string($0)] })
    }

    @Test(
        "a hang-up after the effect leaves the rows, one before leaves nothing",
        arguments: [
            (Fault.hangUpAfter, 2), (.hangUpBefore, 0), (.unavailable, 0), (.internalError, 0), (.throttled, 0),
            (.unauthorized, 0),
            (.cut(afterBytes: 5), 2), (.slow(.seconds(3)), 2), (.emptyBody, 2),
        ])
    func effects(fault: Fault, rows: Int) async {
        let client = await SalesforceClient()
        await client.sandbox.play(FaultPlan(rules: [.init(fault, method: "POST", path: "*/composite/*", when: .calls([1]))]))
        let reply = await client.reply("POST", "/composite/sobjects", contacts("A", "B"))
        #expect(await client.sandbox.count("Contact") == rows)
        #expect(await client.sandbox.counters().faults == [fault.name: 1])
        switch (fault, reply) {
        case (.hangUpAfter, .hangUp), (.hangUpBefore, .hangUp), (.cut, .cut(_, afterBytes: 5)), (.slow, .delayed): break
        case (.unavailable, .answer(let answer)): #expect(answer.status == 503 && answer.json == nil)
        case (.internalError, .answer(let answer)): #expect(answer.code() == "UNKNOWN_EXCEPTION")
        case (.throttled, .answer(let answer)): #expect(answer.json?[0]?["message"]?.text?.hasPrefix("Concurrent") == true)
        case (.unauthorized, .answer(let answer)): #expect(answer.status == 401)
        case (.emptyBody, .answer(let answer)): #expect(answer.status == 200 && answer.body.isEmpty)
        default: Issue.record("\(fault) came as \(reply)")
        }
        #expect(await client.send("POST", "/composite/sobjects", contacts("C")).json?[0]?["success"] == true)
    }

    @Test("one locked row does not keep the others")
    func lockedRow() async {
        let client = await SalesforceClient {
            $0.faults = FaultPlan(rules: [.init(.lockRow(1), path: "*/composite/*", when: .calls([1]))])
        }
        let answer = await client.send("POST", "/composite/sobjects", contacts("A", "B", "C"))
        #expect(answer.code(row: 1) == "UNABLE_TO_LOCK_ROW")
        #expect(await client.sandbox.count("Contact") == 2)
        #expect(await client.sandbox.counters().rowsRefused == 1)
    }

    @Test("the same seed plays the same faults, another one others")
    func determinism() async {
        func outcome(seed: UInt64) async -> [Int] {
            let client = await SalesforceClient()
            await client.sandbox.play(FaultPlan(seed: seed, rules: [.init(.unavailable, when: .probability(0.3), limit: 20)]))
            var statuses: [Int] = []
            for _ in 0..<60 { statuses.append(await client.send("GET", "/limits").status) }
            return statuses
        }
        let first = await outcome(seed: 7)
        #expect(await outcome(seed: 7) == first)
        #expect(await outcome(seed: 8) != first)
        #expect((5...20).contains(first.count(where: { $0 == 503 })))
    }

    @Test("ActiveCampaign's faults: 429, a stray 403, an empty 200")
    func activeCampaign() async {
        let client = ActiveCampaignClient()
        await client.sandbox.play(
            FaultPlan(rules: [
                .init(.throttled, when: .calls([1])), .init(.unauthorized, when: .calls([2])),
                .init(.emptyBody, when: .calls([3])),
            ]))
        #expect(await client.send("GET", "/users/me").headers["retry-after"] == "30")
        #expect(await client.send("GET", "/users/me").status == 403)
        let empty = await client.send("POST", "/contacts", ["contact": ["email": "a@b.test"]])
        #expect(empty.status == 200 && empty.body.isEmpty)
        #expect(await client.sandbox.count() == 1)
    }
}
