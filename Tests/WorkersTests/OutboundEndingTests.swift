import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Outbound: conversions, merges, deletions")
struct OutboundEndingTests {
    @Test("OUT-5 OUT-4 a converted lead's link goes on with the contact: one person, no lead-only values, the tags switch")
    func conversion() async throws {
        try await withOutboundWorld(contacts: .none) { world in
            let lead = try #require(await world.salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"])))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            #expect(await world.marketing.person(id: person)?.tags == ["created-from-salesforce-lead"])

            let contact = try #require(await world.salesforce.convertLead(lead))
            await world.salesforce.edit("Contact", id: contact, ["Phone": "+1 555 0177"])
            try await world.sync()

            #expect(await world.marketing.count() == 1)
            #expect(await world.marketing.person(id: person)?.tags == ["salesforce-lead-converted-to-contact"])
            #expect(await world.marketing.person(id: person)?.phone == "+1 555 0177")
            #expect(try await world.linkOf(lead, .lead)?.endedBy == .converted)
            let link = try #require(try await world.linkOf(contact))
            #expect(link.marketingID == person && link.state == .linked)
            #expect(await world.salesforce.record("Contact", id: contact)?["Tandem_Id__c"]?.text == "\(World.name):\(person)")
        }
    }

    @Test("OUT-5 a conversion of which the contact is seen first makes no second person", arguments: [true, false])
    func conversionInEitherOrder(contactsSelected: Bool) async throws {
        try await withOutboundWorld(contacts: contactsSelected ? .criteria(.all([])) : .none) { world in
            let lead = try #require(await world.salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"])))
            try await world.sync()
            let contact = try #require(await world.salesforce.convertLead(lead))
            let messages = [world.world.crmChange(.contact, contact), world.world.crmChange(.lead, lead)]
            for message in messages {
                _ = try await world.world.outboundIngest.ingest(await world.world.crmRecords([message]))
                try await world.deliver()
            }
            try await world.sync()

            #expect(await world.marketing.count() == 1)
            #expect(await world.person("1")?.tags == ["salesforce-lead-converted-to-contact"])
            #expect(try await world.linkOf(contact)?.state == .linked)
            #expect(try await world.linkOf(lead, .lead)?.state == .ended)
        }
    }

    @Test("IN-5 OUT-5 an inbound change of a converted lead waits for the link to move and then reaches the contact")
    func inboundOfConverted() async throws {
        try await withOutboundWorld(contacts: .none) { world in
            let lead = try #require(await world.salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"])))
            try await world.sync()
            let contact = try #require(await world.salesforce.convertLead(lead))
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.marketing.editContact(person) { $0.phone = "+1 555 0188" }
            try await world.hear(person)
            await world.world.flush()
            try await world.deliver()
            await world.clock.advance(by: .seconds(3600))
            await world.world.flush()

            #expect(await world.salesforce.record("Contact", id: contact)?["Phone"] == "+1 555 0188")
            #expect(try await world.world.depth().parked == 0)
        }
    }

    @Test("OUT-8 a deleted record ends its link, keeps the person, and nothing brings either back")
    func deletion() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            await world.salesforce.delete("Contact", id: id)
            try await world.sync()

