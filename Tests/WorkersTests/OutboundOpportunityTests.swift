import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Outbound: opportunities")
struct OutboundOpportunityTests {
    private static let tie = "primary-contact"

    private static func deal(_ contact: String?, _ more: [String: SandboxValue] = [:]) -> [String: SandboxValue] {
        var deal: [String: SandboxValue] = [
            "Name": "Big one", "StageName": "Prospecting", "CloseDate": "2027-02-01", "Amount": 1234.5,
        ]
        deal["ContactId"] = contact.map { .string($0) }
        return deal.merging(more) { $1 }
    }

    private func withOpportunities(
        contacts: Selection = .criteria(.all([])), _ test: (OutboundWorld) async throws -> Void
    ) async throws {
        try await withOutboundWorld(contacts: contacts, configure: { $0.outbound.opportunities = true }, test)
    }

    @Test("MAP-5 an opportunity appears with its four fields, tied to its contact, and later changes flow")
    func flows() async throws {
        try await withOpportunities { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let deal = try #require(
                await world.salesforce.insert("Opportunity", Self.deal(contact, ["Description": "not for marketing"])))
            try await world.sync()

            let person = try #require(await world.personID("1"))
            let record = try #require(await world.deals().first)
            #expect(record.externalID == deal)
            #expect(
                record.fields == ["name": "Big one", "amount": "1234.5", "stage": "Prospecting", "close-date": "2027-02-01"])
            #expect(record.relationships == [Self.tie: [person]])
            let link = try #require(try await world.linkOf(deal, .opportunity))
            #expect(link.state == .linked && link.marketingID == deal)

            await world.salesforce.edit("Opportunity", id: deal, ["StageName": "Closed Won", "Amount": nil])
            try await world.sync()
            let changed = try #require(await world.deals().first)
            #expect(changed.id == record.id && changed.relationships == [Self.tie: [person]])
            #expect(changed.fields == ["name": "Big one", "stage": "Closed Won", "close-date": "2027-02-01"])

