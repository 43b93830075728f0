import Contracts

/// Turns what ActiveCampaign posts into events: pure, so that every captured payload can be a test.
///
/// One path serves two senders. An account's webhook says its `type`; an automation's "Webhook" step does not, and keys
/// custom fields by personalisation tag.
struct WebhookTranslator: Sendable {
    var integration: String
    /// When the request arrived; stands in for a time the payload does not give.
    var receivedAt: Timestamp

    enum Translation: Sendable, Equatable {
        case event(Event)
        /// Of a known type that changes no record.
        case ignored
        case unknownType
    }

    /// A webhook or a plain automation step.
    func translate(form body: [UInt8]) throws(PayloadError) -> Translation {
        let form = try FormPayload(parsing: body)
        guard let type = form["type"] else {
            let person = try Person(form, customFieldKey: .perstag)
            var change = change(person, at: receivedAt)
            change.isDated = false
            return .event(event(.recordChange(change), body: body, purpose: "step", dated: false))
        }
        guard let type = WebhookType(rawValue: type) else { return .unknownType }
        if case .activity(let kind) = type.subject { return try activity(kind, form, body: body) }
        let stated = occurredAt(form)
        guard var change = try change(type, form, at: stated ?? receivedAt) else { return .ignored }
        change.isDated = stated != nil
        return .event(event(.recordChange(change), body: body, purpose: "webhook", dated: form["date_time"] != nil))
    }

    /// What a webhook says of a record; `nil` when it says nothing that is synced.
    private func change(_ type: WebhookType, _ form: FormPayload, at time: Timestamp) throws(PayloadError) -> RecordChange? {
        switch type.subject {
        case .person:
            var person = try Person(form, customFieldKey: .id)
            try apply(type, form, to: &person)
            return change(person, at: time)
        case .company:
            guard let company = try Company(form) else { return nil }
            let key = RecordKey(integration: integration, object: "account", recordID: company.id)
            return RecordChange(key: key, occurredAt: time, fields: company.fields)
        case .membership:
            // It tells ids; only with the company's name beside them is it news of the contact.
            guard let id = form["accountContact[contact]"], let name = Person.companyName(form), !name.isEmpty else { return nil }
            let person = Person(
                id: try Person.checkedID(id, name: "accountContact[contact]"), fields: ["accountName": .string(name)])
            return change(person, at: time)
        case .activity, .other: return nil
        }
    }

    /// A request to an action's path.
    func translate(
        _ body: [UInt8], _ format: BodyFormat, as action: AutomationAction.Action
    ) throws(PayloadError) -> Translation {
        switch format {
        case .form: try translate(form: body, as: action)
        case .json: try translate(json: body, as: action)
        }
    }

    /// An automation's "Webhook" step whose path asks for an action.
    func translate(form body: [UInt8], as action: AutomationAction.Action) throws(PayloadError) -> Translation {
        let form = try FormPayload(parsing: body)
        // An account's webhook sent here would create everybody who changes.
        guard form["type"] == nil else {
            throw .unprocessable("this path takes an automation's step; an account's webhook goes to the path without /actions")
        }
        let person = try Person(form, customFieldKey: .perstag)
        return self.action(action, person, automationID: form["seriesid"], body: body)
    }

    /// The JSON an app's action step posts: `{"data":{"contact_id":…,"email":…},"action":…}`.
    func translate(json body: [UInt8], as action: AutomationAction.Action) throws(PayloadError) -> Translation {
        let (members, data) = try Self.data(inJSON: body)
        if let named = members["action"]?.stringValue, named != action.rawValue {
            throw .unprocessable("action differs from the path's, \(action.rawValue)")
        }
        let person = try Person(data)
        return self.action(action, person, automationID: members["automation_id"]?.stringValue, body: body)
    }

    /// The members of what an app posts, and of their `data`.
    static func data(
        inJSON body: [UInt8]
    ) throws(PayloadError) -> (members: [String: JSONValue], data: [String: JSONValue]) {
        let root: JSONValue
        do { root = try JSONValue.parse(body) } catch { throw .malformed("the body is not JSON: \(error)") }
        guard let members = root.objectValue else { throw .unprocessable("the body is not a JSON object") }
        guard let data = members["data"]?.objectValue else { throw .unprocessable("data is missing or not an object") }
        return (members, data)
    }

