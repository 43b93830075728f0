/// A webhook waiting to be sent.
public struct PendingWebhook: Sendable, Hashable {
    public var url: String
    public var contentType: String
    public var body: [UInt8]
    /// The hook it belongs to; `nil` for an automation's step.
    var hook: Int?
}

/// Webhooks: their management, what they say, and sending them.
extension ActiveCampaignSandbox {
    /// The events the vendor lists.
    static let events = [
        "bounce", "click", "contact_tag_added", "contact_tag_removed", "deal_add", "deal_note_add", "deal_pipeline_add",
        "deal_stage_add", "deal_task_add", "deal_task_complete", "deal_tasktype_add", "deal_update", "forward", "list_add",
        "open",
        "reply", "sent", "share", "sms_reply", "sms_sent", "sms_unsub", "subscribe", "subscriber_note", "unsubscribe", "update",
    ]

    /// Events a hook may ask for besides those listed.
    static let unlistedEvents: Set<String> = [
        "account_add", "account_update", "account_contact_add", "account_contact_update", "contact_task_add",
    ]

    // MARK: Management

    func webhooks(_ call: ActiveCampaignCall) -> SandboxResponse {
        if call.path == ["webhook", "events"], call.method == "GET" {
            let names = Self.events.map { SandboxValue.string($0) }
            return .json(200, ["webhookEvents": .array(names), "meta": ["total": .integer(Int64(names.count))]])
        }
        guard call.path.first == "webhooks" else { return ActiveCampaignError.noRoute }
        if call.path.count == 1 {
            return call.method == "POST"
                ? createHook(call) : (call.method == "GET" ? listHooks(call) : ActiveCampaignError.noRoute)
        }
        guard let id = call.id, let hook = account.hooks[id] else { return ActiveCampaignError.notFound("Webhook", call.path[1]) }
        switch call.method {
        case "GET": return .json(200, ["webhook": json(hook)])
        case "DELETE":
            account.hooks[id] = nil
            return .json(200, [:])
        default: return ActiveCampaignError.noRoute
        }
    }

    private func createHook(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let body = call.body["webhook"], let url = body["url"]?.text, url.hasPrefix("http") else {
            return ActiveCampaignError.missing("url")
        }
        let events = body["events"]?.array?.compactMap(\.text) ?? []
        guard !events.isEmpty, events.allSatisfy({ Self.events.contains($0) || Self.unlistedEvents.contains($0) }) else {
            return ActiveCampaignError.invalid("Unknown event", code: "field_invalid", pointer: "events")
        }
        let hook = ActiveCampaignHook(
            id: account.makeID("webhook"), name: body["name"]?.text ?? "", url: url, events: events,
            sources: body["sources"]?.array?.compactMap(\.text) ?? [], list: body["listid"]?.looseText ?? "0", created: now)
        account.hooks[hook.id] = hook
        return .json(201, ["webhook": json(hook)])
    }

    private func listHooks(_ call: ActiveCampaignCall) -> SandboxResponse {
        var rows = account.hooks.values.sorted { $0.id < $1.id }
        if let name = call.parameters["filters[name]"] { rows = rows.filter { $0.name == name } }
        if let url = call.parameters["filters[url]"] { rows = rows.filter { $0.url == url } }
        let page = call.page(of: rows).map { json($0) }
        return .json(200, ["webhooks": .array(page), "meta": ["total": .string(String(rows.count))]])
    }

    private func json(_ hook: ActiveCampaignHook) -> SandboxValue {
        [
            "id": .string(String(hook.id)), "name": .string(hook.name), "url": .string(hook.url),
            "events": .array(hook.events.map { .string($0) }), "sources": .array(hook.sources.map { .string($0) }),
            "listid": .string(hook.list), "cdate": .string(date(hook.created)), "state": .string(hook.isActive ? "1" : "0"),
            "links": [],
        ]
    }

    // MARK: What they say

    /// Queues a contact's event. It tells the whole contact and not what changed.
    func emit(_ event: String, contact id: Int, tag: String? = nil, from source: ActiveCampaignSource) {
        guard let contact = account.contacts[id] else { return }
        post(event, from: source) {
            var pairs = block(contact, withFields: tag == nil)
            if event == "subscribe" { pairs.append(("form[id]", "0")) }
            if let tag { pairs.append(("tag", tag)) }
            return pairs
        }
    }

