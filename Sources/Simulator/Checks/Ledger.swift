import Connectors
import Contracts
import Foundation
import SyncCore
import Synchronization

/// A person's record on one of the sides.
struct RecordName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// `nil` for a contact in marketing.
    var object: CRMObject?
    var id: String

    init(_ object: CRMObject?, _ id: String) {
        self.object = object
        self.id = id
    }

    var description: String { "\(object?.rawValue ?? "person") \(id)" }

    static func < (left: RecordName, right: RecordName) -> Bool {
        (left.object?.rawValue ?? "", left.id.count, left.id) < (right.object?.rawValue ?? "", right.id.count, right.id)
    }
}

/// Two records that say of each other that they are one person.
struct Pair: Sendable, Hashable {
    var contactID: String
    var record: RecordName
}

/// Keeps what every person's record held and since when, looked up after each request that may have changed it, and what both
/// sides agreed on when everything was at rest last.
final class Ledger: Witness {
    struct Entry: Sendable, Hashable {
        var moment: Timestamp
        /// `nil`: it is gone.
        var state: PersonState?
    }

    struct Agreement: Sendable, Hashable {
        var moment: Timestamp
        var values: [PersonField: String]
    }

    struct Books: Sendable {
        var entries: [RecordName: [Entry]] = [:]
        var agreements: [Pair: Agreement] = [:]
        /// When a vendor refused a record.
        var refusals: [Timestamp] = []

        /// Every state that a record had, the oldest first.
        func states(of name: RecordName) -> [PersonState] { (entries[name] ?? []).compactMap(\.state) }

        /// Since when the record exists.
        func beginning(of name: RecordName) -> Timestamp? { entries[name]?.first { $0.state != nil }?.moment }

        /// What the record held at that moment.
        func state(of name: RecordName, at moment: Timestamp) -> PersonState? {
            entries[name]?.last { $0.moment <= moment }?.state
        }
    }

    /// What the CRM says of one record of many.
    private static let refusedRow = Data("\"success\":false".utf8)

    let seat: WitnessSeat
    private let state = Mutex(Books())

    init(seat: WitnessSeat) { self.seat = seat }

    var books: Books { state.withLock { $0 } }

    func arrives(_ request: HTTPRequest, at vendor: Vendor, from process: String) async {}

    /// Marketing takes in its imports with whatever request comes next; the CRM changes by writes alone.
    func answered(_ request: HTTPRequest, by vendor: Vendor, with answer: HTTPResponse?, to process: String) async {
        switch vendor {
        case .activeCampaign: note(contacts: await Sides.contacts(of: seat))
        case .salesforce where request.method != "GET": note(records: await Sides.records(of: seat.salesforce))
        case .salesforce: break
        }
        if let answer, Self.refuses(answer) { state.withLock { $0.refusals.append(seat.clock.now()) } }
    }

    /// Takes note of everything as it is now.
    func note(_ sides: Sides) {
        note(contacts: sides.contacts)
        note(records: sides.records)
    }

    /// Both sides agree on these values now.
    func settle(_ values: [Pair: [PersonField: String]]) {
        let now = seat.clock.now()
        state.withLock { $0.agreements = values.mapValues { Agreement(moment: now, values: $0) } }
    }

    private func note(contacts: [String: PersonState]) {
        note(contacts.map { (RecordName(nil, $0.key), $0.value) }, of: [nil])
    }

    private func note(records: [CRMObject: [String: PersonState]]) {
        let states = records.flatMap { object, rows in rows.map { (RecordName(object, $0.key), $0.value) } }
        note(states, of: Set(records.keys))
    }

    private func note(_ states: [(name: RecordName, state: PersonState)], of objects: Set<CRMObject?>) {
        let now = seat.clock.now()
        let present = Set(states.map(\.name))
        state.withLock { books in
            for (name, state) in states where books.entries[name]?.last?.state != state {
                books.entries[name, default: []].append(Entry(moment: now, state: state))
            }
            for name in books.entries.keys where objects.contains(name.object) && !present.contains(name) {
                guard books.entries[name]?.last?.state != nil else { continue }
                books.entries[name]?.append(Entry(moment: now, state: nil))
            }
        }
    }

    /// Whether the answer says of a record that it can not be, rather than of the call that it can not be now.
    private static func refuses(_ answer: HTTPResponse) -> Bool {
        if [400, 404, 409, 422].contains(answer.status) { return true }
        return answer.status < 300 && Data(answer.body).range(of: refusedRow) != nil
    }
}
