import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Inbound: who syncs and what is written")
struct InboundGateTests {
    @Test("IN-3 a change of a person nobody sent to the CRM calls nobody and leaves nothing waiting")
    func notLinked() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            try await world.take(world.change("2", World.person("2"), tags: ["added-to-salesforce-contact"]))
            #expect(await world.calls { await world.flush() } == 0)
            #expect(try await world.depth().waiting == 0)
            #expect(await world.salesforce.count("Contact") == 1)
        }
    }

    @Test("IN-3 a linked person without one of the tags is not updated, until the tag is back")
    func withoutTag() async throws {
        try await withWorld { world in
            try await world.create([try await world.addPerson()])
            _ = await world.tags.turn()
            let phone = try await world.crmRecord("1")["Phone"]
            await world.clock.advance(by: .seconds(300))
            try await world.take(world.change("1", ["phone": "lost"], tags: ["vip"]))
            #expect(await world.calls { await world.flush() } == 0)
            // This one says nothing of tags: those known before count.
            try await world.take(world.change("1", ["phone": "lost too"]))
            #expect(await world.calls { await world.flush() } == 0)
            #expect(try await world.crmRecord("1")["Phone"] == phone)

            try await world.take(world.change("1", ["phone": "new"], tags: ["vip", " Created-From-Salesforce-Lead"]))
            await world.flush()
            #expect(try await world.crmRecord("1")["Phone"] == "new")
        }
    }

    @Test("IN-3 an edit from before Tandem's own tag was put on is not lost for want of it, however long it waits")
    func lateTag() async throws {
        try await withWorld { world in
            let id = try await world.addPerson()
            try await world.create([id])
            // The window closes long after the tag was put on, and with it what was said before.
            try await world.take(world.change(id, ["phone": "early"], tags: []))
            await world.clock.advance(by: .seconds(60))
            _ = await world.tags.turn()
            #expect(await world.marketing.person(id: id)?.tags == ["added-to-salesforce-contact"])
            await world.flush()
            #expect(try await world.crmRecord(id)["Phone"] == "early")

            try await world.take(world.change(id, ["phone": "late"], tags: []))
            await world.flush()
            #expect(try await world.crmRecord(id)["Phone"] == "early", "a user took the tag off since")
        }
    }

    @Test("GEN-3 what is not mapped is not written, whatever an event carries")
    func unmapped() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            let before = try await world.crmRecord("1")
            let noise: [String: JSONValue] = [
                "Title": "CEO", "Description": "x", "field:99": "y", "perstag:UNKNOWN": "z", "Id": "003", "phone": "new",
                "accountName": "No company on contacts",
            ]
            try await world.take(world.change("1", noise))
            await world.flush()
            let after = try await world.crmRecord("1")
            let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
            #expect(changed == ["Phone", "LastModifiedDate", "SystemModstamp"])
        }
    }

    @Test(
        "GEN-2 a person without an email address is skipped, gets no tag, and is listed with the reason", arguments: ["", "  "])
    func noEmail(email: String) async throws {
        try await withWorld { world in
            var person = World.person("1")
            person["email"] = .string(email)
            try await world.take(world.creation("1", person))
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 0)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.store.tagDepth(integration: World.name, now: world.clock.now()).waiting == 0)
            #expect(try await world.store.outcomeCounts(integration: World.name) == ["skipped:no-email": 1])
            let entry = try #require(try await world.store.history(integration: World.name, marketingID: "1", limit: 1).first)
            #expect(entry.message == "a person without an email address does not sync")
        }
    }

    @Test(
        "IN-4 the tag is given at once, the record made in the next flush with every mapped field", arguments: CRMObject.people)
    func create(object: CRMObject) async throws {
        try await withWorld { world in
            let id = try await world.addPerson()
            var fields = World.person(id)
            fields["perstag:ANNUAL_INCOME"] = "$1,234.50"
            fields["perstag:BIRTH_DATE"] = "2001-02-03"
            fields["perstag:OCCUPATION"] = "Pilot"
            try await world.take(world.creation(id, as: object, fields))
            _ = await world.tags.turn()
            #expect(await world.marketing.person(id: id)?.tags == ["added-to-salesforce-\(object.rawValue)"])
            #expect(await world.salesforce.counters().total == 0)

            await world.flush()
            let record = try await world.crmRecord(id, object)
            let expected: [String: SandboxValue] = [
                "FirstName": "Ada", "LastName": .string("Person \(id)"), "Email": .string("person\(id)@example.com"),
                "Phone": "+1 555 0100", "AnnualIncome__c": 1234.5, "BirthDate__c": "2001-02-03", "Occupation__c": "Pilot",
            ]
            for (field, value) in expected { #expect(record[field] == value, "\(field)") }
            #expect(record["Company"] == (object == .lead ? "Northwind" : nil))
        }
    }

    @Test("IN-4 an action that says no more than id and email is completed from marketing")
    func partial() async throws {
        try await withWorld { world in
            let id = try await world.addPerson(fields: [world.playground.fields.occupation: "Pilot"])
            try await world.take(world.creation(id, ["email": .string("person1@example.com")]))
            await world.flush()
            let record = try await world.crmRecord(id)
            #expect(record["LastName"] == "Lovelace")
            #expect(record["Phone"] == "+1 555 0111")
            #expect(record["Occupation__c"] == "Pilot")
        }
    }

    @Test("IN-4 a person who is gone from marketing and of whom too little is known is parked with the reason")
    func partialGone() async throws {
        try await withWorld { world in
            try await world.take(world.creation("77", ["email": "gone@example.com"]), world.creation("78"))
            await world.flush()
            #expect(try await world.parked().map(\.error.code) == ["marketing-record-not-found"])
            #expect(await world.salesforce.count("Contact") == 1)
        }
    }

    @Test("IN-5 a lead who is sent to the CRM as contact becomes a new contact; the lead stays as it is")
    func leadThenContact() async throws {
        try await withWorld { world in
            try await world.create(["1"], as: .lead)
            let lead = try await world.crmRecord("1", .lead)
            var person = World.person("1")
            person["phone"] = "new"
            try await world.take(world.creation("1", person))
            await world.flush()
            try await world.take(world.change("1", ["firstName": "Grace"]))
            await world.flush()
            #expect(try await world.crmRecord("1")["Phone"] == "new")
            #expect(try await world.crmRecord("1")["FirstName"] == "Grace")
            #expect(try await world.crmRecord("1", .lead) == lead)
        }
    }

    @Test("IN-4 a person sent to both objects becomes both; what fails on one side does not make the other twice")
    func both() async throws {
        try await withWorld { world in
            var person = World.person("1")
            person["accountName"] = ""
            try await world.take(world.creation("1", person), world.creation("1", as: .lead, person))
            await world.flush()
            #expect(try await world.parked().map(\.error.fields) == [["Company"]])
            #expect(await world.salesforce.count("Contact") == 1)

            await world.clock.advance(by: .seconds(1))
            try await world.take(world.change("1", ["accountName": "Northwind"]))
            await world.flush()
            #expect(try await world.crmRecord("1", .lead)["Company"] == "Northwind")
            #expect(await world.salesforce.counters().rowsCreated == 2)
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("OUT-8 a person deleted in marketing stays in the CRM")
    func deletedInMarketing() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            let deletion = RecordChange(key: world.key("1"), kind: .deleted, occurredAt: world.clock.now())
            try await world.take(.recordChange(deletion))
            #expect(await world.calls { await world.flush() } == 0)
            #expect(await world.salesforce.count("Contact") == 1)
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("GEN-6 of two people with the email of one CRM record only one becomes that record")
    func sharedEmail() async throws {
        try await withWorld { world in
            let known = await world.salesforce.insert("Contact", ["LastName": "Known", "Email": "shared@example.com"])
            try await world.take(
                (1...2).map { world.creation("\($0)", World.person("\($0)").merging(["email": "shared@example.com"]) { $1 }) })
            await world.flush()
            let ids = [try await world.crmID("1"), try await world.crmID("2")]
            #expect(Set(ids).count == 2)
            #expect(ids.contains(try #require(known)))
            #expect(await world.salesforce.count("Contact") == 2)
        }
    }

    @Test("GEN-6 a person the CRM knows by email is adopted, not created a second time")
    func adopted() async throws {
        try await withWorld { world in
            let values: [String: SandboxValue] = ["LastName": "Known", "Email": "PERSON1@example.com", "Title": "CEO"]
            let id = await world.salesforce.insert("Contact", values)
            try await world.create(["1"])
            #expect(await world.salesforce.count("Contact") == 1)
            #expect(try await world.link("1")?.crmID == id)
            #expect(try await world.crmRecord("1")["Title"] == "CEO")
            #expect(try await world.outcomes("1") == ["adopted"])
        }
    }
}

extension World {
    /// A person in marketing whose id is 1.
    func addPerson(fields: [String: String] = [:]) async throws -> String {
        let person = ActiveCampaignSandbox.Person(
            email: "person1@example.com", firstName: "Ada", lastName: "Lovelace", phone: "+1 555 0111", account: "Northwind",
            fields: fields)
        return try #require(await marketing.createContact(person))
    }
}