    private func action(
        _ action: AutomationAction.Action, _ person: Person, automationID: String?, body: [UInt8]
    ) -> Translation {
        let message = AutomationAction(
            key: key(person), action: action, occurredAt: receivedAt, isDated: false, fields: person.fields,
            tags: person.tags, automationID: automationID.flatMap { $0.isEmpty ? nil : $0 }
        )
        return .event(event(.automationAction(message), body: body, purpose: action.rawValue, dated: false))
    }

    /// A tag webhook names the one tag; whether the list beside it was read before or after is not documented, so that
    /// the tag is put in or taken out of the whole set here.
    private func apply(_ type: WebhookType, _ form: FormPayload, to person: inout Person) throws(PayloadError) {
        guard type == .contactTagAdded || type == .contactTagRemoved else { return }
        guard let tag = form["tag"]?.trimmed, !tag.isEmpty else { throw .unprocessable("tag is missing") }
        person.tags?.removeAll { $0.lowercased() == tag.lowercased() }
        if type == .contactTagAdded { person.tags?.append(tag) }
    }

    /// The vendor's time where it names a moment. One without an offset is in a zone nobody knows; one far ahead of this clock
    /// would make later changes look older.
    func occurredAt(_ form: FormPayload) -> Timestamp? {
        plausible(form["date_time"].flatMap { Timestamp(iso8601: $0) })
    }

    func plausible(_ time: Timestamp?) -> Timestamp? {
        time.flatMap { $0.isPlausible(arrivingAt: receivedAt) ? $0 : nil }
    }

    private func key(_ person: Person) -> RecordKey {
        RecordKey(integration: integration, object: "contact", recordID: person.id)
    }

    private func change(_ person: Person, at time: Timestamp) -> RecordChange {
        RecordChange(key: key(person), occurredAt: time, fields: person.fields, tags: person.tags)
    }

    private func event(_ message: Message, body: [UInt8], purpose: String, dated: Bool) -> Event {
        Event(
            attributes: EventAttributes(
                id: EventIdentity.id(of: body, integration: integration, purpose: purpose, receivedAt: dated ? nil : receivedAt),
                source: "/tandem/gateway", time: receivedAt),
            message: message)
    }
}

/// The webhook types an ActiveCampaign account can send.
enum WebhookType: String, Sendable, CaseIterable {
    case subscribe, update
    case contactTagAdded = "contact_tag_added"
    case contactTagRemoved = "contact_tag_removed"

    case accountAdd = "account_add"
    case accountContactAdd = "account_contact_add"
    case accountContactUpdate = "account_contact_update"
    case accountUpdate = "account_update"
    case bounce, click
    case contactTaskAdd = "contact_task_add"
    case dealAdd = "deal_add"
    case dealNoteAdd = "deal_note_add"
    case dealPipelineAdd = "deal_pipeline_add"
    case dealStageAdd = "deal_stage_add"
    case dealTaskAdd = "deal_task_add"
    case dealTaskComplete = "deal_task_complete"
    case dealTaskTypeAdd = "deal_tasktype_add"
    case dealUpdate = "deal_update"
    case forward
    case listAdd = "list_add"
    case open, reply, sent, share
    case smsReply = "sms_reply"
    case smsSent = "sms_sent"
    case smsUnsubscribe = "sms_unsub"
    case subscriberNote = "subscriber_note"
    case unsubscribe

    /// What a webhook tells of, as far as it is synced or recorded.
    enum Subject: Sendable { case person, company, membership, activity(Activity.Kind), other }

    var subject: Subject {
        switch self {
        case .subscribe, .update, .contactTagAdded, .contactTagRemoved: .person
        case .accountAdd, .accountUpdate: .company
        case .accountContactAdd, .accountContactUpdate: .membership
        case .sent: .activity(.campaignSent)
        case .open: .activity(.campaignOpened)
        case .click: .activity(.linkClicked)
        case .reply: .activity(.campaignReplied)
        default: .other
        }
    }
}
