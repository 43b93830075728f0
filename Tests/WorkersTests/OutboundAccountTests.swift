import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Outbound: accounts")
struct OutboundAccountTests {
    private static let statusField = Playground.accountStatusField
    private static let full = AccountSync.full([
        FieldMapping(marketing: "name", crm: "Name"), FieldMapping(marketing: "accountUrl", crm: "Website"),
    ])

    /// The only contact, of an account of this name.
    private func load(_ account: String, _ world: OutboundWorld) async throws -> (account: String, contact: String) {
        let id = try #require(await world.salesforce.insert("Account", ["Name": .string(account)]))
        let person = World.crmPerson("1", ["AccountId": .string(id)])
        return (id, try #require(await world.salesforce.insert("Contact", person)))
    }

    private func withFullAccounts(_ test: (OutboundWorld) async throws -> Void) async throws {
        try await withOutboundWorld(configure: { $0.outbound.accounts = Self.full }, test)
    }

    // MARK: Name only

    @Test("MAP-4 name only: the account's name reaches marketing, renamed, exchanged and blanked", arguments: [true, false])
    func nameOut(intoCustomField: Bool) async throws {
        try await withOutboundWorld { world in
            let field = intoCustomField ? "field:\(world.playground.fields.occupation)" : "accountName"
            try await world.set { settings in
                settings.outbound.accounts = .nameOnly(marketingField: field)
                settings.mappings.contact.removeAll { $0.crm == "Occupation__c" }
            }
            func name() async -> String? {
                let person = await world.person("1")
                return intoCustomField ? person?.fields[world.playground.fields.occupation] ?? "" : person?.account
            }
            let (account, contact) = try await load("Northwind", world)
            try await world.sync()
            #expect(await name() == "Northwind")

            await world.salesforce.edit("Account", id: account, ["Name": "Northwind Traders"])
            try await world.sync()
            #expect(await name() == "Northwind Traders")

            let other = try #require(await world.salesforce.insert("Account", ["Name": "Contoso"]))
            await world.salesforce.edit("Contact", id: contact, ["AccountId": .string(other)])
            try await world.sync()
            #expect(await name() == "Contoso")

            await world.salesforce.edit("Contact", id: contact, ["AccountId": nil])
            try await world.sync()
            #expect(await name() == "")
            #expect(try await world.linkOf(contact, .contact)?.relation == nil)
        }
    }

    @Test("MAP-4 name only: marketing's name moves the contact to that account, found, made, or none")
    func nameIn() async throws {
        try await withOutboundWorld(configure: { $0.outbound.accounts = .nameOnly(marketingField: "accountName") }) { world in
            let (account, contact) = try await load("Northwind", world)
            let contoso = try #require(await world.salesforce.insert("Account", ["Name": "Contoso"]))
            try await world.sync()
            let person = try #require(await world.personID("1"))
            func say(_ name: String) async throws -> String? {
                await world.clock.advance(by: .seconds(300))
                await world.marketing.editContact(person) { $0.account = name }
                try await world.world.take(world.world.change(person, ["accountName": .string(name)]))
                await world.world.flush()
                return await world.salesforce.record("Contact", id: contact)?["AccountId"]?.text
            }
            #expect(try await say("Contoso") == contoso)
            let made = try #require(try await say("Fabrikam"))
            #expect(await world.salesforce.record("Account", id: made)?["Name"] == "Fabrikam")
            #expect(try await say("") == nil)

            #expect(await world.salesforce.record("Account", id: account)?["Name"] == "Northwind")
            #expect(await world.salesforce.count("Account") == 3)
            try await world.sync()
            #expect(await world.person("1")?.account == "")
        }
    }

    @Test("MAP-1 MAP-4 many contacts and leads bring their account's or company's name by import")
    func namesByImport() async throws {
        try await withOutboundWorld(configure: { $0.outbound.accounts = .nameOnly(marketingField: "accountName") }) { world in
            let account = try #require(await world.salesforce.insert("Account", ["Name": "Northwind"]))
            await world.salesforce.load(
                "Contact", rows: (0..<20).map { World.crmPerson("\($0)", ["AccountId": .string(account)]) })
            await world.salesforce.load("Lead", rows: (20..<40).map { World.crmPerson("\($0)", ["Company": "Contoso"]) })
            try await world.sync()

            #expect(await world.marketing.counters().calls["POST /contact/sync"] == nil)
            #expect(await world.person("7")?.account == "Northwind")
            #expect(await world.person("33")?.account == "Contoso")
        }
    }

    // MARK: Full

    @Test("MAP-4 OUT-6 full: the contact's account appears in marketing, and the contact belongs to it on both sides")
    func related() async throws {
        try await withFullAccounts { world in
            await world.salesforce.insert("Account", ["Name": "Nobody's"])
            let (account, contact) = try await load("Northwind", world)
            await world.salesforce.edit("Account", id: account, ["Website": "https://northwind.example"])
            try await world.sync()

            let accounts = await world.marketing.accounts()
            #expect(accounts.values.map(\.name) == ["Northwind"])
            #expect(accounts.values.first?.url == "https://northwind.example")
            #expect(await world.person("1")?.account == "Northwind")
            let link = try #require(try await world.linkOf(account, .account))
            #expect(link.state == .linked && link.marketingID == accounts.keys.first)
            #expect(try await world.linkOf(contact)?.relation == AccountRelation(accountID: account))
            #expect(await world.salesforce.record("Contact", id: contact)?[Self.statusField] == "Synced successfully")

            let calls = await world.marketing.counters().apiCalls
            try await world.sync()
            #expect(await world.marketing.counters().apiCalls == calls)
        }
    }

    @Test("MAP-4 full: an account marketing has by that name is taken, not made a second time")
    func found() async throws {
        try await withFullAccounts { world in
            let known = try #require(await world.marketing.createAccount(.init(name: "NORTHWIND", url: "https://old.example")))
            let (account, _) = try await load("Northwind", world)
            try await world.sync()

            #expect(await world.marketing.accounts().mapValues(\.name) == [known: "Northwind"])
            #expect(await world.marketing.accounts()[known]?.url == "https://old.example")
            #expect(try await world.linkOf(account, .account)?.marketingID == known)
            #expect(await world.marketing.accounts()[known]?.contacts.count == 1)
        }
    }

    @Test("MAP-4 full: fields flow both ways, and neither side's edit is lost or comes back")
    func fieldsBothWays() async throws {
        try await withFullAccounts { world in
            let (account, _) = try await load("Northwind", world)
            try await world.sync()
            let id = try #require(try await world.linkOf(account, .account)?.marketingID)
            func hear() async throws {
                let current = try #require(await world.marketing.accounts()[id])
                let key = RecordKey(integration: World.name, object: "account", recordID: id)
                let fields: [String: JSONValue] = ["name": .string(current.name), "accountUrl": .string(current.url)]
                try await world.world.take(.recordChange(RecordChange(key: key, occurredAt: world.clock.now(), fields: fields)))
            }
            await world.clock.advance(by: .seconds(300))
            await world.marketing.editAccount(id) { $0.url = "https://northwind.example" }
            try await hear()
            await world.world.flush()
            #expect(await world.salesforce.record("Account", id: account)?["Website"] == "https://northwind.example")

            await world.salesforce.edit("Account", id: account, ["Name": "Northwind Traders"])
            try await world.sync()
            #expect(await world.marketing.accounts()[id]?.name == "Northwind Traders")

            // Both at once: different fields survive both, of one field the CRM's value wins.
            await world.clock.advance(by: .seconds(300))
            await world.salesforce.edit("Account", id: account, ["Name": "Northwind Ltd"])
            await world.marketing.editAccount(id) { ($0.name, $0.url) = ("Northwind Inc", "https://northwind.test") }
            try await hear()
            try await world.sync()
            await world.world.flush()
            try await world.sync()
            #expect(await world.marketing.accounts()[id]?.name == "Northwind Ltd")
            #expect(await world.marketing.accounts()[id]?.url == "https://northwind.test")
            let record = try #require(await world.salesforce.record("Account", id: account))
            #expect(record["Name"] == "Northwind Ltd" && record["Website"] == "https://northwind.test")

            let calls = await world.marketing.counters().apiCalls
            try await hear()
            await world.world.flush()
            try await world.sync()
            #expect(await world.marketing.counters().apiCalls == calls)
        }
    }

    @Test("MAP-4 full: an account of marketing nobody here belongs to stays unknown to the CRM")
    func unknownInMarketing() async throws {
        try await withFullAccounts { world in
            let id = try #require(await world.marketing.createAccount(.init(name: "Stranger")))
            let key = RecordKey(integration: World.name, object: "account", recordID: id)
            try await world.world.take(
                .recordChange(RecordChange(key: key, occurredAt: world.clock.now(), fields: ["name": "Stranger"])))
            await world.world.flush()
            #expect(await world.salesforce.count("Account") == 0)
            #expect(try await world.world.depth().parked == 0)
        }
    }

    @Test("MAP-4 full: a contact that changes its account in the CRM moves in marketing, and leaves when it has none")
    func moved() async throws {
        try await withFullAccounts { world in
            let (_, contact) = try await load("Northwind", world)
            let other = try #require(await world.salesforce.insert("Account", ["Name": "Contoso"]))
            try await world.sync()

            // Another integration's write, which marks nothing.
            await world.salesforce.edit("Contact", id: contact, ["AccountId": .string(other)], asUser: false)
            try await world.sync()
            #expect(await world.person("1")?.account == "Contoso")
            #expect(try await world.linkOf(contact)?.relation == AccountRelation(accountID: other))

            await world.salesforce.edit("Contact", id: contact, ["AccountId": nil], asUser: false)
            try await world.sync()
            #expect(await world.person("1")?.account == "")
            #expect(try await world.linkOf(contact)?.relation == nil)
            #expect(await world.salesforce.record("Contact", id: contact)?[Self.statusField]?.text == nil)
            #expect(await world.marketing.accounts().count == 2)
        }
    }

    @Test("MAP-4 OUT-9 many contacts go by import, and each belongs to its account afterwards")
    func imported() async throws {
        try await withFullAccounts { world in
            let accounts = await world.salesforce.load("Account", rows: [["Name": "Northwind"], ["Name": "Contoso"]])
            let contacts = await world.salesforce.load(
                "Contact", rows: (0..<60).map { World.crmPerson("\($0)", ["AccountId": .string(accounts[$0 % 2])]) })
            try await world.sync()

            #expect(await world.marketing.counters().calls["POST /contact/sync"] == nil)
            #expect(await world.marketing.accounts().values.map(\.contacts.count) == [30, 30])
            #expect(await world.person("3")?.account == "Contoso")
            for contact in contacts { #expect(try await world.linkOf(contact)?.relation?.error == nil) }
            let records = await world.salesforce.records("Contact")
            #expect(records.allSatisfy { $0[Self.statusField] == "Synced successfully" })
        }
    }

    @Test("MAP-4 a plan without accounts: contacts sync, and the relation says why not", arguments: [1, 30])
    func notInPlan(people: Int) async throws {
        try await withFullAccounts { world in
            await world.marketing.changePlan(accounts: false)
            let account = try #require(await world.salesforce.insert("Account", ["Name": "Northwind"]))
            let contacts = await world.salesforce.load(
                "Contact", rows: (1...people).map { World.crmPerson("\($0)", ["AccountId": .string(account)]) })
            try await world.sync()

            #expect(await world.marketing.count() == people)
            let link = try #require(try await world.linkOf(contacts[0]))
            #expect(link.relation?.error?.code == "accounts-not-available")
            let record = await world.salesforce.record("Contact", id: contacts[0])
            #expect(record?[Self.statusField] == "Failed: accounts-not-available")
            #expect(record?[World.waitingField] == "Synced successfully")

            // To say so in the CRM is no news for the next poll.
            try await world.sync()
            #expect(try await world.store.scheduleState(of: World.name)?.published == 0)

            // Inbound is none the worse for it.
            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.marketing.editContact(person) { $0.phone = "+1 555 0188" }
            try await world.hear(person)
            await world.world.flush()
            #expect(await world.salesforce.record("Contact", id: contacts[0])?["Phone"] == "+1 555 0188")

            // With the plan changed, the contact's next turn mends it.
            await world.marketing.changePlan()
            await world.clock.advance(by: .seconds(7 * 3600))
            await world.salesforce.edit("Contact", id: contacts[0], ["Phone": "+1 555 0199"])
            try await world.sync()
            #expect(try await world.linkOf(contacts[0])?.relation == AccountRelation(accountID: account))
            #expect(await world.person("1")?.account == "Northwind")
        }
    }

    @Test("MAP-4 IN-10 an association that fails for the moment is made later")
    func retried() async throws {
        try await withFullAccounts { world in
            let (account, contact) = try await load("Northwind", world)
            await world.marketing.play(
                FaultPlan(rules: [.init(.unavailable, method: "POST", path: "*/accountContacts", when: .calls([1, 2]))]))
            try await world.sync()
            await world.clock.advance(by: .seconds(120))
            try await world.deliver()

            #expect(await world.person("1")?.account == "Northwind")
            #expect(try await world.linkOf(contact)?.relation == AccountRelation(accountID: account))
            #expect(try await world.outboundHistory("1").count { $0 == "marketing-created" } == 1)
        }
    }

    @Test("MAP-4 of two CRM accounts of one name the first is paired; the other's contacts say so")
    func sameName() async throws {
        try await withFullAccounts { world in
            let accounts = await world.salesforce.load("Account", rows: [["Name": "Northwind"], ["Name": "northwind"]])
            let first = World.crmPerson("1", ["AccountId": .string(accounts[0])])
            try #require(await world.salesforce.insert("Contact", first) != nil)
            try await world.sync()
            let second = try #require(
                await world.salesforce.insert("Contact", World.crmPerson("2", ["AccountId": .string(accounts[1])])))
            try await world.sync()

            #expect(await world.marketing.accounts().values.map(\.name) == ["Northwind"])
            #expect(try await world.linkOf(accounts[0], .account)?.state == .linked)
            #expect(try await world.linkOf(accounts[1], .account) == nil)
            #expect(try await world.linkOf(second)?.relation?.error?.code == "account-already-linked")
        }
    }

    @Test("OUT-8 an account deleted in marketing ends its link and is not brought back")
    func deletedInMarketing() async throws {
        try await withFullAccounts { world in
            let (account, contact) = try await load("Northwind", world)
            try await world.sync()
            let id = try #require(try await world.linkOf(account, .account)?.marketingID)
            await world.marketing.deleteAccount(id)
            await world.salesforce.edit("Account", id: account, ["Website": "https://northwind.example"])
            await world.salesforce.edit("Contact", id: contact, ["Phone": "+1 555 0177"])
            try await world.sync()
            try await world.sync()

            #expect(try await world.linkOf(account, .account)?.endedBy == .marketingDeleted)
            #expect(await world.marketing.accounts().isEmpty)
            #expect(await world.person("1")?.phone == "+1 555 0177")
        }
    }

    @Test("OUT-8 an account deleted in the CRM ends its link; marketing keeps it")
    func deletedInCRM() async throws {
        try await withFullAccounts { world in
            let (account, _) = try await load("Northwind", world)
            try await world.sync()
            await world.salesforce.delete("Account", id: account)
            try await world.sync()
            #expect(try await world.linkOf(account, .account)?.endedBy == .crmDeleted)
            #expect(await world.marketing.accounts().count == 1)
        }
    }
}

extension OutboundWorld {
    /// Applies the integration with other settings.
    func set(_ change: (inout IntegrationSettings) -> Void) async throws {
        var settings = try #require(try await store.integration(World.name)).settings
        change(&settings)
        _ = try await store.apply(settings, now: clock.now())
    }
}
