import Sandbox
import Synchronization
import Testing

/// Notes what is delivered and answers as told.
private final class Receiver: Sendable {
    let bodies = Mutex<[String]>([])
    let status: Int

    init(status: Int = 200) {
        self.status = status
    }

    var delivery: WebhookDelivery {
        { _, body, _ in
            self.bodies.withLock { $0.append(String(decoding: body, as: UTF8.self)) }
            return self.status
        }
    }
}

@Suite("ActiveCampaign emulator: webhooks")
struct WebhookTests {
    private func subscribe(
        _ client: ActiveCampaignClient, events: [String] = ["subscribe", "update", "contact_tag_added", "contact_tag_removed"],
        sources: [String] = ["public", "admin", "api", "system"]
    ) async -> SandboxResponse {
        await client.send(
            "POST", "/webhooks",
            [
                "webhook": [
                    "name": "sync", "url": "https://hook.test/s", "events": .array(events.map { .string($0) }),
                    "sources": .array(sources.map { .string($0) }),
                ]
            ])
    }

    private func pairs(_ hook: PendingWebhook?) -> [String: String] {
        var pairs: [String: String] = [:]
        for pair in String(decoding: hook?.body ?? [], as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(decode)
            if parts.count == 2 { pairs[parts[0]] = parts[1] }
        }
        return pairs
    }

    private func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let decoded = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(decoded)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("an update tells the whole contact under bracket keys with field ids")
    func update() async {
        let client = ActiveCampaignClient()
        #expect(await subscribe(client).status == 201)
        for number in 1...3 { await client.sandbox.addField("Field \(number)") }
        let id =
            await client.sandbox.createContact(.init(email: "zoë@acme.test", account: "Acme & Co", tags: ["vip", "crm"])) ?? ""
        await client.sandbox.editContact(id, from: .public) {
            $0.firstName = "Zoë"
            $0.fields["3"] = "||Red||Blue||"
        }
        let sent = await client.sandbox.pendingWebhooks()
        #expect(sent.count == 2)
        #expect(pairs(sent.first)["type"] == "subscribe")
        let body = pairs(sent.last)
        #expect(sent.last?.contentType == "application/x-www-form-urlencoded")
        #expect(body["type"] == "update")
        #expect(body["initiated_from"] == "public")
        #expect(body["date_time"] == "2026-09-21T09:13:20-05:00")
        #expect(body["contact[first_name]"] == "Zoë")
        #expect(body["contact[fields][3]"] == "||Red||Blue||")
        #expect(body["contact[tags]"] == "vip, crm")
        #expect(body["contact[orgname]"] == "Acme & Co")
        #expect(body["list"] == "0")
    }

    @Test("a tag set through the API is told as such, once, by name and without fields")
    func tagThroughAPI() async {
        let client = ActiveCampaignClient()
        _ = await subscribe(client)
        let field = await client.sandbox.addField("Tier")
        await client.sandbox.importContacts([.init(email: "a@b.test", fields: [field: "Gold"])])
        _ = await client.send("POST", "/tags", ["tag": ["tag": "vip"]])
        for _ in 0..<2 { _ = await client.send("POST", "/contactTags", ["contactTag": ["contact": "1", "tag": "1"]]) }
        let sent = await client.sandbox.pendingWebhooks()
        #expect(sent.count == 1)
        let body = pairs(sent.first)
        #expect(body["type"] == "contact_tag_added")
        #expect(body["tag"] == "vip")
        #expect(body["initiated_from"] == "api")
        #expect(!body.keys.contains { $0.hasPrefix("contact[fields]") })
    }

    @Test("a hook without the api source, or without the event, hears nothing of it")
    func filters() async {
        let client = ActiveCampaignClient()
        _ = await subscribe(client, events: ["update"], sources: ["admin"])
        _ = await client.send("POST", "/contact/sync", ["contact": ["email": "a@b.test"]])
        _ = await client.send("PUT", "/contacts/1", ["contact": ["phone": "1"]])
        #expect(await client.sandbox.pendingWebhooks().isEmpty)
        await client.sandbox.editContact("1") { $0.phone = "2" }
        #expect(await client.sandbox.pendingWebhooks().count == 1)
    }

