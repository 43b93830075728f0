import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Inbound: conflicts, echoes and pauses")
struct InboundMergeTests {
    @Test("IN-6 changes to a record that waits for its own sync are ignored, and the history says so")
    func waiting() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            await world.salesforce.edit("Contact", id: try await world.crmID("1"), ["Phone": "by hand"])
            let before = try await world.crmRecord("1")
            #expect(before[World.waitingField] == "Waiting for next sync")
            try await world.take(world.change("1", ["phone": "by mail", "firstName": "Grace"]))
            await world.flush()
            #expect(try await world.crmRecord("1") == before)
            #expect(try await world.depth() == QueueDepth())

            let entry = try #require(try await world.store.history(integration: World.name, marketingID: "1", limit: 1).first)
            #expect(entry.outcome == "ignored-by-conflict")
            let reasons = (entry.details.arrayValue ?? []).compactMap { $0.objectValue?["reason"]?.stringValue }
            #expect(reasons == ["crm-waiting", "crm-waiting"])
            // The next outbound sync has to carry the CRM's values over marketing's.
            #expect(try await world.link("1")?.overruled == ["Phone", "FirstName"])
        }
    }

    @Test("IN-6 edits of different fields on the two sides both survive")
    func bothSurvive() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            let crmID = try await world.crmID("1")
            await world.salesforce.edit("Contact", id: crmID, ["Phone": "by CRM"], asUser: false)
            // A webhook carries the whole person, the old phone too.
            var person = World.person("1")
            person["firstName"] = "Grace"
            try await world.take(world.change("1", person))
            await world.flush()
            #expect(try await world.crmRecord("1")["Phone"] == "by CRM")
            #expect(try await world.crmRecord("1")["FirstName"] == "Grace")
        }
    }

    @Test("IN-6 of two edits of one field the CRM's wins, and the history says why")
    func sameField() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            let crmID = try await world.crmID("1")
            await world.salesforce.edit("Contact", id: crmID, ["Phone": "by CRM"], asUser: false)
            try await world.take(world.change("1", ["phone": "by mail"]))
            await world.flush()
            #expect(try await world.crmRecord("1")["Phone"] == "by CRM")
            let entry = try #require(try await world.store.history(integration: World.name, marketingID: "1", limit: 1).first)
            #expect(entry.outcome == "crm-won")
            let decision = try #require(entry.details.arrayValue?.first?.objectValue)
            #expect(decision["winner"] == "crm")
            #expect(decision["marketing"] != decision["crm"])
        }
    }

    @Test("GEN-5 the webhook of Tandem's own tag and an update that says nothing new cost no call at all")
    func echo() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            let (crm, marketing) = (await world.salesforce.counters(), await world.marketing.counters())
            let tags = ["newsletter", "added-to-salesforce-contact"]
            await world.clock.advance(by: .seconds(1))
            try await world.take(world.change("1", World.person("1"), tags: tags))
            await world.flush()
            try await world.take(world.change("1", World.person("1")))
            await world.flush()
            #expect(await world.salesforce.counters() == crm)
            #expect(await world.marketing.counters() == marketing)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.outcomes("1") == ["created"])
            #expect(try await world.link("1")?.tags?.value.contains("newsletter") == true)
        }
    }

    @Test("GEN-4 a paused integration does nothing and loses nothing; resumed it goes on")
    func pause() async throws {
        try await withWorld { world in
            let id = try await world.addPerson()
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            try await world.take(world.creation(id))
            await world.clock.advance(by: .seconds(86_400))
            await world.drainAll()
            _ = await world.tags.turn()
            #expect(await world.salesforce.counters().total == 0)
            #expect(await world.marketing.counters().total == 0)

            try await world.store.setState(World.name, .active, now: world.clock.now())
            await world.drainAll()
            _ = await world.tags.turn()
            #expect(await world.salesforce.count("Contact") == 1)
            #expect(await world.marketing.person(id: id)?.tags == ["added-to-salesforce-contact"])
        }
    }

    @Test("GEN-4 a disconnected integration takes nothing in any more")
    func disconnected() async throws {
        try await withWorld { world in
            try await world.store.setState(World.name, .disconnected, now: world.clock.now())
            try await world.take(world.creation("1"))
            await world.flush()
            #expect(try await world.depth() == QueueDepth())
            #expect(await world.salesforce.counters().total == 0)
        }
    }
}
