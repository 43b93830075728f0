import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Outbound: from the CRM to marketing")
struct OutboundDeliveryTests {
    @Test("OUT-1 OUT-4 OUT-6 a selected contact gets known: values, custom fields, tag, and the CRM record says so")
    func create() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1", ["Occupation__c": "Baker"])))
            try await world.sync()

            let personID = try #require(await world.personID("1"))
            let person = try #require(await world.marketing.person(id: personID))
            #expect(person.email == "person1@example.com")
            #expect(person.firstName == "Ada")
            #expect(person.lastName == "Person 1")
            #expect(person.fields[world.playground.fields.occupation] == "Baker")
            #expect(person.tags == ["created-from-salesforce-contact"])
            let record = try #require(await world.salesforce.record("Contact", id: id))
            #expect(record[World.waitingField] == "Synced successfully")
            #expect(record["Tandem_Id__c"]?.text == "\(World.name):\(personID)")
            #expect(try await world.outboundHistory("1") == ["marketing-created"])
        }
    }

    @Test("OUT-2 OUT-9 a linked contact's change is one request by id, and its custom fields go along")
    func update() async throws {
        try await withOutboundWorld { world in
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.sync()
            await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0199", "Occupation__c": "Miller"])
            let before = await world.marketing.counters()
            try await world.sync()

            let person = try #require(await world.person("1"))
            #expect(person.phone == "+1 555 0199")
            #expect(person.fields[world.playground.fields.occupation] == "Miller")
            let after = await world.marketing.counters()
            #expect(after.apiCalls - before.apiCalls == 1)
            #expect(after.calls["PUT /contacts/{id}", default: 0] - before.calls["PUT /contacts/{id}", default: 0] == 1)
            #expect(await world.salesforce.record("Contact", id: id)?[World.waitingField] == "Synced successfully")
        }
    }

    @Test("OUT-1 a record that is not selected stays unknown; one without email is listed (GEN-2)")
    func notSelected() async throws {
        try await withOutboundWorld(contacts: .marked) { world in
            await world.salesforce.insert("Contact", World.crmPerson("1"))
            let marked = try #require(await world.salesforce.insert("Contact", World.crmPerson("2")))
            let silent = try #require(await world.salesforce.insert("Contact", ["LastName": "Silent"]))
            await world.salesforce.edit("Contact", id: marked, [World.waitingField: "Waiting for next sync"])
            await world.salesforce.edit("Contact", id: silent, [World.waitingField: "Waiting for next sync"])
            let contact = try #require(await world.contact("1"))
            await world.salesforce.edit("Contact", id: contact, [World.waitingField: "none"], asUser: false)
            try await world.sync()

            #expect(await world.personID("1") == nil)
            #expect(await world.personID("2") != nil)
            #expect(await world.marketing.count() == 1)
            let entries = try await world.store.history(integration: World.name, crmID: silent, object: .contact, limit: 5)
            #expect(entries.map(\.code) == ["no-email"])
        }
    }

    @Test("GEN-6 two records with one email are one person, and the second is listed", arguments: [1, 30])
    func duplicates(others: Int) async throws {
        try await withOutboundWorld { world in
            await world.salesforce.load("Contact", rows: (10..<10 + others).map { World.crmPerson("\($0)") })
            let first = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let second = try #require(await world.salesforce.insert("Contact", World.crmPerson("1", ["LastName": "Twin"])))
            try await world.sync()
            try await world.sync()

            #expect(await world.marketing.count() == others + 1)
            // Which of them comes first is the log's to say.
            let isFirst = try await world.linkOf(first) != nil
            let (linked, other) = isFirst ? (first, second) : (second, first)
            #expect(await world.person("1")?.lastName == (isFirst ? "Person 1" : "Twin"))
            #expect(try await world.linkOf(linked)?.state == .linked)
            #expect(try await world.linkOf(other) == nil)
            let entries = try await world.store.history(integration: World.name, crmID: other, object: .contact, limit: 5)
            #expect(entries.first?.code == "duplicate-email")
        }
    }

    @Test("OUT-9 many records go by bulk import, their ids are found, and nothing is written one by one")
    func bulk() async throws {
        try await withOutboundWorld { world in
            await world.salesforce.load("Contact", rows: (0..<600).map { World.crmPerson("\($0)", ["Occupation__c": "Baker"]) })
            try await world.sync()

            #expect(await world.marketing.count() == 600)
            for number in [0, 249, 250, 599] {
                let person = try #require(await world.person("\(number)"))
                #expect(person.tags == ["created-from-salesforce-contact"])
                #expect(person.fields[world.playground.fields.occupation] == "Baker")
            }
            let calls = await world.marketing.counters()
            #expect(calls.calls["POST /import/bulk_import"] == 3)
            #expect(calls.calls["POST /contact/sync"] == nil)
            #expect(calls.calls["POST /contactTags"] == nil)
            let records = await world.salesforce.records("Contact")
            #expect(records.allSatisfy { $0[World.waitingField] == "Synced successfully" && $0["Tandem_Id__c"] != nil })
            let summary = try await world.store.linkSummary(integration: World.name)
            #expect(summary.linked[.contact] == 600)
        }
    }

    @Test("OUT-9 of known people an import takes only those whose email is theirs; others are written by id")
    func importUpdates() async throws {
        try await withOutboundWorld { world in
            let ids = await world.salesforce.load("Contact", rows: (0..<40).map { World.crmPerson("\($0)") })
            try await world.sync()
            for id in ids { await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0123"]) }
            await world.salesforce.edit("Contact", id: ids[0], ["Email": "new.address@example.com"])
            try await world.sync()

            #expect(await world.marketing.count() == 40)
            #expect(await world.personID("0") == nil)
            let moved = try #require(await world.marketing.contactID(email: "new.address@example.com"))
            #expect(try await world.linkOf(ids[0])?.marketingID == moved)
            for number in 1..<40 { #expect(await world.person("\(number)")?.phone == "+1 555 0123") }
        }
    }

    @Test("IN-10 one refused person does not fail the import")
    func importRefusals() async throws {
        try await withOutboundWorld { world in
            await world.marketing.exclude(email: "person7@example.com")
            await world.salesforce.load("Contact", rows: (0..<30).map { World.crmPerson("\($0)") })
            try await world.sync()

            #expect(await world.marketing.count() == 29)
            let parked = try await world.store.parked(integration: World.name, direction: .outbound, limit: 10)
            #expect(parked.map(\.error.code) == ["import-refused"])
        }
    }

    @Test("OUT-8 a person deleted in marketing ends the link and is not brought back", arguments: [1, 40])
    func deletedInMarketing(people: Int) async throws {
        try await withOutboundWorld { world in
            let ids = await world.salesforce.load("Contact", rows: (0..<people).map { World.crmPerson("\($0)") })
            try await world.sync()
            let person = try #require(await world.personID("0"))
            await world.marketing.deleteContact(person)
            for id in ids { await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0123"]) }
            try await world.sync()
            try await world.sync()

            #expect(await world.personID("0") == nil)
            #expect(try await world.linkOf(ids[0])?.endedBy == .marketingDeleted)
            #expect(await world.marketing.count() == people - 1)
        }
    }

    @Test("GEN-5 after everything is in step a poll publishes nothing and marketing hears nothing")
    func quiet() async throws {
        try await withOutboundWorld { world in
            await world.salesforce.load("Contact", rows: (0..<50).map { World.crmPerson("\($0)") })
            await world.salesforce.insert("Contact", World.crmPerson("77"))
            try await world.sync()
            let before = await world.marketing.counters().apiCalls
            try await world.sync()
            #expect(await world.marketing.counters().apiCalls == before)
            let publishedAgain = try await world.store.scheduleState(of: World.name)?.published
            #expect(publishedAgain == 0)
        }
    }
}
