import Contracts
import Store
import SyncCore

/// All that an examination judges by, gathered while nothing is under way.
struct CalmFacts: Sendable {
    var now: Timestamp
    /// What users did.
    var notes: Diary.Notes
    /// What both vendors hold, and held.
    var sides: Sides
    var books: Ledger.Books
    /// Whether a user's edit in the CRM marks the record as waiting for the next sync.
    var marksEdits: Bool
    /// Whether marks select contacts for marketing.
    var marksSelect: Bool
    /// Every link of the contacts by the contact's id, and what is parked with what error: Tandem's own explanations.
    var links: [String: [CRMObject: Link]] = [:]
    var parked: [RecordName: SyncError] = [:]

    /// The living records that name a living contact as their person. A lead whose person has a contact as well is left out, for
    /// its values do not flow then (IN-5).
    var pairs: [Pair] {
        let named = CRMObject.people.flatMap { object in
            (sides.records[object] ?? [:]).sorted { $0.key < $1.key }.compactMap { id, record -> Pair? in
                guard !record.isConverted, let contact = record.contactID, sides.contacts[contact] != nil else { return nil }
                return Pair(contactID: contact, record: RecordName(object, id))
            }
        }
        let contacts = Set(named.filter { $0.record.object == .contact }.map(\.contactID))
        return named.filter { $0.record.object == .contact || !contacts.contains($0.contactID) }
    }

    func record(_ name: RecordName) -> PersonState? { name.object.flatMap { sides.records[$0]?[name.id] } }

    func link(of pair: Pair) -> Link? { pair.record.object.flatMap { links[pair.contactID]?[$0] } }

    /// The contact that a record was paired with at that moment. One that came back from the recycle bin is paired with nobody.
    func partner(of record: RecordName, at moment: Timestamp) -> String? {
        let wasDeleted = notes.events.contains { event in
            if case .deleted(_, record.id) = event.kind { event.moment <= moment } else { false }
        }
        guard !wasDeleted, let contact = books.state(of: record, at: moment)?.contactID,
            books.state(of: RecordName(nil, contact), at: moment) != nil
        else { return nil }
        return contact
    }

    /// Why a pair may differ, if so; what Tandem says about it counts only if it is true.
    func excuse(for pair: Pair) -> String? {
        guard let contact = sides.contacts[pair.contactID], let record = record(pair.record) else { return "one of them is gone" }
        if contact[.email].isEmpty || record[.email].isEmpty { return "no address (GEN-2)" }
        if let link = link(of: pair), link.state == .ended, isTrue(link.endedBy, of: pair.record) { return "the link has ended" }
        if isRefused(RecordName(nil, pair.contactID)) || isRefused(pair.record) { return "a vendor refuses it" }
        if pair.record.object == .lead, let contact = links[pair.contactID]?[.contact], contact.state == .linked,
            let id = contact.crmID, isRefused(RecordName(.contact, id))
        {
            return "a vendor refuses the person's contact, which goes first"
        }
        return nil
    }

    /// Whether a record is parked for a reason that lies in the record, and a vendor did refuse one.
    func isRefused(_ name: RecordName) -> Bool {
        guard let error = parked[name], error.errorClass == .permanent else { return false }
        return !books.refusals.isEmpty || error.code == "ambiguous-match" || error.code == "required-field-missing"
    }

    /// Whether Tandem says that the contact's record of that object is gone, and it is.
    func hasEnded(_ contact: String, _ object: CRMObject) -> Bool {
        guard let link = links[contact]?[object], link.state == .ended, let id = link.crmID else { return false }
        return isTrue(link.endedBy, of: RecordName(object, id))
    }

    private func isTrue(_ reason: Link.EndReason?, of record: RecordName) -> Bool {
        notes.events.contains { event in
            switch (event.kind, reason) {
            case (.deleted(_, let id), .crmDeleted), (.merged(_, _, let id), .merged), (.merged(_, _, let id), .crmDeleted):
                id == record.id
            case (.converted(let id, _), .converted): id == record.id
            default: false
            }
        }
    }

    /// The person whose contact or record it is.
    func person(of name: RecordName) -> Int? {
        notes.people.values.sorted { $0.number < $1.number }.first { person in
            name.object == nil
                ? person.contactIDs.contains(name.id)
                    || sides.contacts[name.id].map { person.emails.contains($0[.email]) } ?? false
                : person.records.contains { $0.id == name.id }
        }?.number
    }
}

/// Something that is not as it must be.
struct Finding: Sendable, Hashable {
    var invariant: Invariant
    /// The records that it is about.
    var records: [RecordName]
    var text: String
}
