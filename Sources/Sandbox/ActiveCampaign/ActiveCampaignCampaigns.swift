struct ActiveCampaignCampaign: Sendable {
    let id: Int
    var name: String
    /// 0 draft, 1 scheduled, 2 sending, 3 paused, 4 stopped, 5 completed.
    var status: Int
    var labels: [String]
    let created: Int64
    var subject: String
    /// Where its links lead; a link's id is its place, from 1.
    var links: [String] = []
    /// How often it was sent to a contact by itself.
    var sent: [Int: Int] = [:]
}

/// Campaigns, and the one call of the API's first version that sends one to a single contact.
extension ActiveCampaignSandbox {
    /// A PATCH answers 200 and changes nothing.
    func campaigns(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.count) {
        case ("GET", 1):
            var rows = labelled(account.campaigns.values.sorted { $0.id < $1.id }, by: call, \.labels)
            if let name = call.parameters["filters[name]"] { rows = rows.filter { $0.name == name } }
            if let status = call.parameters["filters[status]"] { rows = rows.filter { String($0.status) == status } }
            let page = call.page(of: rows)
            tally.rowsRead += page.count
            return .json(200, ["campaigns": .array(page.map { json($0) }), "meta": ["total": .string(String(rows.count))]])
        case ("GET", 2), ("PATCH", 2):
            guard let campaign = call.id.flatMap({ account.campaigns[$0] }) else {
                return ActiveCampaignError.notFound("Campaign", call.path[1])
            }
            return .json(200, ["campaign": json(campaign)])
        default: return ActiveCampaignError.noRoute
        }
    }

    /// The rows that have the label asked for; labels are in no answer, they can only be filtered by.
    func labelled<Row>(_ rows: [Row], by call: ActiveCampaignCall, _ labels: (Row) -> [String]) -> [Row] {
        guard let wanted = call.parameters["filters[label_name]"] else { return rows }
        let form: (String) -> String = options.labelsMatchCase ? { $0 } : { $0.lowercased() }
        return rows.filter { labels($0).contains { form($0) == form(wanted) } }
    }

    private func json(_ campaign: ActiveCampaignCampaign) -> SandboxValue {
        let sent = SandboxValue.string(String(campaign.sent.values.reduce(0, +)))
        return [
            "id": .string(String(campaign.id)), "name": .string(campaign.name), "type": "single",
            "status": .string(String(campaign.status)), "cdate": .string(date(campaign.created)),
            "mdate": .string(date(campaign.created)), "sdate": nil, "ldate": nil, "send_amt": sent, "total_amt": sent,
            "opens": "0", "uniqueopens": "0", "linkclicks": "0", "replies": "0", "seriesid": "0", "message_id": "0",
            "links": [:],
        ]
    }

    // MARK: The first version

    /// Answers 200 whatever comes of it: the result code tells, and without `api_output` it tells in XML.
    func firstVersion(_ parameters: [String: String]) -> SandboxResponse {
        let refusal = refusal(of: parameters) ?? send(parameters)
        let (code, message): (Int64, String) = refusal.map { (0, $0) } ?? (1, "Message sent")
        guard parameters["api_output"] == "json" else {
            let text = "<result><result_code>\(code)</result_code><result_message>\(message)</result_message></result>"
            return SandboxResponse(status: 200, headers: ["content-type": "text/xml"], body: Array(text.utf8))
        }
        return .json(
            200, ["result_code": .integer(code), "result_message": .string(message), "result_output": "json"])
    }

    private func refusal(of parameters: [String: String]) -> String? {
        guard parameters["api_key"] == options.apiToken else { return "You are not authorized to access this file" }
        guard parameters["api_action"] == "campaign_send" else { return "Unknown action" }
        guard ["mime", "html", "text"].contains(parameters["type"]) else { return "Unknown type" }
        guard ["send", "copy"].contains(parameters["action"]) else { return "Unknown way of sending" }
        return nil
    }

    /// Why it was not sent, if it was not.
    private func send(_ parameters: [String: String]) -> String? {
        guard let contact = parameters["email"].flatMap({ account.contact(email: $0) }) else {
            return "Contact does not exist"
        }
        guard let id = parameters["campaignid"].flatMap({ Int($0) }), account.campaigns[id] != nil else {
            return "Campaign does not exist"
        }
        account.campaigns[id]?.sent[contact.id, default: 0] += 1
        return nil
    }

    // MARK: What users see and do

    /// Adds a campaign; returns its id.
    @discardableResult
    public func addCampaign(_ name: String, subject: String = "", labels: [String] = [], status: Int = 5) -> String {
        let id = account.makeID("campaign")
        account.campaigns[id] = ActiveCampaignCampaign(
            id: id, name: name, status: status, labels: labels, created: now, subject: subject)
        return String(id)
    }

    /// How often a contact was sent a campaign by itself.
    public func timesSent(campaign: String, to contact: String) -> Int {
        guard let campaign = Int(campaign).flatMap({ account.campaigns[$0] }), let contact = Int(contact) else { return 0 }
        return campaign.sent[contact, default: 0]
    }
}
