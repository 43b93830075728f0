import Contracts
import SyncCore

/// Whether every person is where they must be, once, and nowhere else.
struct ExistenceCheck: Sendable {
    let facts: CalmFacts

    func findings() -> [Finding] {
        twins() + strangeContacts() + strangeRecords() + overlookedRecords() + missingRecords() + missingContacts()
            + lostSuccessors()
    }

    // MARK: Too many

    /// Two contacts of one address, and two records of one object that name the same person.
    private func twins() -> [Finding] {
        let contacts = facts.sides.contacts.map { (name: RecordName(nil, $0.key), key: $0.value[.email]) }
        let records = facts.sides.records.flatMap { object, rows in
            rows.map { (name: RecordName(object, $0.key), key: "\(object) \($0.value.externalID ?? "")") }
        }
        let named = records.filter { facts.record($0.name)?.externalID != nil } + contacts.filter { !$0.key.isEmpty }
        return Dictionary(grouping: named, by: \.key).filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map { key, twins in
            Finding(invariant: .nothingTwice, records: twins.map(\.name).sorted(), text: "\(twins.count) records for \"\(key)\"")
        }
    }

    /// Contacts that no user made: each must be a selected CRM record's, which had no other before.
    private func strangeContacts() -> [Finding] {
        let own = Set(facts.notes.events.compactMap { if case .signedUp(let id) = $0.kind { id } else { nil } })
        return facts.books.entries.keys.filter { $0.object == nil && !own.contains($0.id) }.sorted().compactMap { name in
            guard let first = facts.books.states(of: name).first, let moment = facts.books.beginning(of: name) else { return nil }
            let sources = Set(selectedRecords + otherwiseSelected).sorted().filter {
                facts.books.states(of: $0).contains { $0[.email] == first[.email] }
            }
            guard !sources.isEmpty else {
                let text =
                    "it is in marketing since \(moment.iso8601) with \"\(first[.email])\", which no selected CRM record had"
                return Finding(invariant: .onlyDueWrites, records: [name], text: text)
            }
            let others = sources.map { facts.books.state(of: $0, at: moment)?.contactID }
            guard others.allSatisfy({ $0 != nil && $0 != name.id }), let other = others.compactMap(\.self).first else {
                return nil
            }
            let wasDeleted = isDeleted(contact: other, before: moment)
            let then = "it was made at \(moment.iso8601), when the record was contact \(other)'s"
            return Finding(
                invariant: wasDeleted ? .noResurrection : .nothingTwice, records: [name] + sources,
                text: wasDeleted ? "\(then), whom a user had deleted" : then)
        }
    }

    /// CRM records that no user made, sorted.
    private var strangers: [RecordName] {
        let own = Set(
            facts.notes.events.compactMap { event -> String? in
                switch event.kind {
                case .inserted(_, let id, _), .converted(_, let id): id
                default: nil
                }
            })
        return facts.books.entries.keys.filter { $0.object != nil && !own.contains($0.id) }.sorted()
    }

    /// Each CRM record that no user made must have been asked for, and each asking makes one at most.
    private func strangeRecords() -> [Finding] {
        let owners = Dictionary(grouping: strangers) { name in
            "\(name.object?.rawValue ?? "") \(facts.books.states(of: name).lazy.compactMap(\.contactID).first ?? "")"
        }
        return owners.sorted { $0.key < $1.key }.compactMap { _, names in
            guard let first = names.first, let object = first.object else { return nil }
            let owner = facts.books.states(of: first).lazy.compactMap(\.contactID).first
            let asked = askings.count { $0.object == object && $0.contact == owner }
            guard names.count > asked else { return nil }
            let text = "\(names.count) \(object)s were made for contact \(owner ?? "nobody"), asked for \(asked) times"
            let wasDeleted = names.contains { facts.record($0) == nil }
            let invariant: Invariant = asked == 0 ? .onlyDueWrites : wasDeleted ? .noResurrection : .nothingTwice
            return Finding(invariant: invariant, records: names, text: text)
        }
    }