    @Test("an unknown event is refused, a removed hook is silent")
    func management() async {
        let client = ActiveCampaignClient()
        #expect(await subscribe(client, events: ["contact_delete"]).status == 422)
        _ = await subscribe(client)
        #expect(await client.send("GET", "/webhooks").json?["meta"]?["total"] == "1")
        #expect(await client.send("GET", "/webhook/events").json?["meta"]?["total"] == 25)
        #expect(await client.send("DELETE", "/webhooks/1").status == 200)
        #expect(await client.send("GET", "/webhooks/1").status == 404)
        await client.sandbox.createContact(.init(email: "a@b.test"))
        #expect(await client.sandbox.pendingWebhooks().isEmpty)
    }

    @Test("an automation's Webhook step has no type and keys fields by tag, an app action is JSON with the contact's id")
    func automation() async {
        let client = ActiveCampaignClient()
        let field = await client.sandbox.addField("Favourite colour")
        let id = await client.sandbox.createContact(.init(email: "a@b.test", fields: [field: "Red"])) ?? ""
        await client.sandbox.runAutomation(7, contact: id, step: .webhook(url: "https://hook.test/w"))
        await client.sandbox.runAutomation(
            contact: id, step: .action(url: "https://hook.test/a", name: "create-contact", choice: nil))
        let sent = await client.sandbox.pendingWebhooks()
        let step = pairs(sent.first)
        #expect(step["type"] == nil)
        #expect(step["date_time"] == nil)
        #expect(step["contact[fields][favourite_colour]"] == "Red")
        #expect(step["seriesid"] == "7")
        let action = sent.last.flatMap { SandboxValue(json: $0.body) }
        #expect(action?["action"] == "create-contact")
        #expect(action?["data"]?["contact_id"]?.text == id)
    }

    @Test("each is sent once, whatever the answer", arguments: [(200, 3, 0), (500, 0, 3), (0, 0, 3)])
    func delivery(status: Int, delivered: Int, failed: Int) async {
        let receiver = Receiver(status: status)
        let client = ActiveCampaignClient { $0.deliver = receiver.delivery }
        _ = await subscribe(client)
        for number in 0..<3 { await client.sandbox.createContact(.init(email: "\(number)@b.test")) }
        let result = await client.sandbox.deliverPending(concurrency: 2)
        #expect(result.delivered == delivered)
        #expect(result.failed == failed)
        #expect(receiver.bodies.withLock { $0.count } == 3)
        #expect(await client.sandbox.deliverPending().failed == 0)
    }

    @Test("410 switches the hook off")
    func gone() async {
        let receiver = Receiver(status: 410)
        let client = ActiveCampaignClient { $0.deliver = receiver.delivery }
        _ = await subscribe(client)
        for number in 0..<3 { await client.sandbox.createContact(.init(email: "\(number)@b.test")) }
        _ = await client.sandbox.deliverPending()
        await client.sandbox.createContact(.init(email: "x@b.test"))
        _ = await client.sandbox.deliverPending()
        #expect(receiver.bodies.withLock { $0.count } == 1)
    }

    @Test("what a contact gets of a campaign and does with it is told with the campaign, at the time it happened")
    func campaignEvents() async {
        let client = ActiveCampaignClient()
        _ = await subscribe(client, events: ["sent", "open", "click", "reply"], sources: ["public", "system"])
        await client.sandbox.importContacts([.init(email: "ann@acme.test", account: "Acme")])
        let campaign = await client.sandbox.addCampaign("Spring news", subject: "Spring is here")
        #expect(await client.sandbox.tell(.sent, of: campaign, contact: "1", secondsAgo: 3600))
        await client.sandbox.tell(.opened, of: campaign, contact: "1")
        for page in ["a", "b", "a"] {
            await client.sandbox.tell(.clicked("https://acme.test/\(page)?x=1&y=2"), of: campaign, contact: "1")
        }
        await client.sandbox.tell(.replied("Call me,\nplease"), of: campaign, contact: "1")
        #expect(await client.sandbox.tell(.sent, of: campaign, contact: "2") == false)
        #expect(await client.sandbox.tell(.sent, of: "99", contact: "1") == false)

        let sent = await client.sandbox.pendingWebhooks().map { pairs($0) }
        #expect(sent.map { $0["type"] } == ["sent", "open", "click", "click", "click", "reply"])
        #expect(sent.allSatisfy { $0["contact[id]"] == "1" && $0["campaign[id]"] == campaign && $0["orgname"] == "Acme" })
        #expect(sent[0]["date_time"] == "2026-09-21T08:13:20-05:00" && sent[0]["initiated_from"] == "system")
        #expect(sent[1]["date_time"] == "2026-09-21T09:13:20-05:00" && sent[1]["initiated_from"] == "public")
        #expect(sent[1]["campaign[name]"] == "Spring news" && sent[1]["campaign[message][subject]"] == "Spring is here")
        #expect(sent[1]["campaign[webcopy_url]"]?.hasPrefix("https://") == true && sent[1]["link[id]"] == nil)
        #expect(sent[2...4].map { $0["link[id]"] } == ["1", "2", "1"])
        #expect(sent[3]["link[url]"] == "https://acme.test/b?x=1&y=2")
        #expect(sent[5]["message"] == "Call me,\nplease" && sent[5]["campaign[name]"] == nil)
    }

