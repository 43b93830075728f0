import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Outbound: people whose answer got lost")
struct OutboundIntentTests {
    enum Loss: CaseIterable { case answer, worker }
    enum Change: CaseIterable { case nothing, email, conversion, deletion }

    @Test(
        "GEN-6 a person whose answer got lost is found again, whatever became of the record meanwhile", arguments: Loss.allCases,
        Change.allCases)
    func foundAgain(loss: Loss, change: Change) async throws {
        try await withOutboundWorld(contacts: .none) { world in
            let lead = try await world.lose(loss)
            var (email, contact): (String, String?) = ("person1@example.com", nil)
            switch change {
            case .nothing: break
            case .email:
                email = "new1@example.com"
                await world.salesforce.edit("Lead", id: lead, ["Email": "new1@example.com"], asUser: false)
            case .conversion: contact = await world.salesforce.convertLead(lead)
            case .deletion: #expect(await world.salesforce.delete("Lead", id: lead))
            }
            try await world.deliver()

            #expect(await world.marketing.count() == 1)
            let id = try #require(await world.marketing.contactID(email: email))
            let tag = change == .conversion ? "salesforce-lead-converted-to-contact" : "created-from-salesforce-lead"
            #expect(await world.marketing.person(id: id)?.tags == [tag])
            let link = try #require(try await world.linkOf(contact ?? lead, contact == nil ? .lead : .contact))
            #expect(link.marketingID == id && link.endedBy == (change == .deletion ? .crmDeleted : nil))
            #expect(try await world.store.creations(integration: World.name, crmIDs: [lead]) == [:])
            #expect(try await world.store.outcomeCounts(integration: World.name)["marketing-created"] == 1)
        }
    }

    @Test("GEN-6 a call without effect leads to nobody else: the person is made by the email the record has now")
    func notCarriedOut() async throws {
        try await withOutboundWorld { world in
            let stranger = try #require(await world.marketing.createContact(.init(email: "person1@example.com")))
            await world.clock.advance(by: .seconds(300))
            let ids = try await world.queue(1)
            await world.marketing.play(FaultPlan(rules: [.init(.internalError, path: "*/contact/sync", limit: 1)]))
            #expect(await world.drain.turn() == .now)
            #expect(try await world.store.creations(integration: World.name, crmIDs: ids).count == 1)
            await world.salesforce.edit("Contact", id: ids[0], ["Email": "new1@example.com"], asUser: false)
            await world.clock.advance(by: .seconds(31))
            try await world.deliver()
            #expect(try await world.store.creations(integration: World.name, crmIDs: ids) == [:])
            #expect(await world.marketing.person(id: stranger)?.email == "person1@example.com")
            #expect(try await world.linkOf(ids[0])?.marketingID != stranger)
            #expect(await world.marketing.count() == 2)
        }
    }

    @Test("GEN-6 nothing is kept of who was refused, of who was not reached, or of who is linked")
    func settled() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.queue(4)
            await world.marketing.play(
                FaultPlan(rules: [.init(.throttled, path: "*/contact/sync", when: .calls([2]))]))
            #expect(await world.drain.turn() != .now)
            #expect(try await world.store.creations(integration: World.name, crmIDs: ids) == [:])
            #expect(await world.marketing.count() == 1)
            await world.clock.advance(by: .seconds(31))
            try await world.deliver()
            #expect(await world.marketing.count() == 4)
            #expect(await world.marketing.counters().calls["GET /contacts"] == nil, "nobody had to be looked for")
        }
    }

    @Test("GEN-6 IN-10 while a person cannot be looked for nothing is decided about the record, and the others go on")
    func lookupFails() async throws {
        try await withOutboundWorld(contacts: .none) { world in
            let lead = try await world.lose(.answer)
            await world.salesforce.edit("Lead", id: lead, ["Email": "new1@example.com"], asUser: false)
            let other = try #require(await world.salesforce.insert("Lead", World.crmPerson("2", ["Company": "Northwind"])))
            try await world.tell([other], .lead)
            await world.clock.advance(by: .seconds(31))
            await world.marketing.play(FaultPlan(rules: [.init(.internalError, path: "*/contacts", limit: 1)]))
            #expect(await world.drain.turn() == .now)
            #expect(await world.marketing.count() == 2)
            #expect(try await world.linkOf(other, .lead)?.state == .linked)
            #expect(try await world.linkOf(lead, .lead) == nil)

            try await world.deliver()
            #expect(await world.marketing.count() == 2)
            #expect(try await world.linkOf(lead, .lead)?.state == .linked)
        }
    }

    @Test("IN-10 a person is not looked for while marketing is away: outbound waits, without a failed attempt")
    func marketingAway() async throws {
        try await withOutboundWorld(contacts: .none) { world in
            _ = try await world.lose(.answer)
            await world.clock.advance(by: .seconds(31))
            let before = try await world.world.outboundRows().map(\.attempts)
            await world.marketing.play(.every(.unavailable))
            #expect(await world.drain.turn() != .now)
            #expect(try await world.store.hold(of: World.name, direction: .outbound)?.reason.code == "503")
            #expect(try await world.world.outboundRows().map(\.attempts) == before)
        }
    }
}

extension OutboundWorld {
    /// A new lead whose person marketing has made while nobody heard of it; the lead's id.
    fileprivate func lose(_ loss: OutboundIntentTests.Loss) async throws -> String {
        let lead = try #require(await salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"])))
        try await tell([lead], .lead)
        switch loss {
        case .answer:
            await marketing.play(FaultPlan(rules: [.init(.hangUpAfter, path: "*/contact/sync", limit: 1)]))
            _ = await drain.turn()
        case .worker: await cancelDrain(after: .marketing("/contact/sync"))
        }
        #expect(await marketing.count() == 1)
        #expect(try await linkOf(lead, .lead) == nil)
        return lead
    }
}
