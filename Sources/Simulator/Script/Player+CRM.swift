import Contracts
import Playground
import Sandbox
import SyncCore

/// What people do in the CRM.
extension Player {
    private var salesforce: SalesforceSandbox { world.salesforce }
    private var waiting: String { Profile(name: .activeCampaignSalesforce).waitingStatus }

    func insert(_ object: CRMObject, of person: Int, isSelected: Bool) async {
        guard await records(of: person).allSatisfy({ $0.object != object }) else { return }
        let email = diary.person(person).emails.last ?? newEmail(of: person)
        let first = FirstValues(person: person, email: email, side: .crm).all.filter { object == .lead || $0.field != .company }
        var values: [String: SandboxValue] = [:]
        for (field, value) in first { values[field.crmName] = Self.value(value, of: field) }
        if object == .contact {
            values["LeadSource"] = isSelected ? "Web" : "Other"
            if isSelected, world.setting.contactSelection == .marked { values[Playground.statusField] = .string(waiting) }
        }
        guard let id = await salesforce.insert(object.crmName, values) else { return }
        note(person, .inserted(object, id: id, isSelected: isSelected || object == .lead))
        for (field, value) in first {
            diary.note(edit(of: person, Diary.Record(object: object, id: id, origin: .synced), field, value, at: now))
        }
    }

    /// - Parameter silently: Only full runs find it.
    func editRecord(_ person: Int, _ field: PersonField, _ value: String, silently: Bool = false) async {
        guard !silently || world.setting.hasRunners, let record = await record(of: person),
            field != .company || record.object == .lead
        else { return }
        let (object, values) = (record.object.crmName, [field.crmName: Self.value(value, of: field)])
        let isDone =
            silently
            ? await salesforce.setSilently(object, id: record.id, values)
            : await salesforce.edit(object, id: record.id, values)
        guard isDone else { return }
        var edit = edit(of: person, record, field, value, at: now)
        edit.isSilent = silently
        diary.note(edit)
    }

    /// Others see the edit only when its transaction ends, with the stamp of now.
    func editRecord(_ person: Int, _ field: PersonField, _ value: String, late: Duration) async -> Sequel? {
        guard let record = await record(of: person), field != .company || record.object == .lead else { return nil }
        let values = [field.crmName: Self.value(value, of: field)]
        guard let transaction = await salesforce.editLate(record.object.crmName, id: record.id, values) else { return nil }
        let edit = edit(of: person, record, field, value, at: now)
        await faults.opened(transaction, edit)
        return Sequel(after: late) { await faults.commit(transaction) }
    }

    func mark(_ person: Int) async {
        guard let record = await record(of: person) else { return }
        let values: [String: SandboxValue] = [Playground.statusField: .string(waiting)]
        guard await salesforce.edit(record.object.crmName, id: record.id, values) else { return }
        note(person, .marked(record.object, id: record.id))
    }

    func deleteRecord(_ person: Int) async {
        guard let record = await record(of: person), await salesforce.delete(record.object.crmName, id: record.id) else { return }
        note(person, .deleted(record.object, id: record.id))
    }

    func undeleteRecord(_ person: Int) async {
        guard let record = diary.person(person).records.last(where: { $0.state == .deleted }),
            await salesforce.undelete(record.object.crmName, id: record.id)
        else { return }
        note(person, .undeleted(record.object, id: record.id))
    }

    /// Into the person's contact, if the CRM has one already.
    func convertLead(_ person: Int) async {
        let records = await records(of: person)
        guard let lead = records.first(where: { $0.object == .lead }) else { return }
        let contact =
            if let existing = records.first(where: { $0.object == .contact }) {
                await salesforce.convertLead(lead.id, into: existing.id)
            } else {
                await salesforce.convertLead(lead.id)
            }
        if let contact { note(person, .converted(lead: lead.id, contact: contact)) }
    }

    /// Merges a record of one person into another's of the same object.
    func merge(_ other: Int, into person: Int) async {
        guard other != person, let winner = await record(of: person),
            let loser = await records(of: other).first(where: { $0.object == winner.object }),
            await salesforce.merge(winner.object.crmName, winner: winner.id, loser: loser.id)
        else { return }
        note(other, .merged(winner.object, winner: winner.id, loser: loser.id))
    }

    /// The record of a person that users work on: the newest one.
    private func record(of person: Int) async -> Diary.Record? { await records(of: person).last }

    /// A person's records as a user finds them; Tandem may have made some.
    func records(of number: Int) async -> [Diary.Record] {
        let person = diary.person(number)
        for object in CRMObject.people {
            for row in await salesforce.records(object.crmName) where row["IsConverted"]?.bool != true {
                guard let id = row["Id"]?.text, let email = row["Email"]?.text, person.emails.contains(email) else { continue }
                diary.noteFound(object, id: id, of: number)
            }
        }
        return diary.person(number).liveRecords
    }

    private func note(_ person: Int, _ kind: Diary.Event.Kind) {
        diary.note(Diary.Event(moment: now, person: person, kind: kind))
    }

    private func edit(
        of person: Int, _ record: Diary.Record, _ field: PersonField, _ value: String, at moment: Timestamp
    ) -> Diary.Edit {
        Diary.Edit(
            moment: moment, person: person, side: .crm, recordID: record.id, object: record.object, field: field, value: value,
            seen: moment)
    }

    private static func value(_ text: String, of field: PersonField) -> SandboxValue {
        if text.isEmpty { return .null }
        guard field == .income, let number = Int64(text) else { return .string(text) }
        return .integer(number)
    }
}

extension CRMObject {
    /// What the emulated org calls it.
    var crmName: String {
        switch self {
        case .contact: "Contact"
        case .lead: "Lead"
        case .account: "Account"
        case .opportunity: "Opportunity"
        }
    }
}