            // Nothing else of it is anybody's news.
            let calls = await world.marketing.counters().apiCalls
            await world.salesforce.edit("Opportunity", id: deal, ["Description": "changed"])
            try await world.sync()
            #expect(await world.marketing.counters().apiCalls == calls)
        }
    }

    @Test("MAP-5 an opportunity without a contact, or of one that does not sync, stays unknown")
    func unrelated() async throws {
        try await withOpportunities(contacts: .none) { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let deals = await world.salesforce.load("Opportunity", rows: [Self.deal(nil), Self.deal(contact)])
            try await world.sync()

            #expect(await world.deals().isEmpty)
            #expect(await world.marketing.count() == 0)
            for deal in deals { #expect(try await world.linkOf(deal, .opportunity) == nil) }
        }
    }

    @Test("MAP-5 a contact linked later brings its opportunities", arguments: [1, 30])
    func linkedLater(people: Int) async throws {
        try await withOpportunities(contacts: .marked) { world in
            let contacts = await world.salesforce.load("Contact", rows: (1...people).map { World.crmPerson("\($0)") })
            await world.salesforce.load("Opportunity", rows: contacts.map { Self.deal($0) })
            try await world.sync()
            #expect(await world.deals().isEmpty)

            for contact in contacts {
                await world.salesforce.edit("Contact", id: contact, [World.waitingField: "Waiting for next sync"])
            }
            // Long after the opportunities were polled.
            await world.clock.advance(by: .seconds(3600))
            try await world.sync()
            #expect(await world.deals().count == people)
            let person = try #require(await world.personID("1"))
            #expect(await world.deals().contains { $0.externalID != nil && $0.relationships == [Self.tie: [person]] })
        }
    }

    @Test("MAP-5 an opportunity whose event comes before its contact's follows it in the same run")
    func earlierThanItsContact() async throws {
        try await withOpportunities { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let deal = try #require(await world.salesforce.insert("Opportunity", Self.deal(contact)))
            for message in [world.world.crmChange(.opportunity, deal), world.world.crmChange(.contact, contact)] {
                _ = try await world.world.outboundIngest.ingest(await world.world.crmRecords([message]))
                try await world.deliver()
            }
            let person = try #require(await world.personID("1"))
            #expect(await world.deals().map(\.relationships) == [[Self.tie: [person]]])
        }
    }

    @Test("MAP-5 OUT-5 the opportunity that a conversion makes goes with the person", arguments: [true, false])
    func converted(contactsSelected: Bool) async throws {
        try await withOpportunities(contacts: contactsSelected ? .criteria(.all([])) : .none) { world in
            let lead = try #require(await world.salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"])))
            try await world.sync()
            try #require(await world.salesforce.convertLead(lead, opportunity: "First order") != nil)
            try await world.sync()

            let person = try #require(await world.personID("1"))
            let deal = try #require(await world.deals().first)
            #expect(deal.fields["name"] == "First order" && deal.relationships == [Self.tie: [person]])
            #expect(await world.marketing.count() == 1)
        }
    }

    @Test("OUT-8 a deleted opportunity ends its link and stays; taken back, it goes on")
    func deleted() async throws {
        try await withOpportunities { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let deal = try #require(await world.salesforce.insert("Opportunity", Self.deal(contact)))
            try await world.sync()
            await world.salesforce.delete("Opportunity", id: deal)
            try await world.sync()
            #expect(try await world.linkOf(deal, .opportunity)?.endedBy == .crmDeleted)
            #expect(await world.deals().count == 1)

            await world.salesforce.undelete("Opportunity", id: deal)
            await world.salesforce.edit("Opportunity", id: deal, ["StageName": "Closed Lost"])
            try await world.sync()
            #expect(try await world.linkOf(deal, .opportunity)?.state == .linked)
            #expect(await world.deals().map { $0.fields["stage"] } == ["Closed Lost"])
        }
    }

    @Test("MAP-5 switched off, opportunities are neither polled nor delivered")
    func off() async throws {
        try await withOutboundWorld { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let deal = try #require(await world.salesforce.insert("Opportunity", Self.deal(contact)))
            try await world.sync()
            let event = await world.world.crmRecords([world.world.crmChange(.opportunity, deal)])
            _ = try await world.world.outboundIngest.ingest(event)
            try await world.deliver()

            #expect(await world.person("1") != nil)
            #expect(await world.marketing.counters().calls.keys.allSatisfy { !$0.contains("customObjects") })
            #expect(await world.salesforce.counters().queries["OpportunityContactRole"] == nil)
            #expect(try await world.linkOf(deal, .opportunity) == nil)
        }
    }

    @Test("MAP-5 IN-10 a plan without custom objects parks the opportunity with that reason, and nothing else")
    func notInPlan() async throws {
        try await withOpportunities { world in
            await world.marketing.changePlan(customObjects: false)
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let deal = try #require(await world.salesforce.insert("Opportunity", Self.deal(contact)))
            try await world.sync()

            let parked = try await world.store.parked(integration: World.name, direction: .outbound, limit: 10)
            #expect(parked.map(\.error.code) == ["custom-objects-not-available"])
            #expect(parked.map(\.key.recordID) == [deal])
            #expect(try await world.linkOf(contact)?.state == .linked)

            await world.marketing.changePlan()
            await world.clock.advance(by: .seconds(700))
            _ = try await world.store.retryParked(integration: World.name, code: nil, now: world.clock.now())
            try await world.deliver()
            #expect(await world.deals().count == 1)
        }
    }

    @Test("MAP-5 OPS-5 an org that hides opportunities delays nothing else", arguments: CRMObject.people)
    func hidden(object: CRMObject) async throws {
        try await withOpportunities { world in
            for field in ["StageName", "Amount", "CloseDate", "Name"] { await world.salesforce.hide(field, on: "Opportunity") }
            let more: [String: SandboxValue] = object == .lead ? ["Company": "Northwind"] : [:]
            let id = try #require(await world.salesforce.insert(object.apiName, World.crmPerson("1", more)))
            try await world.sync()
            #expect(try await world.linkOf(id, object)?.state == .linked)
        }
    }
}

extension OutboundWorld {
    fileprivate func deals() async -> [ActiveCampaignSandbox.CustomRecord] {
        await marketing.customRecords("crm-opportunities")
    }
}
