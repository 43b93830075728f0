import Sandbox
import Testing

@Suite("ActiveCampaign emulator: campaigns and automations")
struct ActiveCampaignActionTests {
    private func names(_ client: ActiveCampaignClient, _ list: String, _ query: String) async -> [String] {
        let rows = await client.send("GET", "/\(list)", query: query).json?[list]?.array ?? []
        return rows.compactMap { $0["name"]?.text }
    }

    @Test("ACT-3 lists are filtered by label, the case of which counts where the account says so", arguments: [false, true])
    func labels(matchCase: Bool) async {
        let client = ActiveCampaignClient { $0.labelsMatchCase = matchCase }
        await client.sandbox.addCampaign("Welcome", labels: ["News", "salesforce"])
        await client.sandbox.addCampaign("Plain")
        await client.sandbox.addAutomation("Nurture", labels: ["SALESFORCE"])
        await client.sandbox.addAutomation("Other", labels: ["Sales"])
        let asked = "filters%5Blabel_name%5D=Salesforce"
        #expect(await names(client, "campaigns", asked) == (matchCase ? [] : ["Welcome"]))
        #expect(await names(client, "automations", asked) == (matchCase ? [] : ["Nurture"]))
        #expect(await names(client, "campaigns", "filters%5Blabel_name%5D=salesforce") == ["Welcome"])
    }

    @Test("a misspelt filter is ignored, a page has 20 rows unless told, and the total is text")
    func lists() async {
        let client = ActiveCampaignClient()
        for number in 1...25 { await client.sandbox.addCampaign("c\(number)", labels: ["Salesforce"]) }
        let page = await client.send("GET", "/campaigns", query: "filters%5Blabel%5D=x").json
        #expect(page?["campaigns"]?.array?.count == 20)
        #expect(page?["meta"]?["total"] == "25")
        #expect(await names(client, "campaigns", "limit=100&offset=20").count == 5)
    }

    @Test("a PATCH of a campaign answers 200 and changes nothing")
    func patch() async {
        let client = ActiveCampaignClient()
        let id = await client.sandbox.addCampaign("Welcome")
        #expect(await client.send("PATCH", "/campaigns/\(id)", ["campaign": ["name": "Bye"]]).status == 200)
        #expect(await client.send("GET", "/campaigns/\(id)").json?["campaign"]?["name"] == "Welcome")
    }

    private func sendV1(_ client: ActiveCampaignClient, _ change: (inout [String: String]) -> Void = { _ in }) async
        -> SandboxResponse
    {
        var parameters = [
            "api_action": "campaign_send", "api_key": "sandbox-api-token", "api_output": "json", "email": "ann%40acme.test",
            "campaignid": "1", "messageid": "0", "type": "mime", "action": "send",
        ]
        change(&parameters)
        let query = parameters.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        let reply = await client.sandbox.reply(to: SandboxRequest(method: "GET", path: "/admin/api.php", query: query))
        guard case .answer(let response) = reply else { return SandboxResponse(status: 0) }
        return response
    }

    @Test("ACT-3 v1 sends a campaign to one contact each time it is asked to")
    func sends() async {
        let client = ActiveCampaignClient()
        let campaign = await client.sandbox.addCampaign("Welcome")
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test")) ?? ""
        for _ in 1...2 { #expect(await sendV1(client).json?["result_code"] == 1) }
        #expect(await client.sandbox.timesSent(campaign: campaign, to: ann) == 2)
        #expect(await client.sandbox.counters().calls == ["GET /admin/api.php": 2])
        #expect(await sendV1(client) { $0["api_output"] = "xml" }.json == nil)
    }

    @Test(
        "v1 refuses with 200 and a result code",
        arguments: [
            ("api_key", "wrong"), ("email", "nobody%40acme.test"), ("campaignid", "9"), ("action", "x"), ("type", "x"),
            ("api_action", "x"),
        ])
    func refusals(parameter: String, value: String) async {
        let client = ActiveCampaignClient()
        let campaign = await client.sandbox.addCampaign("Welcome")
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test")) ?? ""
        let answer = await sendV1(client) { $0[parameter] = value }
        #expect(answer.status == 200 && answer.json?["result_code"] == 0)
        #expect(await client.sandbox.timesSent(campaign: campaign, to: ann) == 0)
    }

    private func enter(_ client: ActiveCampaignClient, _ contact: String, _ automation: String) async -> SandboxResponse {
        let body: SandboxValue = ["contactAutomation": ["contact": .string(contact), "automation": .string(automation)]]
        return await client.send("POST", "/contactAutomations", body)
    }

    @Test("ACT-3 a contact enters an active automation, a second time only where that is allowed", arguments: [false, true])
    func enters(takesAgain: Bool) async {
        let client = ActiveCampaignClient()
        let automation = await client.sandbox.addAutomation("Nurture", takesAgain: takesAgain)
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test")) ?? ""
        let first = await enter(client, ann, automation)
        #expect(first.status == 201 && first.json?["contactAutomation"]?["seriesid"] == .string(automation))
        let second = await enter(client, ann, automation)
        #expect(second.status == (takesAgain ? 201 : 403))
        #expect(await client.sandbox.timesEntered(automation: automation, by: ann) == (takesAgain ? 2 : 1))
    }

    @Test("nobody enters an automation that is not active or does not exist, and nobody unknown enters one")
    func entryRefused() async {
        let client = ActiveCampaignClient()
        let resting = await client.sandbox.addAutomation("Resting", isActive: false)
        let active = await client.sandbox.addAutomation("Nurture")
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test")) ?? ""
        for (contact, automation) in [(ann, resting), (ann, "77"), ("77", active)] {
            let answer = await enter(client, contact, automation)
            #expect(answer.status == 403 && answer.json?["message"] == "Could not create SubscriberSeries")
        }
    }

    @Test("entries are listed by contact and by automation, and can be ended")
    func entries() async {
        let client = ActiveCampaignClient()
        let automations = [await client.sandbox.addAutomation("A"), await client.sandbox.addAutomation("B")]
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test")) ?? ""
        let bob = await client.sandbox.createContact(.init(email: "bob@acme.test")) ?? ""
        for automation in automations { _ = await enter(client, ann, automation) }
        _ = await enter(client, bob, automations[1])
        let ofAnn = await client.send("GET", "/contacts/\(ann)/contactAutomations").json?["contactAutomations"]?.array
        #expect(ofAnn?.compactMap { $0["automation"]?.text } == automations)
        let query = "filters%5Bseriesid%5D=\(automations[1])&filters%5Bsubscriberid%5D=\(bob)"
        let found = await client.send("GET", "/contactAutomations", query: query).json?["contactAutomations"]
        #expect(found?.array?.count == 1 && found?[0]?["contact"] == .string(bob))
        let entry = found?[0]?["id"]?.text ?? ""
        #expect(await client.send("DELETE", "/contactAutomations/\(entry)").status == 200)
        #expect(await client.send("DELETE", "/contactAutomations/\(entry)").status == 403)
        #expect(await client.sandbox.timesEntered(automation: automations[1], by: bob) == 0)
    }
}
