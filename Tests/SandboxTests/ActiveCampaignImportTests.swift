import Sandbox
import Testing

@Suite("ActiveCampaign emulator: bulk import")
struct ActiveCampaignImportTests {
    private func people(_ emails: [String]) -> SandboxValue {
        ["contacts": .array(emails.map { ["email": .string($0)] })]
    }

    private func send(_ client: ActiveCampaignClient, _ body: SandboxValue) async -> SandboxResponse {
        await client.send("POST", "/import/bulk_import", body)
    }

    private func info(_ client: ActiveCampaignClient, _ batch: SandboxValue?) async -> SandboxValue? {
        await client.send("GET", "/import/info", query: "batchId=\(batch?.text ?? "")").json
    }

    @Test("OUT-9 a batch waits until it is worked off, then tells ids and addresses")
    func lifecycle() async {
        let client = ActiveCampaignClient()
        let known = await client.sandbox.createContact(.init(email: "ann@acme.test", firstName: "Ann", phone: "1")) ?? ""
        let field = await client.sandbox.addField("Tier")
        let body: SandboxValue = [
            "contacts": [
                [
                    "email": "ANN@acme.test", "last_name": "Lee", "tags": ["vip", "crm"], "customer_acct_name": "Acme",
                    "fields": [["id": .integer(Int64(field) ?? 0), "value": "Gold"]],
                ],
                ["email": "bob@acme.test", "customer_acct_name": "ACME"], ["email": "not an address"], ["phone": "5"],
            ]
        ]
        let queued = await send(client, body)
        #expect(queued.status == 200 && queued.json?["Success"] == 1 && queued.json?["queued_contacts"] == 4)
        let batch = queued.json?["batchId"]
        #expect(await info(client, batch) == ["status": "waiting", "success": [], "failure": []])
        #expect(await client.sandbox.count() == 1)

        #expect(await client.sandbox.processImports() == 2)
        let done = await info(client, batch)
        #expect(done == ["status": "completed", "success": [.string(known), "2"], "failure": ["not an address", ""]])
        let ann = await client.sandbox.person(id: known)
        #expect(
            ann
                == .init(
                    email: "ann@acme.test", firstName: "Ann", lastName: "Lee", phone: "1", account: "Acme",
                    fields: [field: "Gold"],
                    tags: ["vip", "crm"]))
        #expect(await client.sandbox.accounts()["1"]?.contacts == ["1", "2"])
        #expect(await client.sandbox.processImports() == 0)
        #expect(await client.sandbox.counters().calls["POST /import/bulk_import"] == 1)
    }

    @Test("no webhook tells of an import, not even of the accounts and tags it makes")
    func silence() async {
        let client = ActiveCampaignClient()
        await client.sandbox.addHook(
            url: "https://hook.test/s",
            events: ["subscribe", "update", "contact_tag_added", "account_add", "account_contact_add"])
        let contact: SandboxValue = ["email": "a@b.test", "tags": ["vip"], "customer_acct_name": "Acme"]
        for _ in 0..<2 {
            _ = await send(client, ["contacts": [contact]])
            await client.sandbox.processImports()
        }
        #expect(await client.sandbox.pendingWebhooks().isEmpty)
        #expect(await client.sandbox.people()["1"]?.tags == ["vip"])
    }

    @Test("an excluded address is not queued and fails")
    func excluded() async {
        let client = ActiveCampaignClient()
        await client.sandbox.exclude(email: "Gone@acme.test")
        let queued = await send(client, people(["gone@acme.test", "ann@acme.test"])).json
        #expect(queued?["queued_contacts"] == 1)
        await client.sandbox.processImports()
        let done = await info(client, queued?["batchId"])
        #expect(done?["failure"] == ["gone@acme.test"] && done?["success"] == ["1"])
        #expect(await client.sandbox.contactID(email: "gone@acme.test") == nil)
    }

    @Test("with a delay the account works the batch off by itself, by its own clock")
    func delay() async {
        let client = ActiveCampaignClient { $0.importDelay = 5000 }
        let batch = await send(client, people(["ann@acme.test"])).json?["batchId"]
        client.clock.advance(seconds: 4)
        #expect(await info(client, batch)?["status"] == "waiting")
        client.clock.advance(seconds: 1)
        #expect(await info(client, batch)?["status"] == "completed")
    }

    @Test("a call with a malformed contact is refused whole, naming the contact")
    func malformed() async {
        let client = ActiveCampaignClient()
        let faulty: [SandboxValue] = [
            ["email": "b@b.test", "fields": [["id": "6", "value": "x"]]], ["email": "b@b.test", "fields": [["id": 6]]],
            ["email": "b@b.test", "tags": "vip"], "b@b.test",
        ]
        for contact in faulty {
            let answer = await send(client, ["contacts": [["email": "a@b.test"], contact]])
            #expect(answer.status == 400 && answer.json?["success"] == 0)
            #expect(answer.json?["failureReasons"]?[0]?["contact"] == 1)
            #expect(answer.json?["failureReasons"]?[0]?["failureReason"]?.text != nil)
        }
        #expect(await client.sandbox.processImports() == 0)
    }

    @Test("a call takes 250 contacts", arguments: [(0, 400), (1, 200), (250, 200), (251, 400)])
    func contactLimit(count: Int, status: Int) async {
        let client = ActiveCampaignClient()
        #expect(await send(client, people((0..<count).map { "p\($0)@acme.test" })).status == status)
    }

    @Test("a call takes 399,999 bytes", arguments: [(399_999, 200), (400_000, 400)])
    func byteLimit(bytes: Int, status: Int) async {
        let client = ActiveCampaignClient()
        func body(_ padding: Int) -> SandboxValue {
            ["contacts": [["email": "a@b.test", "first_name": .string(String(repeating: "x", count: padding))]]]
        }
        #expect(await send(client, body(bytes - body(0).json().count)).status == status)
    }

    @Test("the importer's own limit answers 400 with reasons as text, for a minute", arguments: [(1, 20), (2, 100)])
    func rate(contacts: Int, calls: Int) async {
        let client = ActiveCampaignClient()
        let body = people((0..<contacts).map { "p\($0)@acme.test" })
        for _ in 0..<calls { #expect(await send(client, body).status == 200) }
        let refused = await send(client, body)
        #expect(refused.status == 400 && refused.json?["message"] == "Rate limit exceeded.")
        #expect(refused.json?["failureReasons"]?[0]?.text != nil)
        #expect(await client.sandbox.counters().throttled == 1)
        #expect(await send(client, people((0..<(3 - contacts)).map { "q\($0)@acme.test" })).status == 200)
        client.clock.advance(seconds: 60)
        #expect(await send(client, body).status == 200)
    }

    @Test("what is outstanding is counted by day, as text; a batch must be named to be asked about")
    func overview() async {
        let client = ActiveCampaignClient()
        for emails in [["a@b.test", "b@b.test"], ["c@b.test"]] { _ = await send(client, people(emails)) }
        let outstanding: SandboxValue = [["forDate": "2026-09-21", "batches": "2", "contacts": "3"]]
        #expect(
            await client.send("GET", "/import/bulk_import").json == ["outstanding": outstanding, "recentlyCompleted": []])
        await client.sandbox.processImports()
        #expect(
            await client.send("GET", "/import/bulk_import").json == ["outstanding": [], "recentlyCompleted": outstanding])
        let unnamed = await client.send("GET", "/import/info")
        #expect(unnamed.status == 400 && unnamed.json?["message"] == "'batchId' is a required field.")
        #expect(await client.send("GET", "/import/info", query: "batchId=x").status == 400)
    }
}