    private static let accountEvents = ["account_add", "account_update", "account_contact_add"]

    @Test("an account is told with every custom field, those without a value without an id")
    func account() async {
        let client = ActiveCampaignClient()
        for (label, type) in [("Seats", "number"), ("Since", "date"), ("Regions", "multiselect"), ("Note", "text")] {
            await client.sandbox.addAccountField(label, type: type)
        }
        #expect(await subscribe(client, events: Self.accountEvents).status == 201)
        let values: SandboxValue = [
            ["customFieldId": 1, "fieldValue": 18], ["customFieldId": 2, "fieldValue": "2026-02-28"],
            ["customFieldId": 3, "fieldValue": ["EU", "US"]],
        ]
        _ = await client.send(
            "POST", "/accounts", ["account": ["name": "Acme", "accountUrl": "https://acme.test", "fields": values]])
        let body = pairs(await client.sandbox.pendingWebhooks().last)
        #expect(body["type"] == "account_add" && body["initiated_from"] == "api" && body["list"] == "0")
        #expect(body["account[id]"] == "1" && body["account[name]"] == "Acme")
        #expect(body["account[account_url]"] == "https://acme.test")
        #expect(body["account[created_timestamp]"] == "2026-09-21 09:13:20")
        #expect(body["account[fields][0][id]"] == "1" && body["account[fields][0][value]"] == "18.000")
        #expect(body["account[fields][1][key]"] == "Since" && body["account[fields][1][value]"] == "2026-02-28 00:00:00")
        #expect(body["account[fields][2][value][0]"] == "EU" && body["account[fields][2][value][1]"] == "US")
        #expect(body["account[fields][3][id]"] == nil && body["account[fields][3][value]"] == "")
        #expect(!body.keys.contains { $0.hasPrefix("contact") })
    }

    @Test("a change of an account tells what changed, by whom")
    func accountUpdate() async {
        let client = ActiveCampaignClient()
        let field = await client.sandbox.addAccountField("Region")
        let id = await client.sandbox.createAccount(.init(name: "Acme")) ?? ""
        _ = await subscribe(client, events: Self.accountEvents)
        await client.sandbox.editAccount(id, from: .public) {
            $0.name = "Acme Ltd."
            $0.fields[field] = "EU"
        }
        let body = pairs(await client.sandbox.pendingWebhooks().last)
        #expect(body["type"] == "account_update" && body["initiated_from"] == "public")
        #expect(body["updated_fields[0]"] == "name" && body["updated_fields[1]"] == "Region")
        #expect(body["account[fields][0][value]"] == "EU")
    }

    @Test("joining an account tells the ids; the contact's own webhooks then name the account")
    func accountContact() async {
        let client = ActiveCampaignClient()
        _ = await subscribe(client, events: Self.accountEvents + ["update"])
        await client.sandbox.importContacts([.init(email: "ann@acme.test")])
        await client.sandbox.editContact("1") { $0.account = "Acme" }
        let sent = await client.sandbox.pendingWebhooks().map { pairs($0) }
        #expect(sent.map { $0["type"] } == ["account_add", "account_contact_add", "update"])
        #expect(sent[1]["accountContact[contact]"] == "1" && sent[1]["accountContact[account]"] == "1")
        #expect(sent[2]["contact[customer_acct_name]"] == "Acme" && sent[2]["orgname"] == "Acme")
        #expect(sent[2]["customer_acct_id"] == "1")
    }
}