    /// GEN-6: who is asked for is looked for by their address first, and the only unclaimed record that has it becomes theirs.
    private func overlookedRecords() -> [Finding] {
        strangers.compactMap { name in
            guard let first = facts.books.states(of: name).first, let moment = facts.books.beginning(of: name) else { return nil }
            let before = moment.advanced(by: .zero - Self.look)
            let unclaimed = facts.books.entries.keys.filter { other in
                other.object == name.object && [before, moment].allSatisfy { isUnclaimed(other, first[.email], at: $0) }
            }
            guard unclaimed.count == 1, let overlooked = unclaimed.first else { return nil }
            let text = "it was made at \(moment.iso8601) beside \(overlooked), which had \"\(first[.email])\" and was nobody's"
            return Finding(invariant: .nothingTwice, records: [name, overlooked], text: text)
        }
    }

    /// How long a decision may lie back when it is carried out.
    private static let look = Duration.seconds(600)

    private func isUnclaimed(_ name: RecordName, _ email: String, at moment: Timestamp) -> Bool {
        guard let state = facts.books.state(of: name, at: moment) else { return false }
        return state.contactID == nil && !state.isConverted && !email.isEmpty && state[.email] == email
    }

    // MARK: Too few

    /// IN-4: who was asked for is in the CRM, or was.
    private func missingRecords() -> [Finding] {
        askings.compactMap { object, contact, moment in
            guard let state = facts.sides.contacts[contact], !state[.email].isEmpty else { return nil }
            let name = RecordName(nil, contact)
            let isThere = facts.books.entries.keys.contains { record in
                record.object == object && facts.books.states(of: record).contains { $0.contactID == contact }
            }
            // One that a lead was converted into may have been deleted before it came to name the contact.
            guard !isThere, !facts.isRefused(name), !facts.hasEnded(contact, object) else { return nil }
            return Finding(
                invariant: .changesAppliedOrExplained, records: [name],
                text: "a \(object) was asked for at \(moment.iso8601) and never made")
        }
    }

    /// OUT-1: what is selected is known in marketing.
    private func missingContacts() -> [Finding] {
        selectedRecords.compactMap { name in
            guard let record = facts.record(name), !record.isConverted, !record[.email].isEmpty, !facts.isRefused(name),
                !isSecond(name, record), !isSucceededByContact(name), !isOfDeletedPerson(name)
            else { return nil }
            if let contact = record.contactID,
                facts.sides.contacts[contact] != nil || isDeleted(contact: contact, before: facts.now)
            {
                return nil
            }
            return Finding(
                invariant: .changesAppliedOrExplained, records: [name],
                text: "it is selected, has \"\(record[.email])\", and names contact \(record.contactID ?? "nobody")")
        }
    }

    /// Whether it was linked to a person whom a user deleted in marketing (OUT-8), perhaps before it could show whose it is.
    /// Tandem says which person that was, and counts only if it is true.
    private func isOfDeletedPerson(_ name: RecordName) -> Bool {
        facts.links.contains { contact, links in
            guard let link = name.object.flatMap({ links[$0] }), link.crmID == name.id, link.endedBy == .marketingDeleted else {
                return false
            }
            return isDeleted(contact: contact, before: facts.now)
        }
    }

    /// OUT-5: who was paired with a lead or a record that became another goes on with that one, unless either has a partner.
    private func lostSuccessors() -> [Finding] {
        facts.notes.events.compactMap { event in
            let (old, new): (RecordName, RecordName)
            switch event.kind {
            case .converted(let lead, let contact): (old, new) = (RecordName(.lead, lead), RecordName(.contact, contact))
            case .merged(let object, let winner, let loser): (old, new) = (RecordName(object, loser), RecordName(object, winner))
            default: return nil
            }
            guard let contact = facts.partner(of: old, at: event.moment), facts.sides.contacts[contact] != nil,
                let record = facts.record(new), !record.isConverted, !record[.email].isEmpty, !facts.isRefused(new),
                record.contactID.map({ facts.sides.contacts[$0] == nil }) ?? true,
                facts.partner(of: new, at: event.moment) == nil, !lostItsPerson(new, after: event.moment),
                !facts.pairs.contains(where: { $0.contactID == contact && [new.object, .contact].contains($0.record.object) }),
                !hasRefusedPartner(contact), !wasDeletedUnnamed(new, contact, after: event.moment)
            else { return nil }
            return Finding(
                invariant: .changesAppliedOrExplained, records: [RecordName(nil, contact), old, new],
                text: "contact \(contact)'s \(old) became \(new) at \(event.moment.iso8601), and nobody told it")
        }
    }

