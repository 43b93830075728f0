import Contracts
import SyncCore

/// Whether tags and sync status say what is so (IN-4, OUT-4, OUT-6).
struct MarkCheck: Sendable {
    let facts: CalmFacts

    func findings() -> [Finding] { status() + tagsOfAskings() + tagsOfConversions() + tagsOfMadeContacts() }

    /// OUT-6: a record in step shows it, and names its person.
    private func status() -> [Finding] {
        let shown = facts.pairs.filter { facts.excuse(for: $0) == nil }.compactMap { pair -> Finding? in
            guard let record = facts.record(pair.record), record.syncStatus != "Synced successfully" else { return nil }
            return Finding(
                invariant: .marksShown, records: [RecordName(nil, pair.contactID), pair.record],
                text: "the sync status is \(record.syncStatus.map { "\"\($0)\"" } ?? "blank")")
        }
        // Nothing is written to a lead whose person is a contact as well.
        let contacts = Set(facts.pairs.filter { $0.record.object == .contact }.map(\.contactID))
        let claims = facts.links.values.flatMap(\.values).filter { link in
            link.state == .linked && (link.object == .contact || link.object == .lead && !contacts.contains(link.marketingID))
        }
        let unnamed = claims.compactMap { link -> Finding? in
            let name = RecordName(link.object, link.crmID ?? "")
            guard let record = facts.record(name), !record.isConverted, facts.sides.contacts[link.marketingID] != nil,
                record.contactID != link.marketingID, !facts.isRefused(name), !isTaken(link.externalID, by: link.object)
            else { return nil }
            return Finding(
                invariant: .marksShown, records: [RecordName(nil, link.marketingID), name],
                text: "they are linked, and the record names \(record.contactID.map { "contact \($0)" } ?? "nobody")")
        }
        return shown + unnamed.sorted { $0.records.lexicographicallyPrecedes($1.records) }
    }

    /// A converted lead keeps its external ID, which then no other lead can have.
    private func isTaken(_ externalID: String, by object: CRMObject) -> Bool {
        (facts.sides.records[object] ?? [:]).values.contains { $0.isConverted && $0.externalID == externalID }
    }

    /// IN-4: the tag is given when the record is asked for.
    private func tagsOfAskings() -> [Finding] {
        facts.notes.events.compactMap { event in
            guard case .asked(let object, let contact) = event.kind else { return nil }
            return missing("added-to-salesforce-\(object)", of: contact, "a \(object) was asked for")
        }
    }

    /// OUT-4: after the conversion of a lead whose contact was known, that is what the contact's tags say.
    private func tagsOfConversions() -> [Finding] {
        conversions.flatMap { contact, moment, person in
            let text = "the lead was converted at \(moment.iso8601)"
            let missing = missing("salesforce-lead-converted-to-contact", of: contact, text)
            // A record that came later made the person known once more, and its tag stays.
            let isKnownAgain = facts.notes.events.contains { event in
                if case .inserted = event.kind { event.person == person && event.moment > moment } else { false }
            }
            guard !isKnownAgain else { return [missing].compactMap(\.self) }
            let stale = CRMObject.people.map { "created-from-salesforce-\($0)" }.compactMap { tag -> Finding? in
                guard facts.sides.contacts[contact]?.tags.contains(tag) == true else { return nil }
                return Finding(
                    invariant: .marksShown, records: [RecordName(nil, contact)], text: "\(text), and it has \(tag)")
            }
            return stale + [missing].compactMap(\.self)
        }
    }

    /// OUT-4: a contact that Tandem made says from what.
    private func tagsOfMadeContacts() -> [Finding] {
        let own = Set(facts.notes.events.compactMap { if case .signedUp(let id) = $0.kind { id } else { nil } })
        let converted = Set(conversions.map(\.contact))
        return facts.sides.contacts.keys.filter { !own.contains($0) && !converted.contains($0) }.sorted().compactMap { id in
            let tags = CRMObject.people.map { "created-from-salesforce-\($0)" }
            guard facts.sides.contacts[id]?.tags.isDisjoint(with: tags) == true, !saysConversion(id), !isUnheardOf(id) else {
                return nil
            }
            return Finding(
                invariant: .marksShown, records: [RecordName(nil, id)],
                text: "it was made from a CRM record and has none of \(tags)")
        }
    }

    /// Whether Tandem never heard of a contact it made, and could not find it either: the answer got lost, and before it could
    /// look a user changed the address it was made by.
    private func isUnheardOf(_ contact: String) -> Bool {
        let named = facts.books.entries.values.joined().contains { $0.state?.contactID == contact }
        guard !named, facts.links[contact] == nil, let made = facts.books.beginning(of: RecordName(nil, contact)) else {
            return false
        }
        return facts.notes.disturbances.contains { trouble in
            guard trouble.mayLoseMarketingAnswers, trouble.from <= made else { return false }
            let end = (trouble.until ?? facts.now).advanced(by: .seconds(600))
            return facts.notes.edits.contains {
                $0.side == .marketing && $0.recordID == contact && $0.field == .email && made < $0.seen && $0.seen <= end
            }
        }
    }

    /// Whether a contact's tag says that its lead was converted, and it was: it had the contact's address, or became a record
    /// that names the contact, though the lead itself may never have come to name it; or it took the place of the contact's lead.
    private func saysConversion(_ contact: String) -> Bool {
        guard facts.sides.contacts[contact]?.tags.contains("salesforce-lead-converted-to-contact") == true else { return false }
        return facts.notes.events.contains { event in
            guard case .converted(let lead, let id) = event.kind else { return false }
            let email = facts.books.state(of: RecordName(nil, contact), at: event.moment)?[.email]
            return facts.books.states(of: RecordName(.contact, id)).contains { $0.contactID == contact }
                || email != nil && facts.books.state(of: RecordName(.lead, lead), at: event.moment)?[.email] == email
                || tookOver(lead, from: contact)
        }
    }

    /// Whether a lead that named the contact was merged into that one.
    private func tookOver(_ lead: String, from contact: String) -> Bool {
        facts.notes.events.contains { event in
            guard case .merged(.lead, lead, let loser) = event.kind else { return false }
            return facts.books.states(of: RecordName(.lead, loser)).contains { $0.contactID == contact }
        }
    }

    /// The contacts whose lead was converted while it named them and they were there.
    private var conversions: [(contact: String, moment: Timestamp, person: Int)] {
        facts.notes.events.compactMap { event in
            guard case .converted(let lead, _) = event.kind,
                let contact = facts.partner(of: RecordName(.lead, lead), at: event.moment)
            else { return nil }
            return (contact, event.moment, event.person)
        }
    }

    private func missing(_ tag: String, of contact: String, _ reason: String) -> Finding? {
        guard let state = facts.sides.contacts[contact], !state[.email].isEmpty, !state.tags.contains(tag) else { return nil }
        return Finding(
            invariant: .marksShown, records: [RecordName(nil, contact)],
            text: "\(reason), and it does not have \(tag) but \(state.tags.sorted())")
    }
}
