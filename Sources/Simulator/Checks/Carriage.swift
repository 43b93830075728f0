import Contracts

/// What was seen to be read and carried, value by value, in plain form: all that the oracle of merges goes by besides what the
/// users did.
struct Carriage: Sendable {
    /// A record as a process was shown it.
    struct Reading: Sendable {
        var at: Timestamp
        var values: [PersonField: String]
        var isWaiting: Bool
        var person: String?
    }

    /// A value that Tandem gave a field.
    struct Carried: Sendable {
        var at: Timestamp
        var value: String
    }

    private struct Place: Hashable {
        var id: String
        var field: PersonField
    }

    /// Older readings are forgotten: nothing that is decided now goes by them.
    private static let memory = Duration.seconds(1200)

    private var readings: [String: [String: [Reading]]] = [:]
    private var toCRM: [Place: [Carried]] = [:]
    private var toMarketing: [Place: [Carried]] = [:]
    /// When a record was last shown to wait for the next sync.
    private(set) var waitingSeen: [String: Timestamp] = [:]

    // MARK: Reading

    mutating func note(_ row: CRMRow, shownTo process: String, at now: Timestamp) {
        guard row.object == "Contact" || row.object == "Lead" else { return }
        var values: [PersonField: String] = [:]
        for (name, value) in row.values { if let field = PersonField(crm: name) { values[field] = field.plain(value) } }
        var seen = (readings[process]?[row.id] ?? []).filter { now.since($0.at) < Self.memory }
        seen.append(Reading(at: now, values: values, isWaiting: row.isWaiting, person: row.person))
        readings[process, default: [:]][row.id] = seen
        if row.isWaiting { waitingSeen[row.id] = now }
    }

    func lastReading(of id: String, by process: String) -> Reading? { readings[process]?[id]?.last }

    /// When the process was last shown that value in one of these records.
    func lastReading(of ids: Set<String>, by process: String, field: PersonField, value: String) -> Timestamp? {
        ids.compactMap { id in readings[process]?[id]?.last { $0.values[field] == value }?.at }.max()
    }

    /// The records shown to the process that name the contact or have the address.
    func records(of contact: String?, email: String?, shownTo process: String) -> Set<String> {
        Set(
            (readings[process] ?? [:]).filter { _, seen in
                seen.contains { reading in
                    contact != nil && reading.person == contact || email != nil && reading.values[.email] == email
                }
            }.keys)
    }

    // MARK: Carrying

    mutating func carried(_ value: String, _ field: PersonField, toRecord id: String, at now: Timestamp) {
        toCRM[Place(id: id, field: field), default: []].append(Carried(at: now, value: value))
    }

    mutating func carried(_ value: String, _ field: PersonField, toContact id: String, at now: Timestamp) {
        toMarketing[Place(id: id, field: field), default: []].append(Carried(at: now, value: value))
    }

    func carried(_ field: PersonField, toRecord id: String) -> [Carried] { toCRM[Place(id: id, field: field)] ?? [] }

    func carried(_ field: PersonField, toContact id: String) -> [Carried] { toMarketing[Place(id: id, field: field)] ?? [] }
}
