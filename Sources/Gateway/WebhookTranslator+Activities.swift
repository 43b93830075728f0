import Contracts

// What people got and did (ACT-1): an account's webhooks tell of campaigns, automations' steps of the rest.

extension WebhookTranslator {
    /// A campaign's webhook.
    func activity(_ kind: Activity.Kind, _ form: FormPayload, body: [UInt8]) throws(PayloadError) -> Translation {
        let person = try Person.checkedID(form["contact[id]"], name: "contact[id]")
        let details: [Activity.Detail: String?] = [
            .campaignID: form["campaign[id]"], .campaignName: form["campaign[name]"],
            .webCopyURL: form["campaign[webcopy_url]"], .url: kind == .linkClicked ? form["link[url]"] : nil,
            .subject: form["subject"] ?? form["campaign[message][subject]"],
            .text: kind == .campaignReplied ? form["message"] : nil,
        ]
        // What else the payload carries, the person's tags say, may differ when it is delivered again.
        let words = ["campaign[id]", "link[id]", "link[url]", "message"].map { form[$0] ?? "" }
        return translation(
            kind, person, details.compactMapValues(\.self), at: occurredAt(form),
            identity: form["date_time"].map { .words([$0] + words) } ?? .body(body))
    }

    /// An automation's step at the path of an activity.
    ///
    /// The vendor's own step says who and which automation; what else there is to tell stands in the query of the address the
    /// step posts to: `?name=` of the automation or event, `?url=` of the automation or page, `?value=` of the event. An app's
    /// step says it in its JSON.
    func translate(
        _ body: [UInt8], _ format: BodyFormat, query: String, as kind: Activity.Kind
    ) throws(PayloadError) -> Translation {
        let told = try FormPayload(parsing: Array(query.utf8))
        switch format {
        case .form: return try step(body, told, query: query, as: kind)
        case .json: return try step(json: body, told, query: query, as: kind)
        }
    }

    private func step(
        _ body: [UInt8], _ told: FormPayload, query: String, as kind: Activity.Kind
    ) throws(PayloadError) -> Translation {
        let form = try FormPayload(parsing: body)
        guard form["type"] == nil else {
            throw .unprocessable(
                "this path takes an automation's step; an account's webhook goes to the path without /activities")
        }
        let person = try Person.checkedID(form["contact[id]"], name: "contact[id]")
        var details = try kind.details { told[$0] }
        details[.automationID] = form["seriesid"]
        return translation(kind, person, details, at: nil, identity: .body(body + Array(query.utf8)))
    }

    /// `{"data":{"contact_id":…,"name":…,"url":…,"value":…,"automation_id":…,"occurred_at":…,"activity_id":…}}`
    private func step(
        json body: [UInt8], _ told: FormPayload, query: String, as kind: Activity.Kind
    ) throws(PayloadError) -> Translation {
        let data = try Self.data(inJSON: body).data
        let person = try Person.id(in: data)
        var details = try kind.details { data[$0]?.idText ?? told[$0] }
        details[.automationID] = data["automation_id"]?.idText
        var time: Timestamp?
        if let text = data["occurred_at"]?.stringValue {
            time = Timestamp(iso8601: text)
            guard time != nil else { throw .unprocessable("data.occurred_at is not a date and time with an offset (ISO 8601)") }
        }
        if let id = data["activity_id"] {
            let id = try Person.checkedID(id.idText, name: "data.activity_id")
            return translation(kind, person, details, at: plausible(time), identity: .given(id))
        }
        let words = [query] + Activity.Detail.allCases.map { details[$0] ?? "" }
        return translation(
            kind, person, details, at: plausible(time),
            identity: time.map { .words([String($0.milliseconds)] + words) } ?? .body(body + Array(query.utf8)))
    }

    /// What tells an activity from others of its kind and person.
    private enum Identity {
        case given(String)
        /// The words that do not change when it is delivered again, its time among them.
        case words([String])
        /// It does not say when it happened, so the second of its arrival counts.
        case body([UInt8])
    }

    private func translation(
        _ kind: Activity.Kind, _ person: String, _ details: [Activity.Detail: String], at time: Timestamp?, identity: Identity
    ) -> Translation {
        let purpose = "\(kind.rawValue) \(person)"
        let id =
            switch identity {
            case .given(let id): id
            case .words(let words): EventIdentity.id(of: words, integration: integration, purpose: purpose)
            case .body(let body):
                EventIdentity.id(of: body, integration: integration, purpose: purpose, receivedAt: receivedAt)
            }
        var details = details
        // The vendor's word for none.
        for detail in [Activity.Detail.campaignID, .automationID] where details[detail] == "0" { details[detail] = nil }
        let activity = Activity(
            key: RecordKey(integration: integration, object: "contact", recordID: person), activityID: id, kind: kind,
            occurredAt: time ?? receivedAt, details: details)
        return .event(
            Event(
                attributes: EventAttributes(id: id, source: "/tandem/gateway", time: receivedAt),
                message: .activity(activity.limited)))
    }
}

extension Activity.Kind {
    /// What steps of automations tell of, each at a path of its own.
    static let ofSteps: [Activity.Kind] = [.automationEntered, .automationCompleted, .pageVisited, .eventTracked]

    /// The details that a step tells under plain names.
    fileprivate func details(_ told: (String) -> String?) throws(PayloadError) -> [Activity.Detail: String] {
        var details: [Activity.Detail: String] = [:]
        switch self {
        case .pageVisited:
            details[.url] = told("url")
            guard details[.url]?.isEmpty == false else { throw .unprocessable("url is missing: …/page-visited?url=…") }
        case .eventTracked:
            (details[.eventName], details[.eventValue]) = (told("name"), told("value"))
            guard details[.eventName]?.isEmpty == false else { throw .unprocessable("name is missing: …/event-tracked?name=…") }
        default: (details[.automationName], details[.url]) = (told("name"), told("url"))
        }
        return details
    }
}
