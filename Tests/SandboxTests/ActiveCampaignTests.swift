import Sandbox
import Testing

/// Talks to an emulated account as a client would, without a socket.
struct ActiveCampaignClient {
    let sandbox: ActiveCampaignSandbox
    let clock: HandClock

    init(_ change: (inout ActiveCampaignOptions) -> Void = { _ in }) {
        let clock = HandClock()
        var options = ActiveCampaignOptions(clock: { clock.now })
        options.requestsPerSecond = nil
        change(&options)
        sandbox = ActiveCampaignSandbox(options: options)
        self.clock = clock
    }

    func send(
        _ method: String, _ path: String, query: String = "", _ body: SandboxValue? = nil, token: String = "sandbox-api-token"
    ) async -> SandboxResponse {
        let request = SandboxRequest(
            method: method, path: "/api/3" + path, query: query, headers: ["api-token": token], body: body?.json() ?? [])
        guard case .answer(let response) = await sandbox.reply(to: request) else { return SandboxResponse(status: 0) }
        return response
    }
}

@Suite("ActiveCampaign emulator: API v3")
struct ActiveCampaignTests {
    @Test("a wrong key is 403, another path leads to the login page")
    func access() async {
        let client = ActiveCampaignClient()
        #expect(await client.send("GET", "/users/me").json?["user"]?["id"] == "1")
        #expect(await client.send("GET", "/users/me", token: "wrong").status == 403)
        let elsewhere = await client.sandbox.reply(to: SandboxRequest(method: "GET", path: "/v3/contacts"))
        guard case .answer(let page) = elsewhere, page.status == 301 else {
            Issue.record("\(elsewhere)")
            return
        }
    }

