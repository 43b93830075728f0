import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Outbound against the emulated account")
struct DestinationTests {
    @Test("GEN-6 a person is created once, then found, whatever the case of the email and however often the answer is lost")
    func upsert() async throws {
        try await withSandbox { connection in
            let tier = await connection.account.addField("Tier")
            await connection.account.play(
                FaultPlan(rules: [.init(.hangUpAfter, method: "POST", path: "*/contact/sync", limit: 1)]))
            let contact = ContactWrite(email: "Ann@acme.test", fields: ["firstName": "Ann", "field:\(tier)": "Gold"])
            let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.write(contact) }
            #expect(error?.errorClass == .transient)
            let id = try await connection.marketing.write(contact).id
            #expect(await connection.account.count() == 1)
            let person = await connection.account.person(id: id)
            #expect(person?.firstName == "Ann")
            #expect(person?.fields == [tier: "Gold"])
        }
    }

    @Test("A known person is changed by id, email and all; what is not named stays, a blank empties")
    func update() async throws {
        try await withSandbox { connection in
            let tier = await connection.account.addField("Tier")
            let ann = try #require(
                await connection.account.createContact(
                    .init(email: "ann@acme.test", firstName: "Ann", phone: "1", fields: [tier: "Gold"], tags: ["vip"])))
            let fields: [String: JSONValue] = ["email": "anna@acme.test", "phone": "", "field:\(tier)": ""]
            let written = try await connection.marketing.write(ContactWrite(id: ann, email: "anna@acme.test", fields: fields))
            #expect(written == WrittenContact(id: ann))
            #expect(
                await connection.account.person(id: ann) == .init(email: "anna@acme.test", firstName: "Ann", tags: ["vip"]))
            #expect(
                try await connection.marketing.contacts(ids: [ann, "77"]).mapValues(\.fields["email"]) == [ann: "anna@acme.test"])
        }
    }

    @Test("A person is found by email, whatever its case, and nobody else even when the filter is ignored")
    func byEmail() async throws {
        try await withSandbox { connection in
            let ann = try #require(await connection.account.createContact(.init(email: "ann+1@acme.test", firstName: "Ann")))
            let found = try #require(try await connection.marketing.contact(email: "Ann+1@ACME.test"))
            #expect(found.id == ann && found.fields["firstName"] == "Ann" && found.updatedAt != nil)
            #expect(try await connection.marketing.contact(email: "ann@acme.test") == nil)
        }
        let connection = try Connection { _ throws(TransportError) in
            .json(200, ["contacts": [["id": "1", "email": "x@acme.test"], ["id": "2", "email": "Ann@acme.test"]]])
        }
        #expect(try await connection.marketing.contact(email: "ann@acme.test")?.id == "2")
        #expect(await connection.account.lines == ["GET contacts?email=ann%40acme.test"])
    }

    @Test("An import creates and changes people, with tags and accounts, and tells whom it took")
    func imported() async throws {
        try await withSandbox { connection in
            let tier = await connection.account.addField("Tier")
            let ann = try #require(await connection.account.createContact(.init(email: "ann@acme.test")))
            await connection.account.exclude(email: "out@acme.test")
            let contacts = ["ann", "bob", "out"].map {
                ContactWrite(
                    email: "\($0)@acme.test", fields: ["firstName": .string($0), "field:\(tier)": "Gold", "accountName": "Acme"],
                    tags: ["created-from-salesforce-contact"])
            }
            #expect(connection.marketing.importable(contacts) == 3)
            let batch = try await connection.marketing.startImport(contacts)
            #expect(try await connection.marketing.importProgress(batch) == .running)
            await connection.account.processImports()
            guard case .finished(let succeeded, let failed) = try await connection.marketing.importProgress(batch) else {
                Issue.record("the import is not finished")
                return
            }
            let bob = try #require(await connection.account.contactID(email: "bob@acme.test"))
            #expect(succeeded == [ann, bob])
            #expect(failed.map(\.email) == ["out@acme.test"])
            let people = try await connection.marketing.contacts(ids: Array(succeeded))
            #expect(people[bob]?.fields["email"] == "bob@acme.test")
            #expect(
                await connection.account.person(id: bob)
                    == .init(
                        email: "bob@acme.test", firstName: "bob", account: "Acme", fields: [tier: "Gold"],
                        tags: ["created-from-salesforce-contact"]))
        }
    }

    @Test("The importer's limit is met by waiting, not by an error of the records")
    func importLimit() async throws {
        try await withSandbox { connection in
            let one = [ContactWrite(email: "ann@acme.test", fields: ["firstName": "Ann"])]
            for _ in 0..<20 { _ = try await connection.marketing.startImport(one) }
            let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.startImport(one) }
            #expect(error?.errorClass == .rateLimited(until: connection.clock.now().advanced(by: .seconds(60))))
        }
    }
}
