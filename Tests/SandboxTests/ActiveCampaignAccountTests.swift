import Sandbox
import Testing

@Suite("ActiveCampaign emulator: accounts")
struct ActiveCampaignAccountTests {
    private func create(_ client: ActiveCampaignClient, _ name: String, _ more: [String: SandboxValue] = [:]) async
        -> SandboxResponse
    {
        await client.send("POST", "/accounts", ["account": .object(more.merging(["name": .string(name)]) { $1 })])
    }

    private func associate(_ client: ActiveCampaignClient, contact: String, account: String) async -> SandboxResponse {
        await client.send(
            "POST", "/accountContacts", ["accountContact": ["contact": .string(contact), "account": .string(account)]])
    }

    @Test("MAP-4 an account is created, found by a part of its name, changed in part and deleted")
    func lifecycle() async {
        let client = ActiveCampaignClient()
        let made = await create(client, "Acme Inc.", ["accountUrl": "https://acme.test"])
        #expect(made.status == 201 && made.json?["account"]?["id"] == "1")
        #expect(made.json?["account"]?["createdTimestamp"] == "2026-09-21T09:13:20-05:00")
        _ = await create(client, "Globex")
        let found = await client.send("GET", "/accounts", query: "search=ACME").json
        #expect(found?["meta"]?["total"] == "1" && found?["accounts"]?[0]?["name"] == "Acme Inc.")
        #expect(await client.send("GET", "/accounts", query: "name=Acme").json?["meta"]?["total"] == "2")
        client.clock.advance(seconds: 60)
        let changed = await client.send("PUT", "/accounts/1", ["account": ["name": "Acme Ltd."]]).json?["account"]
        #expect(changed?["accountUrl"] == "https://acme.test" && changed?["updatedTimestamp"] == "2026-09-21T09:14:20-05:00")
        #expect(await client.send("DELETE", "/accounts/1").json == [:])
        #expect(await client.send("GET", "/accounts/1").status == 404)
        #expect(await create(client, "Acme Ltd.").json?["account"]?["id"] == "3")
    }

    @Test("a name is unique whatever its case, and needed")
    func names() async {
        let client = ActiveCampaignClient()
        _ = await create(client, "Acme")
        _ = await create(client, "Globex")
        #expect(await create(client, "ACME").json?["errors"]?[0]?["code"] == "duplicate")
        #expect(await create(client, "").json?["errors"]?[0]?["code"] == "field_missing")
        let taken = await client.send("PUT", "/accounts/2", ["account": ["name": "acme"]])
        #expect(taken.status == 422 && taken.json?["errors"]?[0]?["code"] == "duplicate")
        #expect(await client.send("PUT", "/accounts/2", ["account": ["name": "GLOBEX"]]).status == 200)
        #expect(await client.sandbox.accounts().values.map(\.name).sorted() == ["Acme", "GLOBEX"])
    }

    @Test("a contact belongs to one account, whose name it shows")
    func membership() async {
        let client = ActiveCampaignClient()
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test")) ?? ""
        _ = await create(client, "Acme")
        _ = await create(client, "Globex")
        let made = await associate(client, contact: ann, account: "1")
        #expect(made.status == 201 && made.json?["accountContact"]?["id"] == "1")
        let again = await associate(client, contact: ann, account: "2")
        #expect(again.status == 422 && again.json?["errors"]?[0]?["code"] == "field_invalid")
        let shown = await client.send("GET", "/contacts/\(ann)").json
        #expect(shown?["contact"]?["orgname"] == "Acme" && shown?["contact"]?["orgid"] == "1")
        #expect(shown?["accountContacts"]?[0]?["account"] == "1")
        _ = await client.send("PUT", "/accounts/1", ["account": ["name": "Acme Ltd."]])
        #expect(await client.sandbox.person(id: ann)?.account == "Acme Ltd.")

        let filtered = await client.send("GET", "/accountContacts", query: "filters[contact]=\(ann)").json
        #expect(filtered?["accountContacts"]?.array?.count == 1)
        #expect(await client.send("GET", "/accountContacts", query: "filters[account]=2").json?["accountContacts"] == [])
        #expect(await client.send("DELETE", "/accountContacts/1").status == 200)
        #expect(await associate(client, contact: ann, account: "2").status == 201)
        #expect(await client.sandbox.person(id: ann)?.account == "Globex")
        for (contact, account) in [("99", "1"), (ann, "99")] {
            #expect(await associate(client, contact: contact, account: account).status == 422)
        }
    }