    @Test("OUT-9 the sixth request within a second gets 429 with its headers, a second later it passes")
    func rateLimit() async {
        let client = ActiveCampaignClient { $0.requestsPerSecond = 5 }
        for _ in 0..<5 { #expect(await client.send("GET", "/users/me").status == 200) }
        let refused = await client.send("GET", "/users/me")
        #expect(refused.status == 429)
        #expect(refused.headers["retry-after"] == "30")
        #expect(refused.headers["ratelimit-limit"] == "5")
        #expect(refused.headers["ratelimit-remaining"] == "0")
        client.clock.advance(seconds: 1)
        #expect(await client.send("GET", "/users/me").status == 200)
        #expect(await client.sandbox.counters().apiCalls == 6)
    }

    @Test("sync creates with 201 and changes with 200, whatever the case of the address")
    func sync() async {
        let client = ActiveCampaignClient()
        let field = await client.sandbox.addField("Tier")
        let body: SandboxValue = [
            "contact": [
                "email": "Ann@Acme.test", "firstName": "Ann", "fieldValues": [["field": .string(field), "value": "Gold"]],
            ]
        ]
        let created = await client.send("POST", "/contact/sync", body)
        #expect(created.status == 201)
        let changed = await client.send("POST", "/contact/sync", ["contact": ["email": "ann@acme.TEST", "lastName": "Lee"]])
        #expect(changed.status == 200)
        #expect(changed.json?["contact"]?["id"] == created.json?["contact"]?["id"])
        let read = await client.send("GET", "/contacts/1").json
        #expect(read?["contact"]?["firstName"] == "Ann")
        #expect(read?["contact"]?["lastName"] == "Lee")
        #expect(read?["fieldValues"]?[0]?["value"] == "Gold")
        #expect(await client.send("POST", "/contacts", body).json?["errors"]?[0]?["code"] == "duplicate")
    }

    @Test("a field value under the wrong name crashes with 500 and has no effect")
    func malformedFieldValue() async {
        let client = ActiveCampaignClient()
        let body: SandboxValue = ["contact": ["email": "a@b.test", "fieldValues": [["id": "1", "value": "x"]]]]
        #expect(await client.send("POST", "/contacts", body).status == 500)
        #expect(await client.sandbox.count() == 0)
    }

    @Test("PUT changes the address, but not to one that is taken")
    func changeEmail() async {
        let client = ActiveCampaignClient()
        let ann = await client.sandbox.createContact(.init(email: "ann@acme.test")) ?? ""
        await client.sandbox.createContact(.init(email: "bob@acme.test"))
        #expect(await client.send("PUT", "/contacts/\(ann)", ["contact": ["email": "bob@acme.test"]]).status == 422)
        #expect(await client.send("PUT", "/contacts/\(ann)", ["contact": ["email": "lee@acme.test"]]).status == 200)
        #expect(await client.send("GET", "/contacts", query: "email=lee%40acme.test").json?["meta"]?["total"] == "1")
        #expect(await client.send("GET", "/contacts", query: "email=ann%40acme.test").json?["meta"]?["total"] == "0")
        #expect(await client.send("GET", "/contacts/99").json?["message"] == "No Result found for Subscriber with id 99")
    }

    @Test("a misspelt filter is ignored and yields everything")
    func unknownParameters() async {
        let client = ActiveCampaignClient()
        await client.sandbox.importContacts((0..<30).map { .init(email: "p\($0)@acme.test") })
        let answer = await client.send("GET", "/contacts", query: "e-mail=p3@acme.test").json
        #expect(answer?["meta"]?["total"] == "30")
        #expect(answer?["contacts"]?.array?.count == 20)
    }

    @Test("contacts page by id", arguments: [1, 7, 100])
    func paging(limit: Int) async {
        let client = ActiveCampaignClient()
        await client.sandbox.importContacts((0..<130).map { .init(email: "p\($0)@acme.test") })
        var last = "0"
        var seen = 0
        while true {
            let page = await client.send("GET", "/contacts", query: "id_greater=\(last)&orders[id]=ASC&limit=\(limit)").json?[
                "contacts"]?.array
            guard let page, let end = page.last?["id"]?.text else { break }
            seen += page.count
            last = end
        }
        #expect(seen == 130)
    }

    @Test("fields come 20 a page unless told, each with its own options")
    func fields() async {
        let client = ActiveCampaignClient()
        for number in 0..<104 { await client.sandbox.addField("Field \(number)") }
        await client.sandbox.addField("Colour", type: "listbox", options: ["Red", "Blue"])
        let first = await client.send("GET", "/fields").json
        #expect(first?["fields"]?.array?.count == 20)
        #expect(first?["meta"]?["total"] == "105")
        #expect(await client.send("GET", "/fields", query: "limit=1000").json?["fields"]?.array?.count == 100)
        let last = await client.send("GET", "/fields", query: "limit=100&offset=100").json
        #expect(last?["fields"]?.array?.count == 5)
        #expect(last?["fieldOptions"]?.array?.compactMap { $0["value"]?.text } == ["Red", "Blue"])
        #expect(last?["fields"]?[4]?["perstag"] == "COLOUR")
        #expect(last?["fields"]?[0]?["id"]?.text != nil)
    }

    @Test("a tag can not be made twice in any case, and says so in its own way")
    func duplicateTag() async {
        let client = ActiveCampaignClient()
        #expect(await client.send("POST", "/tags", ["tag": ["tag": "vip", "tagType": "contact"]]).status == 201)
        let again = await client.send("POST", "/tags", ["tag": ["tag": "VIP", "tagType": "contact"]])
        #expect(again.json?["error"] == "Duplicate entry 'contact-VIP' for key 'typetag'")
        #expect(again.json?["errors"] == nil)
    }

    @Test("search finds what contains the text, the eq filter only the name itself")
    func tagSearch() async {
        let client = ActiveCampaignClient()
        for name in ["vip", "vip-2", "other"] { _ = await client.send("POST", "/tags", ["tag": ["tag": .string(name)]]) }
        #expect(await client.send("GET", "/tags", query: "search=vip").json?["meta"]?["total"] == "2")
        #expect(await client.send("GET", "/tags", query: "filters[search][eq]=VIP").json?["tags"]?.array?.count == 1)
        #expect(await client.send("GET", "/tags", query: "filter[search][eq]=VIP").json?["tags"]?.array?.count == 3)
    }

    @Test("tagging twice answers 201, then 200 with the same association, which is what untagging needs")
    func contactTags() async {
        let client = ActiveCampaignClient()
        let id = await client.sandbox.createContact(.init(email: "a@b.test")) ?? ""
        _ = await client.send("POST", "/tags", ["tag": ["tag": "vip"]])
        let body: SandboxValue = ["contactTag": ["contact": .string(id), "tag": 1]]
        let first = await client.send("POST", "/contactTags", body)
        let second = await client.send("POST", "/contactTags", body)
        #expect(first.status == 201)
        #expect(second.status == 200)
        #expect(first.json?["contactTag"]?["id"] == second.json?["contactTag"]?["id"])
        #expect(await client.send("GET", "/contacts/\(id)/contactTags").json?["contactTags"]?[0]?["tag"] == "1")
        #expect(await client.send("GET", "/tags/1").json?["tag"]?["subscriber_count"] == "1")
        #expect(await client.send("DELETE", "/contactTags/1").status == 200)
        #expect(await client.send("DELETE", "/contactTags/1").json?["message"] == "No Result found for SubscriberTag with id 1")
        #expect(await client.send("POST", "/contactTags", ["contactTag": ["contact": "9", "tag": "1"]]).status == 404)
        #expect(await client.send("POST", "/contactTags", ["contactTag": ["contact": .string(id)]]).status == 422)
    }

    @Test("dates carry the account's offset, and the ones called UTC are local all the same")
    func dates() async {
        let client = ActiveCampaignClient()
        await client.sandbox.createContact(.init(email: "a@b.test"))
        let contact = await client.send("GET", "/contacts/1").json?["contact"]
        #expect(contact?["cdate"] == "2026-09-21T09:13:20-05:00")
        #expect(contact?["created_utc_timestamp"] == "2026-09-21 09:13:20")
    }

    @Test("deleting a field deletes its values")
    func removeField() async {
        let client = ActiveCampaignClient()
        let field = await client.sandbox.addField("Tier")
        await client.sandbox.createContact(.init(email: "a@b.test", fields: [field: "Gold"]))
        #expect(await client.send("DELETE", "/fields/\(field)").status == 200)
        #expect(await client.send("GET", "/contacts/1/fieldValues").json?["fieldValues"] == [])
    }
}
