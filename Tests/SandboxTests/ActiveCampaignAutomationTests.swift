import Sandbox
import Testing

@Suite("ActiveCampaign emulator: writes and the automation after them")
struct ActiveCampaignAutomationTests {
    private func tidying() async -> ActiveCampaignClient {
        let client = ActiveCampaignClient { $0.automation = ActiveCampaignOptions.tidyingAutomation }
        await client.sandbox.addHook(url: "https://hook.test/s", events: ["subscribe", "update"])
        return client
    }

    private func sources(_ client: ActiveCampaignClient) async -> [String] {
        await client.sandbox.pendingWebhooks().map { hook in
            let pairs = String(decoding: hook.body, as: UTF8.self).split(separator: "&")
            return pairs.compactMap { $0.hasPrefix("initiated_from=") ? String($0.dropFirst(15)) : nil }.joined()
        }
    }

    @Test("each API write is tidied up by the system, which tells of it as its own")
    func afterAPI() async {
        let client = await tidying()
        let body: SandboxValue = ["contact": ["email": "ann@acme.test", "firstName": " ANN ", "phone": "+1 (555) 010-000"]]
        let answer = await client.send("POST", "/contact/sync", body)
        #expect(answer.json?["contact"]?["firstName"] == " ANN ")
        #expect(await client.sandbox.person(id: "1")?.firstName == "Ann")
        #expect(await client.sandbox.person(id: "1")?.phone == "+1 555 0100 00")
        #expect(await sources(client) == ["api", "system"])
        _ = await client.send("PUT", "/contacts/1", ["contact": ["lastName": "Lee"]])
        #expect(await sources(client) == ["api", "system", "api"])
    }

    @Test("each user's write is tidied up, and so is an import that does not leave automations out", arguments: [false, true])
    func afterOthers(excluded: Bool) async {
        let client = await tidying()
        let id = await client.sandbox.createContact(.init(email: "ann@acme.test", lastName: "Lee")) ?? ""
        await client.sandbox.editContact(id) { $0.lastName = "LEE-smith" }
        #expect(await client.sandbox.person(id: id)?.lastName == "Lee-smith")
        #expect(await sources(client) == ["admin", "admin", "system"])
        _ = await client.send(
            "POST", "/import/bulk_import",
            ["contacts": [["email": "ann@acme.test", "first_name": "ANN"]], "exclude_automations": .bool(excluded)])
        await client.sandbox.processImports()
        #expect(await client.sandbox.person(id: id)?.firstName == (excluded ? "ANN" : "Ann"))
    }

    @Test(
        "tidying twice changes nothing more",
        arguments: [("+1 555 010 000 12", "+1 555 0100 0012"), ("15550100", "15550100"), (" 5550100 ", "5550100"), ("", "")])
    func tidied(phone: String, expected: String) {
        let person = ActiveCampaignSandbox.Person(
            email: "a@b.test", firstName: "mary  ANN", lastName: " o'BRIEN ", phone: phone, fields: ["1": " x "])
        #expect(person.tidied.phone == expected)
        #expect(
            person.tidied.firstName == "Mary Ann" && person.tidied.lastName == "O'brien" && person.tidied.fields == ["1": "x"])
        #expect(person.tidied.tidied == person.tidied)
    }

    @Test("a creation is answered in few words, a change in full")
    func answers() async {
        let client = ActiveCampaignClient()
        let field = await client.sandbox.addField("Tier")
        let body: SandboxValue = [
            "contact": ["email": "a@b.test", "fieldValues": [["field": .string(field), "value": "Gold"]]]
        ]
        let made = await client.send("POST", "/contact/sync", body).json
        #expect(made?["contact"]?["id"] == "1" && made?["contact"]?["email_domain"] == nil)
        #expect(made?["contact"]?["fieldValues"] == ["1"] && made?["fieldValues"]?[0]?["value"] == "Gold")
        #expect(await client.send("POST", "/contact/sync", body).json?["contact"]?["email_domain"] == "b.test")
    }

    @Test("contacts are read a hundred at a time by id; who does not exist is missing")
    func byIDs() async {
        let client = ActiveCampaignClient()
        await client.sandbox.importContacts((0..<120).map { .init(email: "p\($0)@acme.test") })
        await client.sandbox.deleteContact("3")
        let ids = (1...100).map { String($0) }.joined(separator: ",")
        let page = await client.send("GET", "/contacts", query: "ids=\(ids)&limit=100").json?["contacts"]?.array
        #expect(page?.count == 99)
        #expect(page?.contains { $0["id"] == "3" } == false)
        #expect(await client.send("PUT", "/contacts/3", ["contact": ["phone": "1"]]).status == 404)
    }

    @Test("OUT-9 refusals for haste are counted, those that a fault plays are not")
    func throttled() async {
        let client = ActiveCampaignClient {
            $0.requestsPerSecond = 2
            $0.faults = FaultPlan(rules: [.init(.throttled, limit: 1)])
        }
        var seen: [Int] = []
        for _ in 0..<4 { seen.append(await client.send("GET", "/users/me").status) }
        #expect(seen == [429, 200, 200, 429])
        #expect(await client.sandbox.counters().throttled == 1)
    }
}
