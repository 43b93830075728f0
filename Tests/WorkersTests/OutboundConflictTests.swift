import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Both directions: conflicts and loops")
struct OutboundConflictTests {
    @Test("IN-6 while a record waits for its sync marketing's edit is ignored, and the sync writes the CRM's over it")
    func waiting() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            // A user's edit: the flow marks the record.
            await world.salesforce.edit("Contact", id: id, ["Title": "Baker"])
            #expect(await world.salesforce.record("Contact", id: id)?[World.waitingField] == "Waiting for next sync")
            await world.marketing.editContact(person) { $0.phone = "+1 555 0666" }
            try await world.hear(person)
            await world.world.flush()
            #expect(await world.salesforce.record("Contact", id: id)?["Phone"] == "+1 555 0100")

            try await world.sync()
            #expect(await world.person("1")?.phone == "+1 555 0100")
            #expect(await world.salesforce.record("Contact", id: id)?[World.waitingField] == "Synced successfully")
        }
    }

    @Test("IN-6 edits of different fields on the two sides both survive, whichever way goes first", arguments: [true, false])
    func differentFields(outboundFirst: Bool) async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.salesforce.edit("Contact", id: id, ["Occupation__c": "Baker"], asUser: false)
            await world.marketing.editContact(person) { $0.phone = "+1 555 0666" }
            try await world.hear(person)
            if outboundFirst { try await world.sync() }
            await world.world.flush()
            try await world.sync()

            #expect(await world.salesforce.record("Contact", id: id)?["Phone"] == "+1 555 0666")
            #expect(await world.salesforce.record("Contact", id: id)?["Occupation__c"] == "Baker")
            #expect(await world.person("1")?.phone == "+1 555 0666")
            #expect(await world.person("1")?.fields[world.playground.fields.occupation] == "Baker")
        }
    }

    @Test("IN-6 the CRM wins a conflict, whichever way goes first", arguments: [true, false])
    func sameField(outboundFirst: Bool) async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0777"], asUser: false)
            await world.marketing.editContact(person) { $0.phone = "+1 555 0666" }
            try await world.hear(person)
            if outboundFirst { try await world.sync() }
            await world.world.flush()
            try await world.sync()
            await world.world.flush()

            #expect(await world.salesforce.record("Contact", id: id)?["Phone"] == "+1 555 0777")
            #expect(await world.person("1")?.phone == "+1 555 0777")
        }
    }

    @Test("MAP-10 marketing wins where the mapping says so, whichever way goes first", arguments: [true, false])
    func marketingWins(outboundFirst: Bool) async throws {
        try await withOutboundWorld(configure: { settings in
            for index in settings.mappings.contact.indices { settings.mappings.contact[index].rule = .marketingWins }
        }) { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0777"], asUser: false)
            await world.marketing.editContact(person) { $0.phone = "+1 555 0666" }
            try await world.hear(person)
            if outboundFirst { try await world.sync() }
            await world.world.flush()
            try await world.sync()

            #expect(await world.salesforce.record("Contact", id: id)?["Phone"] == "+1 555 0666")
            #expect(await world.person("1")?.phone == "+1 555 0666")
        }
    }

    @Test("GEN-6 a write to a known person that was not answered is looked for: marketing's edit after it is no conflict with it")
    func unansweredWrite() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0777", "Occupation__c": "Baker"], asUser: false)
            await world.marketing.play(
                FaultPlan(rules: [.init(.hangUpAfter, method: "PUT", path: "*/contacts/*", limit: 1)]))
            try await world.sync()
            #expect(try await world.linkOf(id)?.base["Phone"] == .text("+1 555 0777"))
            #expect(await world.marketing.counters().calls["PUT /contacts/{id}"] == 1)

            await world.clock.advance(by: .seconds(300))
            await world.marketing.editContact(person) { $0.phone = "+1 555 0888" }
            try await world.hear(person)
            await world.world.flush()
            try await world.sync()
            #expect(await world.salesforce.record("Contact", id: id)?["Phone"] == "+1 555 0888")
            #expect(await world.person("1")?.phone == "+1 555 0888")
        }
    }

    @Test("GEN-5 a webhook that tells of the state before Tandem's own write does not undo it")
    func lateWebhook() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            // Somebody edits in marketing, Tandem writes over it, and only then the webhook of the edit arrives.
            let stale = await world.world.records([
                world.world.change(person, ["phone": "+1 555 0666"], tags: ["created-from-salesforce-contact"])
            ])
            await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0777"], asUser: false)
            try await world.sync()
            _ = try await world.world.ingest.ingest(stale)
            await world.world.flush()
            try await world.sync()

            #expect(await world.salesforce.record("Contact", id: id)?["Phone"] == "+1 555 0777")
            #expect(await world.person("1")?.phone == "+1 555 0777")
        }
    }

    @Test("GEN-5 what inbound wrote is no change for outbound")
    func inboundIsNoNews() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.marketing.editContact(person) { $0.phone = "+1 555 0666" }
            try await world.hear(person)
            await world.world.flush()
            #expect(await world.salesforce.record("Contact", id: id)?["Phone"] == "+1 555 0666")
            let before = await world.marketing.counters().apiCalls
            try await world.sync()
            let published = try await world.store.scheduleState(of: World.name)?.published
            #expect(published == 0)
            #expect(await world.marketing.counters().apiCalls == before)
        }
    }

    @Test("IN-6 a value the CRM refuses to give up is written back to marketing without a poll")
    func overruledWithoutPoll() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            // The CRM insists on a last name.
            await world.marketing.editContact(person) { $0.lastName = "" }
            try await world.hear(person)
            await world.world.flush()
            try await world.deliver()
            #expect(await world.salesforce.record("Contact", id: id)?["LastName"] == "Person 1")
            #expect(await world.person("1")?.lastName == "Person 1")
        }
    }

    @Test("OUT-5 a new lead with the email of a linked contact does not write over that contact's values")
    func leadOfKnownContact() async throws {
        try await withOutboundWorld { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let row = World.crmPerson("1", ["LastName": "Lead", "Company": "Northwind", "Phone": "+1 555 0999"])
            let lead = try #require(await world.salesforce.insert("Lead", row))
            try await world.sync()

            #expect(await world.person("1")?.lastName == "Person 1")
            #expect(try await world.linkOf(lead, .lead) == nil)
            #expect(await world.salesforce.record("Contact", id: contact)?["Phone"] == "+1 555 0100")
            let entries = try await world.store.history(integration: World.name, crmID: lead, object: .lead, limit: 5)
            #expect(entries.first?.code == "contact-goes-first")
        }
    }

    @Test("GEN-6 a person whose email moved on is restored when a new record with that email writes over them")
    func overwrittenPerson() async throws {
        try await withOutboundWorld { world in
            let first = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            // Marketing changed the address; its webhook is still on its way.
            await world.marketing.editContact(person) { $0.email = "person2@example.com" }
            let second = try #require(await world.salesforce.insert("Contact", World.crmPerson("2", ["LastName": "Other"])))
            try await world.sync()

            #expect(try await world.linkOf(first)?.marketingID == person)
            #expect(try await world.linkOf(second) == nil)
            let parked = try await world.store.parked(integration: World.name, direction: .outbound, limit: 5)
            #expect(parked.map(\.error.code) == ["already-linked"])
            #expect(await world.marketing.person(id: person)?.lastName == "Person 1")
        }
    }
}
