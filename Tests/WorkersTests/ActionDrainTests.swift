import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing
import Vendors

@testable import Workers

@Suite("Actions from the CRM record")
struct ActionDrainTests {
    private static let v1 = "/admin/api.php"
    private static let entry = "/api/3/contactAutomations"

    private func sent(_ world: World, _ scene: ActionScene) async -> Int {
        await world.marketing.timesSent(campaign: scene.campaign, to: scene.person)
    }

    private func entered(_ world: World, _ scene: ActionScene) async -> Int {
        await world.marketing.timesEntered(automation: scene.automation, by: scene.person)
    }

    @Test("ACT-3 a campaign is sent and an automation entered once, and the record's history tells of both")
    func both() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let sending = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact)
            let entry = try await world.ask(.enterAutomation, scene.automation, for: scene.contact)
            await world.act(world.actionDrain(), for: .seconds(3600))
            #expect(await sent(world, scene) == 1)
            #expect(await entered(world, scene) == 1)
            for id in [sending, entry] { #expect(try await world.action(id).state == .done) }
            let history = try await world.store.history(
                integration: World.name, crmID: scene.contact, object: .contact, limit: 9)
            #expect(history.map(\.outcome) == ["automation-entered", "campaign-sent"])
            #expect(history.allSatisfy { $0.marketingID == scene.person })
            #expect(try await world.outcomes(scene.person) == ["automation-entered", "campaign-sent"])
        }
    }

    @Test("ACT-3 a double click sends once, and so does a request told twice; another request sends again")
    func doubleClick() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let first = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact)
            await world.clock.advance(by: .milliseconds(300))
            #expect(try await world.ask(.sendCampaign, scene.campaign, for: scene.contact) == first)
            await world.act(world.actionDrain())
            await world.clock.advance(by: .seconds(30))
            #expect(try await world.ask(.sendCampaign, scene.campaign, for: scene.contact) == first)
            await world.act(world.actionDrain())
            #expect(await sent(world, scene) == 1)
            for _ in 1...2 { try await world.ask(.sendCampaign, scene.campaign, for: scene.contact, id: "again") }
            await world.act(world.actionDrain())
            #expect(await sent(world, scene) == 2)
        }
    }

    @Test("ACT-3 an action for a record that is not linked has failed at once, with the reason", arguments: ActionKind.allCases)
    func notLinked(kind: ActionKind) async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let stranger = try #require(await world.addRecords(1, prefix: "stranger").first)
            let id = try await world.ask(kind, scene.campaign, for: stranger)
            let action = try await world.action(id)
            #expect(action.state == .failed && action.error?.code == "not-linked" && action.marketingID == nil)
            await world.act(world.actionDrain(), for: .seconds(3600))
            #expect(await world.marketing.counters().total == 0)
            let history = try await world.store.history(integration: World.name, crmID: stranger, object: .contact, limit: 9)
            #expect(history.map(\.outcome) == ["action-failed"] && history.first?.code == "not-linked")
        }
    }

    @Test("ACT-3 what has not the label Salesforce is refused, whoever asks for it")
    func notOffered() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let inner = await world.marketing.addCampaign("Inner circle", labels: ["VIP"])
            let id = try await world.ask(.sendCampaign, inner, for: scene.contact)
            await world.act(world.actionDrain(), for: .seconds(3600))
            #expect(try await world.action(id).error?.code == "not-offered")
            #expect(try await world.action(id).state == .failed)
            #expect(await world.marketing.timesSent(campaign: inner, to: scene.person) == 0)
        }
    }

    @Test(
        "ACT-3 a campaign whose sending had no answer is not sent again: nobody knows whether it was",
        arguments: [(Fault.hangUpAfter, 1), (.hangUpBefore, 0), (.unavailable, 0), (.emptyBody, 1), (.cut(afterBytes: 5), 1)])
    func unknown(fault: Fault, times: Int) async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            await world.marketing.play(FaultPlan(rules: [.init(fault, path: Self.v1, limit: 1)]))
            let id = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact)
            await world.act(world.actionDrain(), for: .seconds(3600))
            let action = try await world.action(id)
            #expect(action.state == .unknown && action.error != nil)
            #expect(await sent(world, scene) == times)
            #expect(try await world.outcomes(scene.person) == ["action-unknown"])
        }
    }

    @Test(
        "GEN-6 a campaign waits while marketing is down or asks for a pause, and is sent once",
        arguments: [Fault.throttled, .unavailable])
    func waits(fault: Fault) async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            await world.marketing.play(FaultPlan(rules: [.init(fault, path: "/api/3/*", limit: 3)]))
            let id = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact)
            await world.act(world.actionDrain())
            #expect(try await world.action(id).state == .waiting)
            #expect(try await world.action(id).error != nil)
            await world.act(world.actionDrain(), for: .seconds(3600))
            #expect(try await world.action(id).state == .done)
            #expect(await sent(world, scene) == 1)
        }
    }

    @Test("GEN-6 a pause asked for by the sending itself is no doubt: it is sent when that is over")
    func throttledSending() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            await world.marketing.play(FaultPlan(rules: [.init(.throttled, path: Self.v1, limit: 1)]))
            let id = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact)
            await world.act(world.actionDrain(), for: .seconds(600))
            #expect(try await world.action(id).state == .done)
            #expect(await sent(world, scene) == 1)
        }
    }

    @Test(
        "GEN-6 an entry whose answer was lost is looked up before it is repeated",
        arguments: [Fault.hangUpAfter, .hangUpBefore, .unavailable, .emptyBody])
    func entryInDoubt(fault: Fault) async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            try await world.ask(.enterAutomation, scene.automation, for: scene.contact, id: "earlier")
            await world.act(world.actionDrain())
            await world.marketing.play(FaultPlan(rules: [.init(fault, method: "POST", path: Self.entry, limit: 1)]))
            let id = try await world.ask(.enterAutomation, scene.automation, for: scene.contact, id: "second")
            await world.act(world.actionDrain())
            #expect(try await world.action(id).state == .waiting)
            await world.act(world.actionDrain(), for: .seconds(3600))
            #expect(try await world.action(id).state == .done)
            #expect(await entered(world, scene) == 2)
        }
    }

    @Test("ACT-3 an automation that does not take the person again is a failure in the vendor's words")
    func refused() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene(takesAgain: false)
            try await world.ask(.enterAutomation, scene.automation, for: scene.contact, id: "first")
            let id = try await world.ask(.enterAutomation, scene.automation, for: scene.contact, id: "second")
            await world.act(world.actionDrain(), for: .seconds(3600))
            let action = try await world.action(id)
            #expect(action.state == .failed && action.error?.code == "automation-refused")
            #expect(action.error?.message.contains("Could not create SubscriberSeries") == true)
            #expect(await entered(world, scene) == 1)
        }
    }

    @Test("GEN-6 a worker that lost its lease during the call settles nothing, and the next one does not send again")
    func leaseLost() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let id = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact)
            await world.wire.after(.marketing("action=send")) { await world.takeOver("actions") }
            _ = await world.actionDrain().turn()
            #expect(try await world.action(id).state == .waiting)
            #expect(try await world.action(id).startedAt != nil)
            await world.clock.advance(by: .seconds(61))
            await world.act(world.actionDrain(holder: "third"), for: .seconds(3600))
            #expect(try await world.action(id).state == .unknown)
            #expect(await sent(world, scene) == 1)
        }
    }

    @Test("GEN-6 an entry that was begun by a worker that died is looked up, and made if it was not", arguments: [true, false])
    func begun(wasMade: Bool) async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let id = try await world.ask(.enterAutomation, scene.automation, for: scene.contact)
            let lease = try #require(
                try await world.store.acquireLease("tests", holder: "dead", ttl: .seconds(9), now: world.clock.now()))
            try await world.store.startAction(
                try await world.action(id).id, earlierEntries: [], lease: lease, now: world.clock.now())
            if wasMade {
                let actions = try await world.connections.actions(of: try #require(try await world.store.integration(World.name)))
                try await actions.enterAutomation(scene.automation, contact: scene.person)
            }
            await world.act(world.actionDrain(), for: .seconds(60))
            #expect(try await world.action(id).state == .done)
            #expect(await entered(world, scene) == 1)
        }
    }

    @Test("GEN-6 two workers that act at the same time send once")
    func twoWorkers() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            try await world.ask(.sendCampaign, scene.campaign, for: scene.contact)
            let (one, other) = (world.actionDrain(), world.actionDrain(holder: "second"))
            await world.wire.after(.marketing("action=send")) { #expect(await other.turn() != .now) }
            await world.act(one)
            await world.act(other, for: .seconds(60))
            #expect(await sent(world, scene) == 1)
        }
    }

    @Test("GEN-4 actions wait while the integration is paused, and have failed once it is disconnected")
    func paused() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            let first = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact, id: "first")
            await world.act(world.actionDrain(), for: .seconds(5))
            #expect(try await world.action(first).state == .waiting)
            try await world.store.setState(World.name, .active, now: world.clock.now())
            await world.act(world.actionDrain())
            #expect(try await world.action(first).state == .done)
            let second = try await world.ask(.sendCampaign, scene.campaign, for: scene.contact, id: "second")
            try await world.store.setState(World.name, .disconnected, now: world.clock.now())
            await world.act(world.actionDrain(), for: .seconds(5))
            #expect(try await world.action(second).error?.code == "disconnected")
            #expect(await sent(world, scene) == 1)
        }
    }

    @Test("CON-1 a key that is refused is not tried with every action")
    func keyRefused() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            await world.marketing.play(FaultPlan(rules: [.init(.unauthorized, limit: 2)]))
            for number in 1...3 { try await world.ask(.sendCampaign, scene.campaign, for: scene.contact, id: "\(number)") }
            #expect(await world.actionDrain().turn() == .at(world.clock.now().advanced(by: .seconds(60))))
            // Once, and once more because the API is known to refuse good keys now and then.
            #expect(await world.marketing.counters().faults == ["unauthorized": 2])
            await world.act(world.actionDrain(), for: .seconds(1800))
            #expect(await sent(world, scene) == 3)
        }
    }
}
