import Contracts
import SyncCore

/// What may be written to the CRM.
extension MergeWitness {
    /// Edits so close to one another have one stamp, and either may be taken for the later one.
    static let sameTime = Duration.seconds(2)

    /// A record that is made holds what its contact held. How new the values are the examinations see to: the asking may be older
    /// than the last edit.
    func judgeCreation(_ row: CRMCall.Row, _ values: [(field: PersonField, value: String)], _ process: String) {
        guard let person = row.person else { return }
        for (field, value) in values where field != .company && !wasHeld(value, field, by: person) {
            fail("\(process) creates a \(row.object) with \(field) \(value), which contact \(person) never had")
        }
    }

    func judgeUpdate(_ row: CRMCall.Row, _ values: [(field: PersonField, value: String)], _ process: String) {
        guard let id = row.id else { return }
        guard let shown = carriage.lastReading(of: id, by: process) else {
            return fail("\(process) writes \(row.object) \(id) without having looked at it")
        }
        guard let person = row.person ?? shown.person else { return }
        if shown.isWaiting { fail("\(process) writes \(row.object) \(id), which it saw waiting for the next sync") }
        // A record that is adopted takes over what its new contact has, wherever that is from.
        let isAdopted = row.person != nil && shown.person == nil
        for (field, value) in values {
            let update = Update(
                process: process, object: row.object, id: id, person: person, field: field, value: value, shown: shown)
            if value == update.present { continue }
            if isAdopted { judgeOrigin(of: update) } else { judgeAge(of: update) }
            judgeConflict(in: update)
        }
    }

    /// A value on its way to a CRM record.
    struct Update {
        var process: String
        var object: String
        var id: String
        var person: String
        var field: PersonField
        var value: String
        /// The record as the process saw it last.
        var shown: Carriage.Reading

        /// What the CRM's field held then; `nil` when it was not asked for.
        var present: String? { shown.values[field] }
        var text: String { "\(process) writes \(field) \(value) to \(object) \(id)" }
    }

    private func judgeOrigin(of update: Update) {
        // An account's name need not be a user's of this person.
        guard update.field != .company, !wasHeld(update.value, update.field, by: update.person) else { return }
        fail("\(update.text), which contact \(update.person) never had")
    }

    /// It must be a user's, and the last one's of which Tandem knew.
    private func judgeAge(of update: Update) {
        let (field, value) = (update.field, update.value)
        guard let edited = lastEdit(of: field, to: value, on: update.person) else {
            guard field != .company else { return }
            guard wasHeld(value, field, by: update.person) else {
                return fail("\(update.text), which nobody ever gave contact \(update.person)")
            }
            // Another record of the person may have brought it to marketing: then it is news to this one.
            if usersWrote(value, field, toRecord: update.id),
                !wasBroughtBack(value, field, from: update.id, toContact: update.person)
            {
                fail("\(update.text), which Tandem itself took from there to contact \(update.person)")
            }
            return
        }
        guard now.since(update.shown.at) < seat.setting.lease else { return }
        for carried in carriage.carried(field, toRecord: update.id) where carried.at < update.shown.at && carried.value != value {
            guard let newer = lastEdit(of: field, to: carried.value, on: update.person, until: carried.at),
                newer > edited.advanced(by: Self.sameTime)
            else { continue }
            // Another record of the person may have won with the older value since, and brought it back to marketing.
            if carriage.carried(field, toContact: update.person).contains(where: { $0.value == value && $0.at > newer }) {
                continue
            }
            return fail("\(update.text), though the newer \(carried.value) was there before")
        }
        // Where marketing wins its value may come back: the CRM's was written over it before it was known.
        guard rules(for: field).allSatisfy({ $0 == .crmWins }) else { return }
        let overruled = carriage.carried(field, toContact: update.person).last { $0.at < update.shown.at && $0.value != value }
        guard let overruled, overruled.at > edited.advanced(by: Self.sameTime),
            usersWrote(overruled.value, field, toRecord: update.id)
        else { return }
        fail("\(update.text), though it lost to \(overruled.value) in marketing before")
    }

    /// What the CRM's users wrote, and marketing never had, stands.
    private func judgeConflict(in update: Update) {
        let (field, rules) = (update.field, rules(for: update.field))
        guard let present = update.present, !present.isEmpty else { return }
        if rules == [.fillEmptyOnly] { return fail("\(update.text), where \(present) was and only blanks are filled") }
        guard rules == [.crmWins], !wasHeld(present, field, by: update.person) else { return }
        if usersWrote(present, field, toRecord: update.id) {
            fail("\(update.text) over \(present), which a user of the CRM wrote and marketing never got")
        }
    }

    // MARK: What users did

    /// When a user last gave the contact's field that value.
    func lastEdit(
        of field: PersonField, to value: String, on contact: String, until moment: Timestamp = .distantFuture
    ) -> Timestamp? {
        seat.diary.edits.last {
            $0.side == .marketing && $0.recordID == contact && $0.field == field && $0.seen <= moment
                && field.plain($0.value) == value
        }?.seen
    }

    /// Whether an older value of the record was carried to the contact after a newer one: a process that stood still between its
    /// decision and its write did that, and no fence keeps a vendor from taking it. Nobody can tell it from a user's edit.
    private func wasBroughtBack(_ value: String, _ field: PersonField, from id: String, toContact contact: String) -> Bool {
        let carried = carriage.carried(field, toContact: contact).map(\.value)
        let written = seat.diary.edits.filter { $0.side == .crm && $0.recordID == id && $0.field == field }.map {
            field.plain($0.value)
        }
        guard carried.last == value, let place = written.lastIndex(of: value) else { return false }
        return written[place...].dropFirst().contains { carried.contains($0) }
    }

    /// Whether a user gave the CRM record's field that value.
    func usersWrote(_ value: String, _ field: PersonField, toRecord id: String) -> Bool {
        seat.diary.edits.contains {
            $0.side == .crm && $0.recordID == id && $0.field == field && field.plain($0.value) == value
        }
    }

    /// Whether the contact's field ever had the value, from whomever.
    func wasHeld(_ value: String, _ field: PersonField, by contact: String) -> Bool {
        lastEdit(of: field, to: value, on: contact) != nil
            || carriage.carried(field, toContact: contact).contains { $0.value == value }
    }

    /// The rules for conflicts of that field lately.
    func rules(for field: PersonField) -> Set<ConflictRule> { seat.rules(for: field, since: now.advanced(by: .seconds(-600))) }

    func fail(_ what: String) { seat.referee.fail(.mergesAgree, what) }
}