    /// Queues an event for every hook that wants it; the body is only made when there is one.
    /// - Parameter time: when it happened, in ms; now unless told.
    func post(
        _ event: String, from source: ActiveCampaignSource, at time: Int64? = nil, body: () -> [(name: String, value: String)]
    ) {
        let wanted = account.hooks.values.filter {
            $0.isActive && $0.events.contains(event) && $0.sources.contains(source.rawValue)
        }
        guard !wanted.isEmpty else { return }
        let prefix = [
            ("type", event), ("date_time", date(time ?? now)), ("initiated_from", source.rawValue),
            ("initiated_by", source.rawValue),
            ("list", "0"),
        ]
        let form = URLCoding.form(prefix + body())
        for hook in wanted.sorted(by: { $0.id < $1.id }) {
            outbox.append(PendingWebhook(url: hook.url, contentType: Self.formType, body: form, hook: hook.id))
        }
    }

    static let formType = "application/x-www-form-urlencoded"

    /// What every webhook about a contact tells of it.
    func block(_ contact: ActiveCampaignContact, withFields: Bool) -> [(name: String, value: String)] {
        let company = account.companies.company(ofContact: contact.id)
        let companyName = company?.name ?? contact.organization
        var pairs = [
            ("contact[id]", String(contact.id)), ("contact[email]", contact.email), ("contact[first_name]", contact.firstName),
            ("contact[last_name]", contact.lastName), ("contact[phone]", contact.phone), ("contact[ip]", "0.0.0.0"),
            ("contact[tags]", account.tagNames(of: contact).joined(separator: ", ")),
            ("contact[customer_acct_name]", companyName), ("contact[orgname]", companyName),
        ]
        if withFields {
            pairs += contact.values.sorted { $0.key < $1.key }.map { ("contact[fields][\($0.key)]", $0.value.value) }
        }
        return pairs + [
            ("customer_acct_name", companyName), ("customer_acct_id", String(company?.id ?? 0)), ("orgname", companyName),
        ]
    }

    /// What an automation's own Webhook step sends: no type, no date, fields by lower-cased personalization tag.
    func stepBody(_ contact: ActiveCampaignContact, automation: Int) -> [UInt8] {
        let company = account.companyName(of: contact)
        var pairs = [
            ("contact[id]", String(contact.id)), ("contact[email]", contact.email), ("contact[first_name]", contact.firstName),
            ("contact[last_name]", contact.lastName), ("contact[phone]", contact.phone), ("contact[orgname]", company),
            ("contact[customer_acct_name]", company),
            ("contact[tags]", account.tagNames(of: contact).joined(separator: ", ")), ("contact[ip4]", "0.0.0.0"),
        ]
        for (field, value) in contact.values.sorted(by: { $0.key < $1.key }) {
            if let perstag = account.fields[field]?.perstag {
                pairs.append(("contact[fields][\(perstag.lowercased())]", value.value))
            }
        }
        pairs.append(("seriesid", String(automation)))
        return URLCoding.form(pairs)
    }

    // MARK: Sending them

    /// What waits to be sent, oldest first.
    public func pendingWebhooks() -> [PendingWebhook] {
        outbox
    }

    /// Sends everything that waits, so many at a time, each once: what a receiver refuses is lost, and one that answers
    /// 410 gets nothing more. With a concurrency above 1 the order is anyone's guess, as with the real ones.
    public func deliverPending(concurrency: Int = 1) async -> (delivered: Int, failed: Int) {
        var waiting = outbox[...]
        outbox = []
        let deliver = options.deliver
        var delivered = 0
        var failed = 0
        await withTaskGroup(of: (hook: Int?, status: Int).self) { group in
            func sendNext() {
                while let next = waiting.popFirst() {
                    if let hook = next.hook, account.hooks[hook]?.isActive != true { continue }
                    group.addTask { (next.hook, await deliver(next.url, next.body, next.contentType)) }
                    return
                }
            }
            for _ in 0..<max(1, concurrency) { sendNext() }
            while let result = await group.next() {
                if (200..<300).contains(result.status) { delivered += 1 } else { failed += 1 }
                if result.status == 410, let hook = result.hook { account.hooks[hook]?.isActive = false }
                sendNext()
            }
        }
        return (delivered, failed)
    }
}
