import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Salesforce

@Suite("Writing accounts' names and statuses to Salesforce")
struct AccountNameTests {
    private static func named(_ externalID: String, _ account: FieldValue) -> CRMWrite {
        var write = upsert(externalID)
        write.values[CRMRecord.accountNameField] = account
        return write
    }

    /// The name of each contact's account, by external ID.
    private static func accounts(_ org: EmulatedOrg) async -> [String: String] {
        let accounts = Dictionary(
            await org.sandbox.records("Account").map { ($0["Id"]?.text ?? "", $0["Name"]?.text ?? "") },
            uniquingKeysWith: { first, _ in first })
        return Dictionary(
            await org.sandbox.records("Contact").compactMap { contact in
                guard let id = contact["Tandem_Id__c"]?.text, let account = contact["AccountId"]?.text else { return nil }
                return (id, accounts[account] ?? "?")
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test("MAP-4 contacts get the account of that name; what is missing is created once, for two calls more")
    func names() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        await org.sandbox.insert("Account", ["Name": "O'Brien & Söhne"])
        _ = try await crm.describe(.contact)
        let cost = await org.cost {
            let results = await crm.write([
                Self.named("1", .text("o'brien & söhne")), Self.named("2", .text("Acme")), Self.named("3", .text(" ACME ")),
                Self.named("4", .blank), upsert("5"),
            ])
            #expect(results.allSatisfy { $0.failure == nil })
        }
        #expect(cost == 3)
        #expect(await Self.accounts(org) == ["1": "O'Brien & Söhne", "2": "Acme", "3": "Acme"])
        let again = await org.cost { _ = await crm.write([Self.named("2", .text("acme")), Self.named("1", .blank)]) }
        #expect(again == 2)
        #expect(await Self.accounts(org) == ["2": "Acme", "3": "Acme"])
        #expect(await org.sandbox.count("Account") == 2)
    }

    @Test("MAP-4 a name that several accounts have, or that cannot be one, fails its contacts only")
    func unusable() async throws {
        let org = EmulatedOrg()
        await org.sandbox.load("Account", rows: [["Name": "Acme"], ["Name": "acme"]])
        let results = try await org.crm().write([
            Self.named("1", .text("Acme")), Self.named("2", .text(String(repeating: "x", count: 256))),
            Self.named("3", .text("B")),
        ])
        #expect(results.map { $0.failure?.code } == ["ambiguous-account", "STRING_TOO_LONG", nil])
        #expect(results.allSatisfy { $0.failure.map { $0.errorClass == .permanent } ?? true })
        #expect(results.compactMap { $0.failure?.fields } == [["Account.Name"], ["Account.Name"]])
        #expect(await Self.accounts(org) == ["3": "B"])
    }

    @Test("GEN-6 an account whose creation was not confirmed is found by its name and not created again")
    func lostAnswer() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        _ = try await crm.describe(.contact)
        await org.sandbox.play(FaultPlan(rules: [.init(.hangUpAfter, path: "*/composite", when: .calls([2]))]))
        let lost = await crm.write([Self.named("1", .text("Acme")), upsert("2")])
        #expect(lost.map { $0.failure?.errorClass } == [.transient, nil])
        #expect(await crm.write([Self.named("1", .text("Acme"))]).allSatisfy { $0.failure == nil })
        #expect(await Self.accounts(org) == ["1": "Acme"])
        #expect(await org.sandbox.count("Account") == 1)
    }

    @Test("MAP-4 without the reference to accounts there is no account name to map")
    func hidden() async throws {
        let org = EmulatedOrg()
        await org.sandbox.hide("AccountId", on: "Contact")
        let crm = try org.crm()
        #expect(try await crm.describe(.contact).field(named: CRMRecord.accountNameField) == nil)
        #expect(await crm.write([Self.named("1", .text("Acme"))]).map { $0.failure?.fields } == [["Account.Name"]])
        let visible = try await EmulatedOrg().crm().describe(.contact).field(named: CRMRecord.accountNameField)
        #expect(visible?.type == .text(maxLength: 255) && visible?.isCreatable == true && visible?.isUpdatable == true)
    }

    @Test("MAP-4 a read that wants the account's name gets it; one that does not costs what it did")
    func read() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        _ = await crm.write([Self.named("1", .text("Acme")), upsert("2")])
        let ids = await org.sandbox.records("Contact").compactMap { $0["Id"]?.text }
        let cost = try await org.cost {
            let keys = [CRMCandidateKey(externalID: "1", email: nil)]
            let result = try await crm.read(
                CRMReadRequest(
                    ids: [.contact: ids], candidates: [.contact: keys], fields: [.contact: [CRMRecord.accountNameField]]))
            #expect(
                ids.map { result.byID[.contact]?[$0]?.values } == [["Account.Name": .text("Acme")], ["Account.Name": .blank]])
            #expect(result.candidates[.contact]?[keys[0]]?.first?.values == ["Account.Name": .text("Acme")])
        }
        #expect(cost == 1)
    }

    @Test("OUT-6 a record shows how it stands along with the write, also when there is nothing else to write")
    func statuses() async throws {
        let org = EmulatedOrg()
        await org.sandbox.define(.text("Tandem_Account__c", 80), on: "Contact")
        let contact = try #require(await org.sandbox.insert("Contact", SandboxValue.contact("Lee")))
        let lead = try #require(await org.sandbox.insert("Lead", SandboxValue.person("Lee")))
        let crm = try org.crm(accountStatusField: "Tandem_Account__c")
        let results = await crm.write([
            CRMWrite(
                object: .contact, target: .update(id: contact), values: [:], stampExternalID: "acme:1",
                syncStatus: "Synced successfully", accountStatus: "Synced"),
            CRMWrite(object: .lead, target: .update(id: lead), values: [:], syncStatus: "Synced successfully"),
        ])
        #expect(results.allSatisfy { $0.failure == nil })
        let written = await org.sandbox.record("Contact", id: contact)
        #expect(written?["Tandem_Id__c"] == "acme:1" && written?["Tandem_Account__c"] == "Synced")
        #expect(written?["Tandem_Sync_Status__c"] == "Synced successfully" && written?["LastName"] == "Lee")
        #expect(await org.sandbox.record("Lead", id: lead)?["Tandem_Sync_Status__c"] == "Synced successfully")
    }

    @Test("OUT-5 a converted lead refuses a write with the vendor's own code")
    func convertedLead() async throws {
        let org = EmulatedOrg()
        let lead = try #require(await org.sandbox.insert("Lead", SandboxValue.person("Lee")))
        try #require(await org.sandbox.convertLead(lead) != nil)
        let results = try await org.crm().write([
            CRMWrite(object: .lead, target: .update(id: lead), values: [:], syncStatus: "Synced successfully")
        ])
        #expect(results.first?.failure?.code == "CANNOT_UPDATE_CONVERTED_LEAD")
        #expect(results.first?.failure?.errorClass == .permanent)
    }

    @Test("MAP-4 accounts and opportunities have no field of Tandem's own and are written by id")
    func otherObjects() async throws {
        let org = EmulatedOrg()
        let account = try #require(await org.sandbox.insert("Account", ["Name": "Acme"]))
        let write = CRMWrite(object: .account, target: .update(id: account), values: ["Phone": .text("555")])
        let keyed = CRMWrite(object: .account, target: .upsert(externalID: "acme:1"), values: ["Name": .text("B")])
        let results = try await org.crm().write([write, keyed])
        #expect(results.map { $0.failure?.errorClass } == [nil, .schema])
        #expect(await org.sandbox.record("Account", id: account)?["Phone"] == "555")
    }
}