            #expect(await world.person("1") != nil)
            #expect(try await world.linkOf(id)?.endedBy == .crmDeleted)
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.marketing.editContact(person) { $0.phone = "+1 555 0188" }
            try await world.hear(person)
            await world.world.flush()
            try await world.sync()
            #expect(await world.salesforce.count("Contact") == 0)
            #expect(try await world.linkOf(id)?.state == .ended)
        }
    }

    @Test("OUT-8 a merge moves the loser's link to the winner, and the winner's values flow")
    func merge() async throws {
        try await withOutboundWorld(contacts: .marked) { world in
            let loser = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            await world.salesforce.edit("Contact", id: loser, [World.waitingField: "Waiting for next sync"])
            try await world.sync()
            let person = try #require(await world.personID("1"))
            let winner = try #require(
                await world.salesforce.insert("Contact", World.crmPerson("1", ["LastName": "Winner"])))
            await world.salesforce.edit(
                "Contact", id: winner, [World.waitingField: "never"], asUser: false)
            await world.salesforce.merge("Contact", winner: winner, loser: loser)
            try await world.sync()
            try await world.sync()

            #expect(await world.marketing.count() == 1)
            #expect(await world.marketing.person(id: person)?.lastName == "Winner")
            let link = try #require(try await world.linkOf(winner))
            #expect(link.marketingID == person && link.state == .linked)
            #expect(await world.salesforce.record("Contact", id: winner)?["Tandem_Id__c"]?.text == "\(World.name):\(person)")
        }
    }

    @Test("OUT-8 a loser whose winner is linked already gives its link up; both people stay")
    func mergeOfTwoLinked() async throws {
        try await withOutboundWorld { world in
            let loser = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let winner = try #require(await world.salesforce.insert("Contact", World.crmPerson("2")))
            try await world.sync()
            await world.salesforce.merge("Contact", winner: winner, loser: loser)
            try await world.sync()

            #expect(await world.marketing.count() == 2)
            #expect(try await world.linkOf(loser)?.endedBy == .merged)
            #expect(try await world.linkOf(winner)?.state == .linked)
        }
    }

    @Test("OUT-8 a loser whose winner's person was deleted in marketing goes on with the winner", arguments: [true, false])
    func mergeIntoGhost(isGone: Bool) async throws {
        try await withOutboundWorld { world in
            let winner = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let loser = try #require(await world.salesforce.insert("Contact", World.crmPerson("2")))
            try await world.sync()
            let (ghost, living) = (try #require(await world.personID("1")), try #require(await world.personID("2")))
            if isGone { #expect(await world.marketing.deleteContact(ghost)) }
            #expect(await world.salesforce.merge("Contact", winner: winner, loser: loser))
            // Told before the winner's own turn, in which its person would be missed.
            try await world.tell([loser], .contact)
            try await world.deliver()
            try await world.sync()

            let link = try #require(try await world.linkOf(winner))
            #expect(link.state == .linked && link.marketingID == (isGone ? living : ghost))
            let shown = await world.salesforce.record("Contact", id: winner)?["Tandem_Id__c"]?.text
            #expect(shown == "\(World.name):\(link.marketingID)")
        }
    }

    @Test(
        "OUT-8 of merged people the winner's person is asked for; accounts have ids of their own", arguments: CRMObject.allCases)
    func rivals(object: CRMObject) {
        func link(_ crmID: String, to marketingID: String) -> Link {
            Link(
                integration: World.name, object: object, marketingID: marketingID, crmID: crmID, externalID: marketingID,
                state: .linked)
        }
        var loser = CRMRecord(object: object, id: "A", values: [:])
        (loser.isDeleted, loser.mergedInto) = (true, "B")
        var facts = OutboundFacts()
        facts.states.byID = [object: ["A": loser]]
        facts.links = [object: ["A": link("A", to: "1"), "B": link("B", to: "2")]]
        #expect(facts.rivals.map(\.marketingID) == (object.isPerson ? ["2"] : []))
        facts.links = [object: ["A": link("A", to: "1"), "B": link("B", to: "1")]]
        #expect(facts.rivals.isEmpty, "they are one person")
    }

    @Test("OUT-8 a merge into a record that an import is making known waits for the import: one record, one link")
    func mergeIntoImported() async throws {
        try await withOutboundWorld { world in
            let loser = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let rows = (10..<40).map { World.crmPerson("\($0)") }
            let winner = await world.salesforce.load("Contact", rows: rows)[0]
            if try await world.poll() { try await world.ingest() }
            // The import is under way when the records are merged.
            for _ in 0..<5 where await world.drain.turn() != .now { break }
            #expect(try await world.store.imports(integration: World.name).count == 1)
            await world.salesforce.merge("Contact", winner: winner, loser: loser)
            try await world.sync()
            try await world.sync()

            #expect(try await world.linkOf(loser)?.endedBy == .merged)
            let person = try #require(await world.personID("10"))
            #expect(try await world.linkOf(winner)?.marketingID == person)
            #expect(try await world.store.parked(integration: World.name, direction: .outbound, limit: 5) == [])
        }
    }
}