    /// Whether the record was deleted before it came to name the contact: when it is restored, nothing tells whose it is.
    private func wasDeletedUnnamed(_ name: RecordName, _ contact: String, after moment: Timestamp) -> Bool {
        !facts.books.states(of: name).contains { $0.contactID == contact }
            && facts.notes.events.contains { event in
                if case .deleted(_, name.id) = event.kind { event.moment >= moment } else { false }
            }
    }

    /// Whether the contact is linked to a CRM contact that cannot show it, because a vendor refuses it.
    private func hasRefusedPartner(_ contact: String) -> Bool {
        guard let link = facts.links[contact]?[.contact], link.state == .linked, let id = link.crmID else { return false }
        return facts.isRefused(RecordName(.contact, id)) || facts.isRefused(RecordName(nil, contact))
    }

    /// Whether a user deleted the record's person in marketing after that moment: until then nobody else could have it.
    private func lostItsPerson(_ name: RecordName, after moment: Timestamp) -> Bool {
        facts.links.contains { contact, links in
            guard let link = name.object.flatMap({ links[$0] }), link.crmID == name.id, link.endedBy == .marketingDeleted else {
                return false
            }
            return !isDeleted(contact: contact, before: moment) && isDeleted(contact: contact, before: facts.now)
        }
    }

    /// Whether a lead took over, by a merge, a person who is a contact as well: nothing is written to it then.
    private func isSucceededByContact(_ name: RecordName) -> Bool {
        facts.notes.events.contains { event in
            guard case .merged(.lead, name.id, let loser) = event.kind, name.object == .lead,
                let person = facts.partner(of: RecordName(.lead, loser), at: event.moment)
            else { return false }
            return facts.pairs.contains { $0.contactID == person && $0.record.object == .contact }
        }
    }

    /// Whether another record of the address has the person: one of the same object, or a contact, which goes before a lead.
    private func isSecond(_ name: RecordName, _ record: PersonState) -> Bool {
        let rivals = name.object == .lead ? CRMObject.people : [.contact]
        return rivals.contains { object in
            (facts.sides.records[object] ?? [:]).contains { id, other in
                id != name.id && other.contactID != nil && other[.email] == record[.email]
            }
        }
    }

    // MARK: What users did

    /// Selected when they were inserted, or marked since where marks select; a flow marks whatever users change.
    private var selectedRecords: [RecordName] {
        var selected: Set<RecordName> = []
        for event in facts.notes.events {
            switch event.kind {
            case .inserted(let object, let id, isSelected: true): selected.insert(RecordName(object, id))
            case .marked(.contact, let id) where facts.marksSelect: selected.insert(RecordName(.contact, id))
            case .merged(.contact, let id, _) where facts.marksSelect && facts.marksEdits:
                selected.insert(RecordName(.contact, id))
            default: break
            }
        }
        guard facts.marksSelect, facts.marksEdits else { return selected.sorted() }
        for edit in facts.notes.edits where edit.object == .contact && !edit.isSilent && !isFirst(edit) {
            selected.insert(RecordName(.contact, edit.recordID))
        }
        return selected.sorted()
    }

    /// Records that may be selected by what nobody did on purpose: every lead, whoever made it; and where marks select, a contact
    /// that a lead was converted into, which is marked if it was there before.
    private var otherwiseSelected: [RecordName] {
        let leads = facts.books.entries.keys.filter { $0.object == .lead }
        guard facts.marksSelect, facts.marksEdits else { return leads.sorted() }
        let contacts = facts.notes.events.compactMap { event in
            if case .converted(_, let contact) = event.kind { RecordName(.contact, contact) } else { nil }
        }
        return Set(leads + contacts).sorted()
    }

    /// Whether the record was made with the value.
    private func isFirst(_ edit: Diary.Edit) -> Bool {
        facts.notes.events.contains { event in
            if case .inserted(_, edit.recordID, _) = event.kind { event.moment == edit.moment } else { false }
        }
    }

    private var askings: [(object: CRMObject, contact: String, moment: Timestamp)] {
        facts.notes.events.compactMap { event in
            if case .asked(let object, let contact) = event.kind { (object, contact, event.moment) } else { nil }
        }
    }

    private func isDeleted(contact: String, before moment: Timestamp) -> Bool {
        facts.notes.events.contains { $0.kind == .contactDeleted(contact: contact) && $0.moment <= moment }
    }
}
