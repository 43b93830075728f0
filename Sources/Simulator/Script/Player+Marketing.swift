import Contracts
import Gateway
import Playground
import Sandbox
import SyncCore

/// What people do in the marketing account.
extension Player {
    private var marketing: ActiveCampaignSandbox { world.marketing }

    func signUp(_ person: Int) async {
        guard await contact(of: person) == nil else { return }
        let known = diary.person(person)
        let values = FirstValues(person: person, email: known.emails.last ?? newEmail(of: person), side: .marketing)
        var contact = ActiveCampaignSandbox.Person(email: "")
        for (field, value) in values.all { set(field, to: value, on: &contact) }
        guard let id = await marketing.createContact(contact) else { return }
        diary.note(Diary.Event(moment: now, person: person, kind: .signedUp(contact: id)))
        for (field, value) in values.all { noteEdit(of: person, id, field, value) }
    }

    /// - Parameter silently: Only full runs find it.
    func editContact(_ person: Int, _ field: PersonField, _ value: String, silently: Bool = false) async {
        guard !silently || world.setting.hasRunners, let id = await contact(of: person) else { return }
        let custom = world.customFields
        let change: @Sendable (inout ActiveCampaignSandbox.Person) -> Void = {
            Self.set(field, to: value, on: &$0, customFields: custom)
        }
        let isDone =
            silently ? await marketing.editSilently(id, change) : await marketing.editContact(id, change)
        if isDone { noteEdit(of: person, id, field, value, isSilent: silently) }
    }

    /// A script of the company's site tells of the page, with the time at which it was.
    func visit(_ page: Int, _ person: Int) async {
        guard world.setting.hasRecorders, let id = await contact(of: person) else { return }
        let visit = Diary.Visit(moment: now, contactID: id, url: "https://www.example.com/page/\(page)")
        let data: JSONValue = ["contact_id": .string(id), "url": .string(visit.url), "occurred_at": .string(now.iso8601)]
        world.post.send(
            WebhookPost.Delivery(
                url: "\(hooks)/activities/page-visited", body: JSONValue.object(["data": data]).serialized(),
                contentType: "application/json"))
        diary.note(visit)
    }

    private var hooks: String { "https://tandem.example/hooks/\(SimulatedWorld.integration)/\(Playground.webhookSecret)" }

    func ask(for object: CRMObject, of person: Int) async {
        guard let id = await contact(of: person) else { return }
        let isDone = await marketing.runAutomation(contact: id, step: .webhook(url: "\(hooks)/actions/create-\(object.rawValue)"))
        if isDone { diary.note(Diary.Event(moment: now, person: person, kind: .asked(object, contact: id))) }
    }

    func deleteContact(_ person: Int) async {
        guard let id = await contact(of: person), await marketing.deleteContact(id) else { return }
        diary.note(Diary.Event(moment: now, person: person, kind: .contactDeleted(contact: id)))
    }

    /// The person's contact, as a user finds it; Tandem may have made it.
    func contact(of number: Int) async -> String? {
        let person = diary.person(number)
        if let id = person.contactID, await marketing.person(id: id) != nil { return id }
        for email in person.emails.reversed() {
            guard let id = await marketing.contactID(email: email) else { continue }
            diary.noteFound(contact: id, of: number)
            return id
        }
        return nil
    }

    func newEmail(of person: Int) -> String { "person\(person).\(diary.person(person).emails.count + 1)@example.com" }

    private func set(_ field: PersonField, to value: String, on contact: inout ActiveCampaignSandbox.Person) {
        Self.set(field, to: value, on: &contact, customFields: world.customFields)
    }

    private static func set(
        _ field: PersonField, to value: String, on contact: inout ActiveCampaignSandbox.Person,
        customFields: [PersonField: String]
    ) {
        switch field {
        case .firstName: contact.firstName = value
        case .lastName: contact.lastName = value
        case .email: contact.email = value
        case .phone: contact.phone = value
        case .company: contact.account = value
        case .income, .occupation: if let id = customFields[field] { contact.fields[id] = value }
        }
    }

    private func noteEdit(
        of person: Int, _ contact: String, _ field: PersonField, _ value: String, isSilent: Bool = false
    ) {
        diary.note(
            Diary.Edit(
                moment: now, person: person, side: .marketing, recordID: contact, object: nil, field: field, value: value,
                seen: now, isSilent: isSilent))
    }
}

/// What a person's record is created with.
struct FirstValues: Sendable {
    var person: Int
    var email: String
    var side: Side

    var all: [(field: PersonField, value: String)] {
        let origin = side == .marketing ? "M" : "C"
        return [
            (.firstName, "First\(person)\(origin)"), (.lastName, "Last\(person)\(origin)"), (.email, email),
            (.phone, "+1 555 \(1000 + person)\(side == .marketing ? 1 : 2)"), (.company, "Company \(person)\(origin)"),
            (.income, String(40_000 + 10 * person + (side == .marketing ? 1 : 2))), (.occupation, "Job \(person)\(origin)"),
        ]
    }
}
