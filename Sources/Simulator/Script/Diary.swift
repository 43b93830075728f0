import Contracts
import SyncCore
import Synchronization

/// The two sides that users work on.
enum Side: String, Sendable, Hashable, CaseIterable {
    case marketing, crm
}

/// What users did in a run: the truth that the cluster's work is judged by. What Tandem and the vendors' own flows do is not in
/// it.
///
/// Time stands still between a deed and its note, so whatever is caused by the deed finds it noted.
final class Diary: Sendable {
    /// A user gave a field this value, also when the record was created with it.
    struct Edit: Sendable, Hashable {
        var moment: Timestamp
        var person: Int
        var side: Side
        /// The contact's id in marketing, or the CRM record's.
        var recordID: String
        /// `nil` in marketing.
        var object: CRMObject?
        var field: PersonField
        /// As the user typed it; in the CRM an income is a number of this text.
        var value: String
        /// When others could see it: later than `moment` for a transaction that commits late.
        var seen: Timestamp
        /// Neither a webhook nor a stamp tells of it: full runs find it.
        var isSilent = false
    }

    struct Event: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case signedUp(contact: String)
            case contactDeleted(contact: String)
            /// An automation asked for a record of that object (IN-4).
            case asked(CRMObject, contact: String)
            /// By a user in the CRM. `isSelected`: it is one that marketing is to know, by the selection of the settings.
            case inserted(CRMObject, id: String, isSelected: Bool)
            case marked(CRMObject, id: String)
            case deleted(CRMObject, id: String)
            case undeleted(CRMObject, id: String)
            case converted(lead: String, contact: String)
            case merged(CRMObject, winner: String, loser: String)
        }

        var moment: Timestamp
        var person: Int
        var kind: Kind
    }

    /// A CRM record of a person, whoever made it.
    struct Record: Sendable, Hashable {
        enum Origin: Sendable, Hashable {
            /// By a user.
            case inserted(isSelected: Bool)
            /// Out of a lead that was converted.
            case converted(lead: String)
            /// By Tandem; it was found by the person's address.
            case synced
        }

        enum State: Sendable, Hashable {
            case live, deleted
            case merged(into: String)
            case converted(contact: String)
        }

        var object: CRMObject
        var id: String
        var origin: Origin
        var state = State.live
    }

    /// A person as users know them.
    struct Person: Sendable, Hashable {
        var number: Int
        /// Their contact in marketing that exists, and all they ever had, oldest first.
        var contactID: String?
        var contactIDs: [String] = []
        /// Every address they ever had on either side, oldest first.
        var emails: [String] = []
        /// Every CRM record they ever had, oldest first.
        var records: [Record] = []

        /// The records that a user finds in the CRM.
        var liveRecords: [Record] { records.filter { $0.state == .live } }
    }

    /// A time in which something was made to go wrong, or was stopped by the manager; a moment for what has no length.
    struct Disturbance: Sendable, Hashable {
        enum Kind: String, Sendable, Hashable {
            case salesforce, marketing, sessions, quota, budget, process, membership, log, webhooks, pause
        }

        var kind: Kind
        var from: Timestamp
        /// `nil` while it lasts.
        var until: Timestamp?

        /// Whether what marketing answers may not get through to who asked.
        var mayLoseMarketingAnswers: Bool { kind == .marketing || kind == .process }
    }

    /// A page that somebody looked at.
    struct Visit: Sendable, Hashable {
        var moment: Timestamp
        var contactID: String
        var url: String
    }

    /// A mapping that the manager set.
    struct Mapping: Sendable, Hashable {
        var moment: Timestamp
        var variant: MappingVariant
    }

    /// All that was noted, each list in order of time.
    struct Notes: Sendable, Hashable {
        var people: [Int: Person] = [:]
        var edits: [Edit] = []
        var events: [Event] = []
        var visits: [Visit] = []
        var mappings: [Mapping] = []
        var disturbances: [Disturbance] = []
        /// When everything was quiet and was examined.
        var calms: [Timestamp] = []
    }

    private let state: Mutex<Notes>

    init() { state = Mutex(Notes()) }

    // MARK: Reading

    var notes: Notes { state.withLock { $0 } }
    var edits: [Edit] { state.withLock(\.edits) }
    var events: [Event] { state.withLock(\.events) }
    var mappings: [Mapping] { state.withLock(\.mappings) }
    var disturbances: [Disturbance] { state.withLock(\.disturbances) }
    var calms: [Timestamp] { state.withLock(\.calms) }
    /// Everyone, by number.
    var people: [Person] { state.withLock { $0.people.values.sorted { $0.number < $1.number } } }

    func person(_ number: Int) -> Person { state.withLock { $0.people[number] ?? Person(number: number) } }

    /// The mapping in force.
    var mapping: MappingVariant { state.withLock { $0.mappings.last?.variant ?? .standard } }

    /// Whether something was wrong or stopped at some moment between these two.
    ///
    /// - Parameter kinds: `nil` for any.
    func isDisturbed(from start: Timestamp, to end: Timestamp, by kinds: Set<Disturbance.Kind>? = nil) -> Bool {
        disturbances.contains { $0.from <= end && start <= $0.until ?? .distantFuture && kinds?.contains($0.kind) ?? true }
    }

    // MARK: Writing

    func note(_ edit: Edit) {
        state.withLock { notes in
            notes.edits.append(edit)
            guard edit.field == .email else { return }
            Self.update(edit.person, in: &notes) { if !$0.emails.contains(edit.value) { $0.emails.append(edit.value) } }
        }
    }

    func note(_ event: Event) {
        state.withLock { notes in
            notes.events.append(event)
            Self.update(event.person, in: &notes) { $0.apply(event.kind) }
        }
    }

    func note(_ visit: Visit) { state.withLock { $0.visits.append(visit) } }

    func note(_ mapping: Mapping) { state.withLock { $0.mappings.append(mapping) } }

    /// Notes a disturbance that begins; one of the same kind that lasts is over, for it is replaced.
    func note(_ disturbance: Disturbance) {
        state.withLock { notes in
            Self.end(disturbance.kind, at: disturbance.from, in: &notes)
            notes.disturbances.append(disturbance)
        }
    }

    func noteEnd(of kind: Disturbance.Kind, at moment: Timestamp) { state.withLock { Self.end(kind, at: moment, in: &$0) } }

    func noteCalm(at moment: Timestamp) { state.withLock { $0.calms.append(moment) } }

    /// A user comes upon a contact of that person that nobody signed up: Tandem made it.
    func noteFound(contact id: String, of person: Int) {
        state.withLock { Self.update(person, in: &$0) { $0.has(contact: id) } }
    }

    /// A user comes upon a CRM record of that person that nobody inserted: Tandem made it.
    func noteFound(_ object: CRMObject, id: String, of person: Int) {
        state.withLock { Self.update(person, in: &$0) { $0.has(Record(object: object, id: id, origin: .synced)) } }
    }

    private static func update(_ number: Int, in notes: inout Notes, _ change: (inout Person) -> Void) {
        change(&notes.people[number, default: Person(number: number)])
    }

    private static func end(_ kind: Disturbance.Kind, at moment: Timestamp, in notes: inout Notes) {
        for index in notes.disturbances.indices where notes.disturbances[index].kind == kind {
            let end = notes.disturbances[index].until ?? .distantFuture
            notes.disturbances[index].until = min(end, moment)
        }
    }
}

extension Diary.Person {
    fileprivate mutating func has(contact id: String) {
        if !contactIDs.contains(id) { contactIDs.append(id) }
        contactID = id
    }

    fileprivate mutating func has(_ record: Diary.Record) {
        if !records.contains(where: { $0.id == record.id }) { records.append(record) }
    }

    fileprivate mutating func apply(_ kind: Diary.Event.Kind) {
        switch kind {
        case .signedUp(let contact): has(contact: contact)
        case .contactDeleted(let contact): if contactID == contact { contactID = nil }
        case .inserted(let object, let id, let isSelected):
            has(Diary.Record(object: object, id: id, origin: .inserted(isSelected: isSelected)))
        case .deleted(_, let id): set(.deleted, of: id)
        case .undeleted(_, let id): set(.live, of: id)
        case .converted(let lead, let contact):
            set(.converted(contact: contact), of: lead)
            has(Diary.Record(object: .contact, id: contact, origin: .converted(lead: lead)))
        case .merged(_, let winner, let loser): set(.merged(into: winner), of: loser)
        case .asked, .marked: break
        }
    }

    private mutating func set(_ state: Diary.Record.State, of id: String) {
        for index in records.indices where records[index].id == id { records[index].state = state }
    }
}