    @Test("with its contact or its account an association goes as well")
    func endings() async {
        let client = ActiveCampaignClient()
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test", account: "Acme")) ?? ""
        let bob = await client.sandbox.createContact(.init(email: "bob@acme.test", account: "acme")) ?? ""
        #expect(await client.sandbox.accounts()["1"]?.contacts == [ann, bob])
        await client.sandbox.editContact(bob) { $0.account = "ACME" }
        #expect(await client.send("GET", "/accountContacts/2").status == 200)
        await client.sandbox.deleteContact(ann)
        #expect(await client.send("GET", "/accounts/1").json?["account"]?["contactCount"] == "1")
        await client.sandbox.deleteAccount("1")
        #expect(await client.sandbox.person(id: bob)?.account == "")
        #expect(await client.send("GET", "/accountContacts").json?["accountContacts"] == [])
    }

    @Test("custom fields are made with 200 and paged without a total; their values are rows of their own")
    func fields() async {
        let client = ActiveCampaignClient()
        let meta: SandboxValue = [
            "accountCustomFieldMetum": ["fieldLabel": "Region", "fieldType": "dropdown", "fieldOptions": ["EU", "US"]]
        ]
        let made = await client.send("POST", "/accountCustomFieldMeta", meta)
        #expect(made.status == 200 && made.json?["accountCustomFieldMetum"]?["id"] == "1")
        _ = await client.sandbox.addAccountField("Revenue", type: "currency")
        let list = await client.send("GET", "/accountCustomFieldMeta").json
        #expect(list?["accountCustomFieldMeta"]?.array?.count == 2 && list?["meta"] == nil)
        let bad = await client.send("POST", "/accountCustomFieldMeta", ["accountCustomFieldMetum": ["fieldLabel": "x"]])
        #expect(bad.status == 422 && bad.json?["errors"]?[0]?["code"] == 422)

        let values: SandboxValue = [
            ["customFieldId": 1, "fieldValue": "EU"], ["customFieldId": 2, "fieldValue": 4500, "fieldCurrency": "USD"],
            ["customFieldId": 9, "fieldValue": "nobody's"],
        ]
        #expect(await create(client, "Acme", ["fields": values]).status == 201)
        _ = await create(client, "Globex", ["fields": [["customFieldId": 1, "fieldValue": "US"]]])
        let data = await client.send("GET", "/accountCustomFieldData", query: "filters[customerAccountId]=1").json?[
            "accountCustomFieldData"]
        #expect(data?.array?.map { $0["fieldValue"] } == ["EU", 4500])
        #expect(data?[1]?["fieldCurrency"] == "USD" && data?[1]?["customFieldId"] == "2")
        _ = await client.send("PUT", "/accountCustomFieldData/1", ["accountCustomFieldDatum": ["fieldValue": "US"]])
        #expect(await client.sandbox.accounts()["1"]?.fields == ["1": "US", "2": 4500])
        let malformed = await client.send("PUT", "/accounts/1", ["account": ["fields": [["id": 1, "value": "x"]]]])
        #expect(malformed.status == 422)
    }

    @Test("values in bulk are all written or none")
    func bulkFields() async {
        let client = ActiveCampaignClient()
        let field = await client.sandbox.addAccountField("Region")
        let account = await client.sandbox.createAccount(.init(name: "Acme")) ?? ""
        let good: SandboxValue = ["accountId": .string(account), "customFieldId": .string(field), "fieldValue": "EU"]
        let bad: SandboxValue = ["accountId": "9", "customFieldId": .string(field), "fieldValue": "EU"]
        #expect(await client.send("POST", "/accountCustomFieldData/bulkCreate", [good, bad]).status == 422)
        #expect(await client.sandbox.accounts()[account]?.fields == [:])
        #expect(await client.send("POST", "/accountCustomFieldData/bulkCreate", [good]).json?["message"]?.text != nil)
        #expect(await client.sandbox.accounts()[account]?.fields == [field: "EU"])
    }

    @Test(
        "a plan without accounts answers 403, and a contact keeps its company's name as text",
        arguments: ["/accounts", "/accountContacts", "/accountCustomFieldMeta", "/accountCustomFieldData"])
    func lowerPlan(path: String) async {
        let client = ActiveCampaignClient { $0.hasAccounts = false }
        #expect(await client.send("GET", path).status == 403)
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test", account: "Acme")) ?? ""
        #expect(await client.send("GET", "/contacts/\(ann)").json?["contact"]?["orgname"] == "Acme")
        #expect(await client.sandbox.accounts().isEmpty)
    }
}
