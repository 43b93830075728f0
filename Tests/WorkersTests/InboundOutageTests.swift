import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Inbound: outages and changes of set-up")
struct InboundOutageTests {
    @Test("CON-1 a token that ends during a run is replaced unnoticed", arguments: [Wire.Call.read, .write])
    func tokenExpiry(after call: Wire.Call) async throws {
        try await withWorld { world in
            try await world.create(["1"])
            await world.wire.after(call) { await world.salesforce.expireSessions() }
            try await world.create(["2"])
            try await world.create(["3"])
            #expect(await world.salesforce.count("Contact") == 3)
            #expect(try await world.outcomes("2") == ["created"])
            #expect(await world.salesforce.counters().calls["POST /oauth2/token"] == 2)
        }
    }

    @Test("CON-1 credentials that Salesforce refuses hold the integration until its manager acts; nothing is lost")
    func refusedCredentials() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            await world.salesforce.play(.every(.unauthorized))
            try await world.take(world.creation("2"))
            await world.flush()
            let hold = try #require(try await world.store.hold(of: World.name, direction: .inbound))
            #expect(hold.until == nil)
            let asked = await world.salesforce.counters().calls
            await world.clock.advance(by: .seconds(86_400))
            await world.drainAll()
            #expect(await world.salesforce.counters().calls == asked)

            await world.salesforce.play(.none)
            try await world.store.releaseHold(integration: World.name, direction: .inbound)
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 2)
        }
    }

    @Test("OPS-5 a mapped field that vanishes halts its own mapping only, and is back when it is back")
    func hiddenField() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            try await world.create(["2"], as: .lead)
            await world.clock.advance(by: .seconds(120))
            await world.salesforce.hide("Occupation__c", on: "Contact")
            let edit: [String: JSONValue] = ["phone": "new", "perstag:OCCUPATION": "Pilot"]
            try await world.take(world.change("1", edit), world.change("2", edit), world.creation("3"))
            await world.flush()
            await world.clock.advance(by: .seconds(60))
            await world.drainAll()
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.crmRecord("1")["Phone"] == "new")
            #expect(try await world.crmRecord("2", .lead)["Occupation__c"] == "Pilot")
            #expect(await world.salesforce.count("Contact") == 2)

            await world.salesforce.define(.text("Occupation__c", 40), on: "Contact")
            await world.clock.advance(by: .seconds(3600))
            try await world.take(world.change("1", ["perstag:OCCUPATION": "Captain"]))
            await world.flush()
            #expect(try await world.crmRecord("1")["Occupation__c"] == "Captain")
        }
    }

    /// How marketing can fail to answer.
    static let outages: [Fault] = [.unavailable, .internalError, .hangUpBefore, .slow(.seconds(600))]

    @Test("IN-4 while marketing is away tags wait and creates go on, for as long as it takes", arguments: outages)
    func marketingAway(outage: Fault) async throws {
        try await withWorld { world in
            let id = try await world.addPerson()
            try await world.create(["70"])
            await world.marketing.play(.every(outage))
            // Longer than any description of its fields is kept.
            await world.clock.advance(by: .seconds(7200))
            try await world.take(world.creation(id))
            _ = await world.tags.turn()
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 2)
            #expect(try await world.store.tagDepth(integration: World.name, now: world.clock.now()).waiting == 2)

            await world.marketing.play(.none)
            await world.clock.advance(by: .seconds(60))
            _ = await world.tags.turn()
            #expect(await world.marketing.person(id: id)?.tags == ["added-to-salesforce-contact"])
        }
    }

    @Test("IN-4 while Salesforce is away tags are given and creates wait", arguments: [Fault.unavailable, .hangUpBefore])
    func salesforceAway(outage: Fault) async throws {
        try await withWorld { world in
            let id = try await world.addPerson()
            await world.salesforce.play(.every(outage))
            try await world.take(world.creation(id))
            _ = await world.tags.turn()
            await world.flush()
            #expect(await world.marketing.person(id: id)?.tags == ["added-to-salesforce-contact"])
            #expect(try await world.depth().waiting == 1)

            await world.salesforce.play(.none)
            await world.clock.advance(by: .seconds(60))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 1)
        }
    }

    @Test("IN-4 people whom marketing does not tell of wait, the others do not", arguments: outages)
    func partialWhileAway(outage: Fault) async throws {
        try await withWorld { world in
            let id = try await world.addPerson()
            await world.addPeople(5)
            try await world.create(["70"])
            await world.marketing.play(.every(outage))
            try await world.take((1...5).map { world.creation("\($0)", ["email": .string("person\($0)@example.com")]) })
            try await world.take(world.creation("71"))
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 2)
            #expect(try await world.depth().waiting == 5)
            // One call tells that marketing is away; asking for each of them would keep all others waiting.
            #expect(await world.marketing.counters().faults.values.reduce(0, +) == 1)

            await world.marketing.play(.none)
            await world.clock.advance(by: .seconds(60))
            await world.drainAll()
            #expect(try await world.crmRecord(id)["LastName"] == "Lovelace")
        }
    }

    @Test("CON-1 a person of whom marketing may not be asked holds the integration instead of asking for ever")
    func partialRefused() async throws {
        try await withWorld { world in
            let id = try await world.addPerson()
            try await world.create(["70"])
            await world.marketing.play(.every(.unauthorized))
            try await world.take(world.creation(id, ["email": "person1@example.com"]), world.creation("71"))
            await world.flush()
            let hold = try #require(try await world.store.hold(of: World.name, direction: .inbound))
            #expect(hold.until == nil)
            #expect(try await world.depth().waiting == 1)
            #expect(await world.salesforce.count("Contact") == 2)

            await world.marketing.play(.none)
            try await world.store.releaseHold(integration: World.name, direction: .inbound)
            await world.drainAll()
            #expect(try await world.crmRecord(id)["LastName"] == "Lovelace")
        }
    }
}
