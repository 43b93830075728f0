import Contracts
import Store
import SyncCore

@testable import Sandbox

/// A person as the CRM has it. Every value that is edited ends in its version.
struct CRMPerson: Sendable {
    /// The CRM record's.
    var id: String
    var object: CRMObject
    var email: String
    var firstName: String
    var lastName: String
    var phone: String
    var isSelected: Bool

    var salesforceName: String { object == .contact ? "Contact" : "Lead" }
    var tag: String { "created-from-salesforce-\(object.rawValue)" }
}

/// The CRM records of a run, and what happens to them, always the same for a seed.
struct CRMCrowd: Sendable {
    private(set) var people: [CRMPerson] = []
    private var generator: SeededGenerator
    private var version = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    var selected: [CRMPerson] { people.filter(\.isSelected) }

    mutating func moment() -> Strike.Moment { generator.unit() < 0.5 ? .beforeEffect : .afterEffect }

    /// So many records are created and so many of those before edited, by different people at once.
    mutating func change(_ salesforce: SalesforceSandbox, arriving: Int, edited: Int) async throws {
        version += 1
        for index in people.indices.shuffled(using: &generator).prefix(edited) {
            if generator.unit() < 0.6 { people[index].phone = "555-\(index)-\(version)" }
            people[index].lastName = "Last-\(index)-\(version)"
            let person = people[index]
            await salesforce.edit(
                person.salesforceName, id: person.id, ["LastName": .string(person.lastName), "Phone": .string(person.phone)])
        }
        for number in people.count..<people.count + arriving {
            people.append(try await insert(number, into: salesforce))
        }
    }

    private mutating func insert(_ number: Int, into salesforce: SalesforceSandbox) async throws -> CRMPerson {
        var person = CRMPerson(
            id: "", object: generator.unit() < 0.6 ? .contact : .lead, email: "record.\(number)@example.com",
            firstName: "First-\(number)-0", lastName: "Last-\(number)-0", phone: "555-\(number)-0", isSelected: true)
        var values: [String: SandboxValue] = [
            "FirstName": .string(person.firstName), "LastName": .string(person.lastName), "Email": .string(person.email),
            "Phone": .string(person.phone),
        ]
        if person.object == .lead {
            values["Company"] = .string("Company \(number)")
        } else {
            person.isSelected = generator.unit() < 0.9
            values["LeadSource"] = person.isSelected ? "Web" : "Other"
        }
        guard let id = await salesforce.insert(person.salesforceName, values) else {
            throw NeverHappened(description: "the org refused record \(number)")
        }
        person.id = id
        return person
    }

    /// The records that are not in step, each with what is wrong.
    func differences(_ world: CrashWorld) async -> [String] {
        let contacts = await world.marketing.people()
        let byEmail = Dictionary(grouping: contacts, by: \.value.email)
        var found: [String] = []
        for person in people {
            let own = byEmail[person.email] ?? []
            guard own.count == (person.isSelected ? 1 : 0) else {
                found.append("\(person.email) exists \(own.count) times")
                continue
            }
            guard let (id, contact) = own.first else { continue }
            for (name, held, wanted) in [
                ("firstName", contact.firstName, person.firstName), ("lastName", contact.lastName, person.lastName),
                ("phone", contact.phone, person.phone),
            ] where held != wanted {
                found.append("\(person.email) \(name): \(held), not \(wanted)")
            }
            if contact.tags != [person.tag] { found.append("\(person.email) has the tags \(contact.tags)") }
            let record = await world.salesforce.record(person.salesforceName, id: person.id) ?? [:]
            let key = Link.externalID(integration: CrashWorld.integration, marketingID: id)
            if record["Tandem_Id__c"]?.text != key || record["Tandem_Sync_Status__c"]?.text != "Synced successfully" {
                found.append("\(person.email): the record does not show that it is in step")
            }
        }
        return found
    }
}
