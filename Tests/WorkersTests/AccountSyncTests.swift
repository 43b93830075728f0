import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Both directions: accounts and opportunities")
struct AccountSyncTests {
    @Test(
        "MAP-4 an account syncs because a syncing person belongs to it; the contact moves along, and leaves", arguments: [1, 30])
    func full(people: Int) async throws {
        try await withOutboundWorld(configure: Self.full) { world in
            let northwind = try #require(await world.salesforce.insert("Account", ["Name": "Northwind"]))
            let other = try #require(await world.salesforce.insert("Account", ["Name": "Other"]))
            await world.salesforce.insert("Account", ["Name": "Nobody's"])
            let rows = (1...people).map { World.crmPerson("\($0)", ["AccountId": .string(northwind)]) }
            let ids = await world.salesforce.load("Contact", rows: rows)
            try await world.sync()
            let person = try #require(await world.personID("1"))
            #expect(await world.accountNames() == ["Northwind": people])
            #expect(try await world.linkOf(ids[0])?.relation == AccountRelation(accountID: northwind))
            let status = Playground.accountStatusField
            #expect(await world.salesforce.record("Contact", id: ids[0])?[status] == "Synced successfully")

            await world.salesforce.edit("Contact", id: ids[0], ["AccountId": .string(other)])
            await world.salesforce.edit("Account", id: northwind, ["Name": "Northwind Ltd"])
            try await world.sync()
            #expect(await world.marketing.person(id: person)?.account == "Other")
            #expect(await world.marketing.accounts().values.first { $0.name == "Northwind Ltd" }?.contacts.count == people - 1)

            await world.salesforce.edit("Contact", id: ids[0], ["AccountId": .null])
            try await world.sync()
            #expect(await world.marketing.person(id: person)?.account == "")
            let before = await world.marketing.counters().apiCalls
            try await world.sync()
            #expect(await world.marketing.counters().apiCalls == before)
        }
    }

    @Test("MAP-4 two CRM accounts of one name do not share one in marketing: the relation status says so")
    func sameName() async throws {
        try await withOutboundWorld(configure: Self.full) { world in
            var ids: [String] = []
            for number in ["1", "2"] {
                let account = try #require(await world.salesforce.insert("Account", ["Name": "Acme"]))
                let row = World.crmPerson(number, ["AccountId": .string(account)])
                ids.append(try #require(await world.salesforce.insert("Contact", row)))
                try await world.sync()
            }
            #expect(await world.accountNames() == ["Acme": 1])
            #expect(try await world.linkOf(ids[0])?.relation?.error == nil)
            #expect(try await world.linkOf(ids[1])?.relation?.error?.code == "account-already-linked")
            let status = Playground.accountStatusField
            #expect(await world.salesforce.record("Contact", id: ids[1])?[status] == "Failed: account-already-linked")
            #expect(await world.personID("2") != nil)
        }
    }

    @Test("MAP-4 a linked account's change in marketing reaches the CRM; one nobody syncing belongs to is none of ours")
    func inbound() async throws {
        try await withOutboundWorld(configure: Self.full) { world in
            let account = try #require(await world.salesforce.insert("Account", ["Name": "Northwind"]))
            let row = World.crmPerson("1", ["AccountId": .string(account)])
            await world.salesforce.insert("Contact", row)
            try await world.sync()
            let marketingID = try #require(try await world.linkOf(account, .account)?.marketingID)
            await world.clock.advance(by: .seconds(300))
            let messages = [(marketingID, "Northwind Traders"), ("999", "Stranger")].map { id, name -> Message in
                let key = RecordKey(integration: World.name, object: "account", recordID: id)
                return .recordChange(RecordChange(key: key, occurredAt: world.clock.now(), fields: ["name": .string(name)]))
            }
            try await world.world.take(messages)
            await world.world.flush()

            #expect(await world.salesforce.record("Account", id: account)?["Name"] == "Northwind Traders")
            #expect(await world.salesforce.count("Account") == 1)
            #expect(try await world.world.depth() == QueueDepth())
        }
    }

    @Test("MAP-4 by name only, one marketing field holds the account's name, both ways")
    func nameOnly() async throws {
        try await withOutboundWorld(configure: { settings in
            settings.outbound.accounts = .nameOnly(marketingField: "perstag:OCCUPATION")
            settings.mappings.contact.removeAll { $0.marketing == "perstag:OCCUPATION" }
        }) { world in
            let northwind = try #require(await world.salesforce.insert("Account", ["Name": "Northwind"]))
            let row = World.crmPerson("1", ["AccountId": .string(northwind)])
            let id = try #require(await world.salesforce.insert("Contact", row))
            try await world.sync()
            let field = world.playground.fields.occupation
            #expect(await world.person("1")?.fields[field] == "Northwind")

            let person = try #require(await world.personID("1"))
            await world.clock.advance(by: .seconds(300))
            await world.marketing.editContact(person) { $0.fields[field] = "Contoso" }
            try await world.hear(person)
            await world.world.flush()
            let contoso = await world.salesforce.records("Account").first { $0["Name"] == "Contoso" }?["Id"]
            #expect(contoso != nil)
            #expect(await world.salesforce.record("Contact", id: id)?["AccountId"] == contoso)
        }
    }

    @Test("MAP-5 opportunities of syncing people flow one way with four fields, also when the person is linked later")
    func opportunities() async throws {
        try await withOutboundWorld(
            contacts: .marked,
            configure: { $0.outbound.opportunities = true }
        ) { world in
            let contact = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            let values: [String: SandboxValue] = [
                "Name": "Big one", "StageName": "Prospecting", "CloseDate": "2027-03-01", "Amount": 1200.5,
                "ContactId": .string(contact),
            ]
            let id = try #require(await world.salesforce.insert("Opportunity", values))
            try await world.sync()
            #expect(await world.marketing.customRecords("crm-opportunities").isEmpty)

            await world.salesforce.edit("Contact", id: contact, [World.waitingField: "Waiting for next sync"])
            try await world.sync()
            let person = try #require(await world.personID("1"))
            let record = try #require(await world.marketing.customRecords("crm-opportunities").first)
            #expect(record.externalID == id)
            #expect(record.fields["name"] == "Big one")
            #expect(record.fields["stage"] == "Prospecting")
            #expect(record.relationships["primary-contact"] == [person])

            await world.salesforce.edit("Opportunity", id: id, ["StageName": "Closed Won"])
            try await world.sync()
            #expect(await world.marketing.customRecords("crm-opportunities").first?.fields["stage"] == "Closed Won")
            #expect(await world.marketing.customRecords("crm-opportunities").count == 1)
        }
    }

    private static func full(_ settings: inout IntegrationSettings) {
        settings.outbound.accounts = .fullByDefault
        settings.crm.accountStatusField = Playground.accountStatusField
        settings.mappings.contact.removeAll { $0.marketing == "accountName" }
    }
}

extension OutboundWorld {
    /// How many contacts each account has.
    fileprivate func accountNames() async -> [String: Int] {
        let accounts = await marketing.accounts().values
        return Dictionary(accounts.filter { !$0.contacts.isEmpty }.map { ($0.name, $0.contacts.count) }, uniquingKeysWith: +)
    }
}
