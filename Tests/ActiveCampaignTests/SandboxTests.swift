import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("ActiveCampaign against the emulated account")
struct SandboxTests {
    @Test("CON-1 a good key connects, a bad one shows the vendor's own error")
    func probe() async throws {
        try await withSandbox { try await $0.marketing.probe() }
        try await withSandbox(apiKey: "wrong") { connection in
            let error = await #expect(throws: SyncError.self) { try await connection.marketing.probe() }
            #expect(error?.errorClass == .auth)
            #expect(error?.message.contains("wrong") == false)
        }
    }

    @Test("MAP-2 all of 130 custom fields are described, with options")
    func fields() async throws {
        try await withSandbox { connection in
            for index in 0..<129 { _ = await connection.account.addField("Field \(index)") }
            let tier = await connection.account.addField("Tier", type: "dropdown", options: ["Gold", "Silver"])
            let fields = try await connection.marketing.describeContacts().fields
            #expect(fields.count == 135)
            let described = try #require(fields.last)
            #expect(described.name == "field:\(tier)")
            #expect(described.type == .picklist(options: ["Gold", "Silver"], restricted: false))
            #expect(described.aliases == ["perstag:TIER", "title:Tier"])
        }
    }

    @Test("IN-4 tags are put on and taken off, created once, and found among hundreds whatever their case")
    func tags() async throws {
        try await withSandbox { connection in
            let first = try #require(await connection.account.createContact(.init(email: "ann@acme.test")))
            let second = try #require(await connection.account.createContact(.init(email: "bob@acme.test")))
            for index in 0..<150 { _ = await connection.account.tag(second, "Tag \(index)") }
            try await connection.marketing.addTag("tag 149", toContact: first)
            try await connection.marketing.addTag("tag 149", toContact: first)
            try await connection.marketing.addTag("added-to-salesforce-contact", toContact: first)
            let contact = try #require(try await connection.marketing.contact(id: first))
            #expect(contact.tags.sorted() == ["Tag 149", "added-to-salesforce-contact"])
            #expect(try await connection.marketing.contact(id: second)?.tags.count == 150)
            try await connection.marketing.removeTag("TAG 149", fromContact: first)
            #expect(await connection.account.person(id: first)?.tags == ["added-to-salesforce-contact"])
            #expect(await connection.account.counters().calls["POST /tags"] == 1)
        }
    }

    @Test("A contact comes with standard and custom values; an unknown one is nobody")
    func contact() async throws {
        try await withSandbox { connection in
            let colors = await connection.account.addField("Colors", type: "listbox", options: ["Red", "Blue"])
            let id = try #require(
                await connection.account.createContact(
                    .init(email: "ann@acme.test", firstName: "Ann", account: "Acme", fields: [colors: "||Red||Blue||"])))
            let contact = try #require(try await connection.marketing.contact(id: id))
            #expect(contact.fields["email"] == "ann@acme.test")
            #expect(contact.fields["firstName"] == "Ann")
            #expect(contact.fields["accountName"] == "Acme")
            #expect(contact.fields["field:\(colors)"] == "||Red||Blue||")
            #expect(contact.updatedAt == connection.clock.now())
            #expect(try await connection.marketing.contact(id: "999") == nil)
        }
    }

    @Test("A tag survives an account that forgets to answer, breaks and refuses for a moment")
    func faults() async throws {
        try await withSandbox { connection in
            let id = try #require(await connection.account.createContact(.init(email: "ann@acme.test")))
            // A tag whose creation was not answered is found by looking again.
            await connection.account.play(FaultPlan(rules: [.init(.hangUpAfter, method: "POST", path: "*/tags", limit: 1)]))
            try await connection.marketing.addTag("vip", toContact: id)
            for fault in [Fault.hangUpAfter, .hangUpBefore, .unavailable, .emptyBody, .cut(afterBytes: 5)] {
                await connection.account.play(FaultPlan(rules: [.init(fault, path: "*/contactTags", limit: 1)]))
                let error = await #expect(throws: SyncError.self) { try await connection.marketing.addTag("vip", toContact: id) }
                #expect(error?.errorClass == .transient, "\(fault)")
                try await connection.marketing.addTag("vip", toContact: id)
            }
            #expect(await connection.account.person(id: id)?.tags == ["vip"])
            #expect(await connection.account.counters().rowsCreated == 1)
        }
    }

    @Test("OUT-9 many callers at once never provoke a 429")
    func rateLimit() async throws {
        try await withSandbox(requestsPerSecond: 5) { connection in
            let turner = Task {
                while !Task.isCancelled {
                    await connection.clock.waitForSleepers()
                    await connection.clock.advanceToNextSleeper()
                }
            }
            defer { turner.cancel() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 { group.addTask { try await connection.marketing.probe() } }
                try await group.waitForAll()
            }
            #expect(await connection.account.counters().apiCalls == 40)
        }
    }
}
