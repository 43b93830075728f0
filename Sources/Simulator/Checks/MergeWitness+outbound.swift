import Contracts

/// What may be written to marketing.
extension MergeWitness {
    /// So long after the last carriage nobody repeats it for want of an answer any more.
    private static let repetition = Duration.seconds(1800)

    /// - Parameters:
    ///   - present: What the contact's field holds now; `nil` when there is no contact.
    ///   - email: By which the contact is found.
    func judge(
        _ value: String, _ field: PersonField, over present: String?, of contact: String?, _ email: String?, _ process: String
    ) {
        // A contact's account is a matter of its own, told by name in some calls and by id in others.
        guard field != .company, value != present else { return }
        let records = records(of: contact, email: email, shownTo: process)
        let what = "\(process) writes \(field) \(value) to contact \(contact ?? "(new)")"
        guard let shown = carriage.lastReading(of: records, by: process, field: field, value: value) else {
            return fail("\(what), which no record of the person showed it")
        }
        guard let contact else { return }
        guard now.since(shown) < seat.setting.lease else { return }
        let sources = records.filter { carriage.lastReading(of: [$0], by: process, field: field, value: value) == shown }
        judgeAge(of: value, field, of: contact, sources, shown: shown, what)
        if let present { judgeLoss(of: present, field, to: value, of: contact, records, what) }
    }

    /// By the diary's word, and by the external IDs and addresses that the process was shown.
    private func records(of contact: String?, email: String?, shownTo process: String) -> Set<String> {
        let people = seat.diary.people.filter { person in
            contact.map(person.contactIDs.contains) ?? false
                || email.map { email in person.emails.contains { PersonField.email.plain($0) == email } } ?? false
        }
        return carriage.records(of: contact, email: email, shownTo: process).union(people.flatMap { $0.records.map(\.id) })
    }

    /// A user's value of a CRM record is not written over a newer one of it that was in marketing before.
    /// - Parameter records: Those in which the process was shown the value.
    private func judgeAge(
        of value: String, _ field: PersonField, of contact: String, _ records: Set<String>, shown: Timestamp, _ what: String
    ) {
        guard let edited = lastCRMEdit(of: field, to: value, in: records) else { return }
        for carried in carriage.carried(field, toContact: contact) where carried.at < shown && carried.value != value {
            guard let newer = lastCRMEdit(of: field, to: carried.value, in: records, until: carried.at),
                newer.recordID == edited.recordID, newer.seen > edited.seen.advanced(by: Self.sameTime)
            else { continue }
            return fail("\(what), though the newer \(carried.value) was there before")
        }
    }

    /// A value that both sides once had does not come back over what a user of marketing made of it since, when the CRM's users
    /// did nothing.
    ///
    /// Not judged: times of faults, for lost answers are repeated; a person who got other records meanwhile, or whose mapping is
    /// new, for there the CRM's values win; and records that waited for the next sync, whose values win, too.
    private func judgeLoss(
        of present: String, _ field: PersonField, to value: String, of contact: String, _ records: Set<String>, _ what: String
    ) {
        guard let edited = lastEdit(of: field, to: present, on: contact) else { return }
        let carried = carriage.carried(field, toContact: contact).filter { $0.value == value }.map(\.at)
        let agreed = carried + [lastEdit(of: field, to: value, on: contact)].compactMap(\.self)
        guard let agreed = agreed.filter({ $0 < edited }).max(), now.since(agreed) > Self.repetition else { return }
        let diary = seat.diary
        let since = agreed.advanced(by: .zero - Self.repetition)
        let person = diary.edits.last { $0.side == .marketing && $0.recordID == contact }?.person
        let isExcused =
            diary.isDisturbed(from: since, to: now) || diary.mappings.contains { $0.moment >= since }
            || diary.events.contains { $0.person == person && $0.moment >= since }
            || diary.edits.contains { $0.side == .crm && records.contains($0.recordID) && $0.field == field && $0.seen >= agreed }
            || records.contains { carriage.waitingSeen[$0].map { $0 >= since } ?? false }
        if !isExcused { fail("\(what) over \(present), which a user of marketing wrote since both sides had \(value)") }
    }

    private func lastCRMEdit(
        of field: PersonField, to value: String, in records: Set<String>, until moment: Timestamp = .distantFuture
    ) -> Diary.Edit? {
        seat.diary.edits.last {
            $0.side == .crm && records.contains($0.recordID) && $0.field == field && $0.seen <= moment
                && field.plain($0.value) == value
        }
    }
}
