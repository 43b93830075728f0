import Contracts
import SyncCore

@testable import Sandbox

/// A person as marketing has them. Every value that is edited ends in its version.
struct CrowdPerson: Sendable, Equatable {
    /// Marketing's id.
    var id: String
    var object: CRMObject
    var email: String
    var firstName: String
    var lastName: String
    var phone: String
    var company: String

    /// What the CRM should have in the end.
    var expected: [String: SandboxValue] {
        var values: [String: SandboxValue] = [
            "Email": .string(email), "FirstName": .string(firstName), "LastName": .string(lastName), "Phone": .string(phone),
        ]
        if object == .lead { values["Company"] = .string(company) }
        return values
    }

    var tag: String { "added-to-salesforce-\(object.rawValue)" }
}

/// Something marketing tells about a person.
struct CrowdChange: Sendable {
    enum Kind: Sendable, Equatable {
        /// An automation asks for the person to be created.
        case create
        /// The person was edited; the names of the fields.
        case edit([String])
    }

    var kind: Kind
    /// The person after the change.
    var person: CrowdPerson
    var at: Timestamp
}

/// The people of a run, and what happens to them, round by round and always the same for a seed.
struct Crowd: Sendable {
    private(set) var people: [CrowdPerson] = []
    private var generator: SeededGenerator
    private var version = 0
    private var stale: [CrowdChange] = []

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// A round: `ids` arrive, the share `edited` of the others is edited once each, some of that is told twice, and some of
    /// the round before is told again, too late.
    mutating func round(arriving ids: [String], edited share: Double, at: Timestamp) -> [CrowdChange] {
        version += 1
        var changes: [CrowdChange] = []
        for index in people.indices where generator.unit() < share {
            let fields = edit(index)
            changes.append(CrowdChange(kind: .edit(fields), person: people[index], at: at))
        }
        let late = stale.filter { _ in generator.unit() < 0.2 }
        stale = changes
        for id in ids {
            let object: CRMObject = generator.unit() < 0.5 ? .contact : .lead
            let person = CrowdPerson(
                id: id, object: object, email: "person.\(id)@example.com", firstName: "First-\(id)-0", lastName: "Last-\(id)-0",
                phone: "555-\(id)-0", company: "Company \(id)")
            people.append(person)
            changes.append(CrowdChange(kind: .create, person: person, at: at))
        }
        let twice = changes.filter { _ in generator.unit() < 0.2 }
        return (changes + twice + late).shuffled(using: &generator)
    }

    private mutating func edit(_ index: Int) -> [String] {
        var fields: [String] = []
        let id = people[index].id
        if generator.unit() < 0.7 {
            people[index].phone = "555-\(id)-\(version)"
            fields.append("phone")
        }
        if fields.isEmpty || generator.unit() < 0.4 {
            people[index].lastName = "Last-\(id)-\(version)"
            fields.append("lastName")
        }
        if generator.unit() < 0.2 {
            people[index].firstName = "First-\(id)-\(version)"
            fields.append("firstName")
        }
        return fields
    }
}

/// Sees to it that no value in the CRM ever gives way to an older one.
actor VersionWatch {
    private static let fields = ["FirstName", "LastName", "Phone"]

    private let salesforce: SalesforceSandbox
    private var newest: [String: Int] = [:]
    private(set) var relapses: [String] = []

    init(salesforce: SalesforceSandbox) { self.salesforce = salesforce }

    func look() async {
        for object in ["Contact", "Lead"] {
            for record in await salesforce.records(object) {
                for field in Self.fields { compare(record[field]?.text, field, of: record["Id"]?.text ?? object) }
            }
        }
    }

    private func compare(_ value: String?, _ field: String, of id: String) {
        guard let version = value?.split(separator: "-").last.flatMap({ Int($0) }) else {
            return relapses.append("\(field) of \(id) has no value")
        }
        let known = newest["\(id) \(field)", default: 0]
        if version < known { relapses.append("\(field) of \(id) fell from version \(known) to \(version)") }
        newest["\(id) \(field)"] = max(version, known)
    }
}
