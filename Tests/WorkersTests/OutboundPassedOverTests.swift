import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Outbound: records passed over for another one's sake")
struct OutboundPassedOverTests {
    /// What makes the contact cease to be in the lead's way.
    enum End: CaseIterable { case newEmailInCRM, newEmailInMarketing, deletedInCRM }

    @Test(
        "OUT-1 a selected lead whose email a contact had becomes known once the contact has it no more", arguments: End.allCases)
    func contactGivesWay(end: End) async throws {
        try await withOutboundWorld { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            let lead = try #require(await world.salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"])))
            try await world.syncBeyondLookingBack()
            #expect(try await world.codes(of: lead, .lead) == ["contact-goes-first"])

            switch end {
            case .newEmailInCRM: await world.salesforce.edit("Contact", id: contact, ["Email": "new@example.com"])
            case .newEmailInMarketing:
                await world.marketing.editContact(person) { $0.email = "new@example.com" }
                try await world.hear(person)
                await world.world.flush()
            case .deletedInCRM: await world.salesforce.delete("Contact", id: contact)
            }
            try await world.sync()

            let link = try #require(try await world.linkOf(lead, .lead))
            #expect(link.state == .linked)
            #expect((link.marketingID == person) == (end == .deletedInCRM), "with another email the contact's person is another")
            #expect(await world.personID("1") == link.marketingID)
        }
    }

    @Test("GEN-6 of two contacts with one email the second becomes known once the first has another", arguments: [true, false])
    func twinGivesWay(together: Bool) async throws {
        try await withOutboundWorld { world in
            let first = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let second = try #require(await world.salesforce.insert("Contact", World.crmPerson("1", ["LastName": "Twin"])))
            if !together {
                try await world.syncBeyondLookingBack()
                #expect(try await world.codes(of: second, .contact) == ["duplicate-email"])
            }
            await world.clock.advance(by: .seconds(300))
            await world.salesforce.edit("Contact", id: first, ["Email": "person2@example.com"])
            try await world.sync()

            #expect(await world.person("1")?.lastName == "Twin")
            #expect(await world.person("2")?.lastName == "Person 1")
            #expect(try await world.linkOf(second)?.state == .linked)
        }
    }

    @Test("OUT-9 one that stays in the way costs nothing")
    func quiet() async throws {
        try await withOutboundWorld { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            _ = await world.salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"]))
            try await world.syncBeyondLookingBack()
            let turns = try await world.turnsOfThePassedOver()
            #expect(turns > 0)
            await world.salesforce.edit("Contact", id: contact, ["Phone": "+1 555 0199"])
            try await world.sync()
            #expect(await world.person("1")?.phone == "+1 555 0199")
            #expect(try await world.turnsOfThePassedOver() == turns)
        }
    }
}

extension OutboundWorld {
    fileprivate func turnsOfThePassedOver() async throws -> Int {
        try await store.outcomeCounts(integration: World.name)["skipped:contact-goes-first", default: 0]
    }

    /// A poll looks back a little behind the one before: after this, none finds by itself what has not changed since.
    fileprivate func syncBeyondLookingBack() async throws {
        try await sync()
        await clock.advance(by: .seconds(3600))
        try await sync()
    }

    /// The codes in a CRM record's history.
    fileprivate func codes(of id: String, _ object: CRMObject) async throws -> Set<String?> {
        Set(try await store.history(integration: World.name, crmID: id, object: object, limit: 9).map(\.code))
    }
}
