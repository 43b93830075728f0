/// An automation, which the API's models call a series.
struct ActiveCampaignSeries: Sendable {
    let id: Int
    var name: String
    var isActive: Bool
    /// Whether a contact may enter it more than once.
    var takesAgain: Bool
    var labels: [String]
    let created: Int64
}

/// One way of one contact through one automation.
struct ActiveCampaignEntry: Sendable {
    let id: Int
    let contact: Int
    let automation: Int
    let entered: Int64
    /// 1 in progress, 2 complete.
    var status = 1
}

/// The API side of automations: who may enter them, and who did. They cannot be made by the API.
extension ActiveCampaignSandbox {
    func automations(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.count) {
        case ("GET", 1):
            var rows = labelled(account.automations.values.sorted { $0.id < $1.id }, by: call, \.labels)
            if let name = call.parameters["filters[name]"] { rows = rows.filter { $0.name == name } }
            if let status = call.parameters["filters[status]"] { rows = rows.filter { ($0.isActive ? "1" : "2") == status } }
            let page = call.page(of: rows)
            tally.rowsRead += page.count
            return .json(200, ["automations": .array(page.map { json($0) }), "meta": ["total": .string(String(rows.count))]])
        case ("GET", 2):
            guard let automation = call.id.flatMap({ account.automations[$0] }) else {
                return ActiveCampaignError.notFound("Series", call.path[1])
            }
            return .json(200, ["automation": json(automation)])
        default: return ActiveCampaignError.noRoute
        }
    }

    func contactAutomations(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.count) {
        case ("GET", 1): return listEntries(account.entries, call)
        case ("POST", 1): return enter(call)
        case ("DELETE", 2):
            guard let index = account.entries.firstIndex(where: { $0.id == call.id }) else {
                return ActiveCampaignError.notFound("SubscriberSeries", call.path[1], status: 403)
            }
            account.entries.remove(at: index)
            return .json(200, [:])
        default: return ActiveCampaignError.noRoute
        }
    }

    /// The entries of one contact.
    func entries(of contact: ActiveCampaignContact, _ call: ActiveCampaignCall) -> SandboxResponse {
        listEntries(account.entries.filter { $0.contact == contact.id }, call)
    }

    private func listEntries(_ entries: [ActiveCampaignEntry], _ call: ActiveCampaignCall) -> SandboxResponse {
        var rows = entries
        if let series = call.parameters["filters[seriesid]"] { rows = rows.filter { String($0.automation) == series } }
        if let contact = call.parameters["filters[subscriberid]"] { rows = rows.filter { String($0.contact) == contact } }
        if let status = call.parameters["filters[status]"] { rows = rows.filter { String($0.status) == status } }
        let page = call.page(of: rows)
        tally.rowsRead += page.count
        return .json(
            200, ["contactAutomations": .array(page.map { json($0) }), "meta": ["total": .string(String(rows.count))]])
    }

    /// 201, or 403 with one message for every reason.
    private func enter(_ call: ActiveCampaignCall) -> SandboxResponse {
        let body = call.body["contactAutomation"]
        guard let contact = body?["contact"]?.looseText.flatMap({ Int($0) }).flatMap({ account.contacts[$0] }),
            let automation = body?["automation"]?.looseText.flatMap({ Int($0) }).flatMap({ account.automations[$0] }),
            automation.isActive,
            automation.takesAgain
                || !account.entries.contains(where: { $0.contact == contact.id && $0.automation == automation.id })
        else {
            return .json(403, ["message": "Could not create SubscriberSeries"])
        }
        let entry = ActiveCampaignEntry(
            id: account.makeID("contactAutomation"), contact: contact.id, automation: automation.id, entered: now)
        account.entries.append(entry)
        tally.rowsWritten += 1
        return .json(201, ["contacts": [json(contact)], "contactAutomation": json(entry)])
    }

    private func json(_ automation: ActiveCampaignSeries) -> SandboxValue {
        let entered = account.entries.count { $0.automation == automation.id }
        return [
            "id": .string(String(automation.id)), "name": .string(automation.name), "cdate": .string(date(automation.created)),
            "mdate": .string(date(automation.created)), "userid": "1", "status": .string(automation.isActive ? "1" : "2"),
            "entered": .string(String(entered)), "exited": "0", "hidden": "0", "description": "",
            "multientry": .string(automation.takesAgain ? "1" : "0"), "links": [:],
        ]
    }

    private func json(_ entry: ActiveCampaignEntry) -> SandboxValue {
        [
            "id": .string(String(entry.id)), "contact": .string(String(entry.contact)),
            "seriesid": .string(String(entry.automation)), "automation": .string(String(entry.automation)), "startid": "0",
            "status": .string(String(entry.status)), "adddate": .string(date(entry.entered)), "remdate": nil, "timespan": nil,
            "lastblock": "0", "lastdate": .string(date(entry.entered)), "completedElements": "0", "totalElements": "5",
            "completed": .integer(entry.status == 2 ? 1 : 0), "completeValue": 0,
        ]
    }

    // MARK: What users see and do

    /// Adds an automation; returns its id.
    @discardableResult
    public func addAutomation(
        _ name: String, labels: [String] = [], isActive: Bool = true, takesAgain: Bool = false
    ) -> String {
        let id = account.makeID("automation")
        account.automations[id] = ActiveCampaignSeries(
            id: id, name: name, isActive: isActive, takesAgain: takesAgain, labels: labels, created: now)
        return String(id)
    }

    /// How often a contact entered an automation by the API.
    public func timesEntered(automation: String, by contact: String) -> Int {
        account.entries.count { String($0.automation) == automation && String($0.contact) == contact }
    }
}
