import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Polls: when something fails")
struct PollFailureTests {
    @Test("OPS-5 an object whose selection asks for a field that vanished waits alone, and misses nothing")
    func oneObject() async throws {
        try await withWorld { world in
            let contact = await world.addRecords(1)
            let lead = await world.addRecords(1, .lead, prefix: "l")
            let rule = Selection.criteria(.rule(FieldRule(field: "Occupation__c", .equals, ["Pilot"])))
            try await world.setOutbound([.contact: rule, .lead: rule])
            let poller = world.poller()
            #expect(try await world.poll(poller) == [])
            let before = try await world.objectPoll(.contact)
            await world.clock.advance(by: .seconds(1200))
            await world.salesforce.hide("Occupation__c", on: "Contact")
            await world.salesforce.edit("Contact", id: contact[0], ["Phone": "1"])
            await world.salesforce.edit("Lead", id: lead[0], ["Occupation__c": "Pilot"])
            #expect(try await world.pollLater(poller).map(\.key.recordID) == lead)
            #expect(try await world.objectPoll(.contact)?.watermark == before?.watermark)
            #expect(try await world.store.hold(of: World.name, direction: .outbound) == nil)

            await world.salesforce.define(.text("Occupation__c", 40), on: "Contact")
            await world.salesforce.edit("Contact", id: contact[0], ["Occupation__c": "Pilot"])
            #expect(try await world.pollLater(poller).map(\.key.recordID) == contact)
        }
    }

    @Test("OPS-5 a mapped field that vanishes halts its own mapping only")
    func oneField() async throws {
        try await withWorld { world in
            let ids = await world.addRecords(1)
            try await world.setOutbound([.contact: .criteria(.all([]))])
            let poller = world.poller()
            await world.clock.advance(by: .seconds(1200))
            _ = try await world.poll(poller)
            await world.salesforce.hide("Occupation__c", on: "Contact")
            await world.salesforce.edit("Contact", id: ids[0], ["Phone": "1"])
            let published = try await world.pollLater(poller)
            #expect(published.map(\.key.recordID) == ids)
            #expect(published[0].fields["Phone"] == "1" && published[0].fields["Occupation__c"] == nil)

            await world.salesforce.define(.text("Occupation__c", 40), on: "Contact")
            await world.salesforce.edit("Contact", id: ids[0], ["Occupation__c": "Pilot"])
            #expect(try await world.pollLater(poller).map { $0.fields["Occupation__c"] } == ["Pilot"])
        }
    }

    @Test("OPS-5 an org that shows no opportunities syncs its people")
    func noSuchObject() async throws {
        try await withWorld { world in
            let (org, network) = world.otherOrg(without: ["Opportunity", "OpportunityContactRole"])
            let id = try #require(await org.insert("Contact", ["LastName": "Hopper", "Email": "grace@example.org"]))
            await world.clock.advance(by: .seconds(3600))
            try await world.setOutbound([.contact: .criteria(.all([]))], opportunities: true)
            let poller = world.poller(transport: network)
            #expect(try await world.poll(poller).map(\.key.recordID) == [id])
            #expect(try await world.objectPoll(.opportunity)?.watermark == nil)
            #expect(try await world.store.hold(of: World.name, direction: .outbound) == nil)
            await org.edit("Contact", id: id, ["Phone": "1"])
            #expect(try await world.pollLater(poller).map(\.key.recordID) == [id])
        }
    }

    @Test(
        "OUT-7 while Salesforce is away the run waits longer each time and then goes on",
        arguments: [Fault.unavailable, .hangUpBefore])
    func away(fault: Fault) async throws {
        try await withWorld { world in
            let ids = await world.addRecords(1)
            await world.clock.advance(by: .seconds(3600))
            try await world.setOutbound([.contact: .criteria(.all([]))])
            let poller = world.poller()
            await world.salesforce.play(.every(fault))
            var pauses: [Int64] = []
            for _ in 0..<4 {
                guard case .at(let moment) = await poller.turn() else { break }
                pauses.append(moment.since(world.clock.now()).components.seconds)
                await world.clock.advance(by: moment.since(world.clock.now()))
            }
            #expect(pauses == [30, 60, 120, 240])
            #expect(try await world.schedule()?.runs ?? 0 == 0)
            await world.salesforce.play(.none)
            #expect(try await world.poll(poller).map(\.key.recordID) == ids)
        }
    }

    @Test("CON-1 refused credentials hold outbound until the manager acts; what changed meanwhile is published then")
    func refused() async throws {
        try await withWorld { world in
            try await world.setOutbound([.contact: .criteria(.all([]))])
            let poller = world.poller()
            _ = try await world.poll(poller)
            await world.salesforce.play(.every(.unauthorized))
            let ids = await world.addRecords(1)
            await world.clock.advance(by: .seconds(3600))
            _ = await poller.turn()
            let hold = try #require(try await world.store.hold(of: World.name, direction: .outbound))
            #expect(hold.until == nil)
            let asked = await world.salesforce.counters().calls
            await world.clock.advance(by: .seconds(86_400))
            _ = await poller.turn()
            #expect(await world.salesforce.counters().calls == asked)

            await world.salesforce.play(.none)
            try await world.store.releaseHold(integration: World.name, direction: .outbound)
            #expect(try await world.poll(poller).map(\.key.recordID) == ids)
        }
    }
}
