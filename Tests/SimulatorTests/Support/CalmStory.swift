import Contracts
import SyncCore

@testable import Simulator

/// What is known at a calm, told bit by bit; times in seconds.
struct CalmStory {
    var notes = Diary.Notes()
    var books = Ledger.Books()
    var parked: [RecordName: SyncError] = [:]

    init() { notes.mappings = [Diary.Mapping(moment: Timestamp(seconds: 0), variant: .standard)] }

    mutating func event(_ moment: Int64, _ kind: Diary.Event.Kind) {
        notes.events.append(Diary.Event(moment: Timestamp(seconds: moment), person: 1, kind: kind))
    }

    mutating func edit(_ moment: Int64, _ side: Side, _ id: String, _ field: PersonField, _ value: String) {
        let moment = Timestamp(seconds: moment)
        notes.edits.append(
            Diary.Edit(
                moment: moment, person: 1, side: side, recordID: id, object: side == .crm ? .contact : nil, field: field,
                value: value, seen: moment))
    }

    /// The record holds this from then on.
    mutating func holds(
        _ moment: Int64, _ object: CRMObject?, _ id: String, _ values: [PersonField: String], tags: Set<String> = [],
        externalID: String? = nil, status: String? = "Synced successfully", isConverted: Bool = false
    ) {
        let state = PersonState(
            values: values, tags: tags, externalID: externalID, syncStatus: object == nil ? nil : status,
            isConverted: isConverted)
        note(moment, RecordName(object, id), state)
    }

    mutating func isGone(_ moment: Int64, _ object: CRMObject?, _ id: String) { note(moment, RecordName(object, id), nil) }

    mutating func tag(_ contact: String, _ tags: Set<String>) {
        guard let last = books.entries[RecordName(nil, contact)]?.last, var state = last.state else { return }
        state.tags = tags
        books.entries[RecordName(nil, contact)]?.append(Ledger.Entry(moment: last.moment, state: state))
    }

    private mutating func note(_ moment: Int64, _ name: RecordName, _ state: PersonState?) {
        books.entries[name, default: []].append(Ledger.Entry(moment: Timestamp(seconds: moment), state: state))
    }

    var facts: CalmFacts {
        var sides = Sides(contacts: [:], records: [:])
        for (name, entries) in books.entries {
            guard let state = entries.last?.state else { continue }
            if let object = name.object {
                sides.records[object, default: [:]][name.id] = state
            } else {
                sides.contacts[name.id] = state
            }
        }
        var facts = CalmFacts(
            now: Timestamp(seconds: 1000), notes: notes, sides: sides, books: books, marksEdits: true, marksSelect: false)
        facts.parked = parked
        return facts
    }
}
