import Contracts
import Sandbox
import SyncCore
import Synchronization

/// Nothing is written that was not due: a CRM record is only created for the asking (IN-4), and only changed for a linked person
/// who carries one of the profile's tags (IN-3); a person is only made known to marketing by a record that is to be (OUT-1).
/// Nothing is ever deleted.
final class DueWitness: TrafficWitness {
    private let seat: WitnessSeat
    /// The contacts that Tandem wrote by their email: linked ever since, though the CRM record may not show it yet.
    private let written = Mutex<Set<String>>([])

    init(_ seat: WitnessSeat) { self.seat = seat }

    // MARK: To the CRM

    func sees(_ call: CRMCall, from process: String) async {
        for part in call.writingParts where part.method == "DELETE" || !part.path.hasPrefix("composite/sobjects") {
            fail("\(process) sends \(part.method) \(part.path)")
        }
        for row in call.rows where row.object == "Contact" || row.object == "Lead" {
            if row.isUpsert {
                await checkCreation(row, process)
            } else if row.values.keys.contains(where: { PersonField(crm: $0) != nil }) {
                await checkUpdate(row, process)
            } else if row.id == nil {
                fail("\(process) creates a \(row.object) without an external ID")
            }
        }
    }

    private func checkCreation(_ row: CRMCall.Row, _ process: String) async {
        guard let person = row.person else { return fail("\(process) creates a \(row.object) that names no contact") }
        let isAsked = seat.diary.events.contains { event in
            if case .asked(let object, person) = event.kind { object.rawValue == row.object.lowercased() } else { false }
        }
        guard !isAsked else { return }
        fail("\(process) creates a \(row.object) for contact \(person), and nobody asked")
    }

    private func checkUpdate(_ row: CRMCall.Row, _ process: String) async {
        guard let id = row.id else { return fail("\(process) creates a \(row.object) without an external ID") }
        let shown = await seat.salesforce.record(row.object, id: id).flatMap { CRMRow.person(in: $0[CRMRow.externalID]) }
        guard let person = row.person ?? shown else { return fail("\(process) writes \(row.object) \(id), which is nobody's") }
        // Deleted meanwhile: no webhook tells of it, and the change was made before.
        guard let contact = await seat.marketing.person(id: person) else { return }
        guard FieldsWitness.tags.isDisjoint(with: contact.tags.map { $0.lowercased() }) else { return }
        // Tandem's own tag may be on its way: of one asked for (IN-4), or made known by the CRM (OUT-4).
        let isExpected =
            seat.diary.events.contains { if case .asked(_, person) = $0.kind { true } else { false } }
            || written.withLock { $0.contains(person) }
        if !isExpected { fail("\(process) writes \(row.object) \(id), whose contact \(person) carries no tag of the profile") }
    }

    // MARK: To marketing

    func sees(_ call: MarketingCall, from process: String) async {
        let isTie = ["contactTags", "accountContacts"].contains(call.path.first)
        if call.method == "DELETE", !isTie { fail("\(process) sends DELETE \(call.path.joined(separator: "/"))") }
        for contact in call.contacts {
            if let id = contact.id {
                await checkLinked(id, process)
            } else if let email = contact.email {
                await checkSelected(email, process)
            }
        }
    }

    func sees(_ answer: MarketingAnswer?, to call: MarketingCall, of process: String) async {
        for contact in call.contacts where contact.id == nil {
            guard let email = contact.email else { continue }
            let found = await seat.marketing.contactID(email: email)
            if let id = answer?.contactID ?? found { written.withLock { _ = $0.insert(id) } }
        }
    }

    private func checkLinked(_ id: String, _ process: String) async {
        if written.withLock({ $0.contains(id) }) { return }
        for object in ["Contact", "Lead"] {
            if await seat.salesforce.records(object).contains(where: { CRMRow.person(in: $0[CRMRow.externalID]) == id }) {
                return
            }
        }
        // An import has no answer that tells whom it wrote; a record that was linked may be deleted by now.
        let isKnown = seat.diary.events.contains { event in
            switch event.kind {
            case .asked(_, id): true
            case .deleted, .merged, .converted: seat.diary.person(event.person).contactIDs.contains(id)
            default: false
            }
        }
        if isKnown { return }
        if await isImported(id) { return }
        // Found by the address, after an answer was lost.
        let mayBeLost = seat.diary.disturbances.contains(where: \.mayLoseMarketingAnswers)
        if mayBeLost, let email = await seat.marketing.person(id: id)?.email.lowercased(), await selection(of: email).isDue {
            return
        }
        fail("\(process) writes contact \(id), which is linked to nothing")
    }

    /// Whether nobody signed the contact up: then Tandem made it.
    private func isImported(_ id: String) async -> Bool {
        !seat.diary.events.contains { if case .signedUp(id) = $0.kind { true } else { false } }
    }

    /// A record must stand behind it that marketing is to know.
    private func checkSelected(_ email: String, _ process: String) async {
        let (isDue, ids) = await selection(of: email)
        if !isDue {
            fail("\(process) makes \(ids.isEmpty ? "nobody" : ids.joined(separator: ", ")) known, which is not selected")
        }
    }

    /// Whether marketing is to know a record with the address: one selected, or a live one that was linked before.
    private func selection(of email: String) async -> (isDue: Bool, records: [String]) {
        var ids: [String] = []
        for object in ["Contact", "Lead"] {
            for record in await seat.salesforce.records(object) where record["Email"]?.text?.lowercased() == email {
                if let id = record["Id"]?.text { ids.append(id) }
            }
        }
        let unselected = unselected
        if ids.contains(where: { !unselected.contains($0) }) { return (true, ids) }
        // The record may have got another address, or have gone, since it was read.
        let isKnown = seat.diary.people.contains { person in
            person.emails.contains { $0.lowercased() == email } && person.records.contains { !unselected.contains($0.id) }
        }
        return (isKnown, ids)
    }

    /// The records that users inserted and that marketing is not to know. Where marks select, so does whatever a user does to a
    /// record, if the org has the flow that marks it.
    private var unselected: Set<String> {
        let (events, setting) = (seat.diary.events, seat.setting)
        var inserted: [String: Timestamp] = [:]
        for event in events { if case .inserted(_, let id, false) = event.kind { inserted[id] = event.moment } }
        guard setting.contactSelection == .marked else { return Set(inserted.keys) }
        for event in events {
            switch event.kind {
            case .marked(_, let id): inserted[id] = nil
            case .merged(_, let id, _), .converted(_, let id), .undeleted(_, let id): if setting.marksEdits { inserted[id] = nil }
            case .inserted, .deleted, .asked, .signedUp, .contactDeleted: break
            }
        }
        let edited = seat.diary.edits.filter { edit in
            !edit.isSilent && inserted[edit.recordID].map { $0 < edit.moment } ?? false
        }
        return Set(inserted.keys).subtracting(setting.marksEdits ? edited.map(\.recordID) : [])
    }

    private func fail(_ what: String) { seat.referee.fail(.onlyDueWrites, what) }
}
