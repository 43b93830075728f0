import Connectors
import Contracts
import Sandbox
import Store
import SyncCore

/// Compares the two vendors field by field, from their own data, and asks the store to explain each difference.
struct DemoVerification {
    let world: DemoWorld

    struct Finding {
        var lines: [String]
        var isProven: Bool
    }

    /// Everything the comparison needs, read once.
    private struct Sides {
        var people: [String: ActiveCampaignSandbox.Person]
        var records: [CRMObject: [String: [String: SandboxValue]]]
        var links: [String: [CRMObject: Link]]
        var schemas: [CRMObject: FieldIndex]
        var mappings: MappingSet
        /// Marketing ids of records that are parked or were skipped, with the reason.
        var excused: [String: String]
    }

    func compare() async throws -> Finding {
        let sides = try await read()
        var tally = Tally()
        for (id, person) in sides.people {
            let links = (sides.links[id] ?? [:]).values.filter { $0.state == .linked }
            if links.isEmpty {
                tally.unlinked(id, excuse: sides.excused[id])
            }
            for link in links { compare(person, link, sides, &tally) }
        }
        checkRecords(sides, &tally)
        return tally.finding(people: sides.people.count)
    }

    private func compare(_ person: ActiveCampaignSandbox.Person, _ link: Link, _ sides: Sides, _ tally: inout Tally) {
        guard let record = link.crmID.flatMap({ sides.records[link.object]?[$0] }) else {
            tally.unexplained.append("\(link.object) \(link.crmID ?? "?") of contact \(link.marketingID) does not exist")
            return
        }
        for mapping in sides.mappings[link.object] {
            guard let field = sides.schemas[link.object]?[mapping.crm] else { continue }
            let text = Self.marketingValue(mapping.marketing, of: person, world.playground.fields)
            let marketing = try? mapping.value(from: .string(text), type: field.type)
            let crm = try? convert(Self.json(record[field.name]), to: field.type, hints: ConversionHints())
            if let marketing, let crm, field.type.areEqual(field.type.normalized(marketing), crm) {
                tally.equal += 1
            } else if link.overruled.contains(field.name) {
                tally.explained["the CRM won", default: 0] += 1
            } else if let excuse = sides.excused[link.marketingID] {
                tally.explained[excuse, default: 0] += 1
            } else {
                tally.unexplained.append("contact \(link.marketingID), \(link.object).\(field.name): marketing and CRM differ")
            }
        }
    }

    /// Nothing exists twice, and nothing exists that no link knows, but for what was there before.
    private func checkRecords(_ sides: Sides, _ tally: inout Tally) {
        for (object, records) in sides.records {
            let linked = sides.links.values.compactMap { $0[object]?.crmID }
            for (id, links) in Dictionary(grouping: linked, by: { $0 }) where links.count > 1 {
                tally.unexplained.append("\(object) \(id) is linked \(links.count) times")
            }
            for id in Set(records.keys).subtracting(linked) {
                tally.unexplained.append("\(object) \(id) exists without a link")
            }
        }
    }

    // MARK: Reading both sides

    private func read() async throws -> Sides {
        let name = Playground.integration
        let store = world.cluster.store
        guard let integration = try await store.integration(name) else { throw DemoError("the integration is gone") }
        let people = await world.playground.marketing.people()
        var records: [CRMObject: [String: [String: SandboxValue]]] = [:]
        var schemas: [CRMObject: FieldIndex] = [:]
        let crm = try await world.cluster.connections.crm(of: integration)
        for object in CRMObject.people {
            let rows = await world.playground.salesforce.records(object == .contact ? "Contact" : "Lead")
            records[object] = Dictionary(rows.compactMap { row in row["Id"]?.text.map { ($0, row) } }, uniquingKeysWith: { $1 })
            schemas[object] = FieldIndex(try await crm.describe(object))
        }
        var excused: [String: String] = [:]
        for row in try await store.parked(integration: name, direction: .inbound, limit: Int(Int32.max)) {
            excused[row.key.recordID] = "parked: \(row.error.code)"
        }
        for (id, person) in people where person.email.isEmpty { excused[id] = "skipped: no email" }
        return Sides(
            people: people, records: records, links: try await store.links(integration: name, marketingIDs: Array(people.keys)),
            schemas: schemas, mappings: integration.settings.mappings, excused: excused)
    }

    private static func marketingValue(
        _ key: String, of person: ActiveCampaignSandbox.Person, _ fields: Playground.FieldIDs
    ) -> String {
        switch key {
        case "email": person.email
        case "firstName": person.firstName
        case "lastName": person.lastName
        case "phone": person.phone
        case "accountName": person.account
        case "perstag:ANNUAL_INCOME": person.fields[fields.income] ?? ""
        case "perstag:BIRTH_DATE": person.fields[fields.birthDate] ?? ""
        default: person.fields[fields.occupation] ?? ""
        }
    }

    private static func json(_ value: SandboxValue?) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .integer(let number): .integer(number)
        case .number(let number): .double(number)
        case .bool(let flag): .boolean(flag)
        default: .null
        }
    }
}

/// What the comparison found.
private struct Tally {
    var equal = 0
    var explained: [String: Int] = [:]
    var unexplained: [String] = []
    private var unlinkedPeople: [String: Int] = [:]

    mutating func unlinked(_ id: String, excuse: String?) {
        if let excuse {
            unlinkedPeople[excuse, default: 0] += 1
        } else {
            unexplained.append("contact \(id) was sent to Salesforce and is not there")
        }
    }

    func finding(people: Int) -> DemoVerification.Finding {
        let differing = explained.values.reduce(0, +)
        var lines = [
            "", "Compared \((equal + differing + unexplained.count).grouped) fields of \(people.grouped) people:",
            "  \(equal.grouped) equal, \(differing.grouped) differ with an explanation, \(unexplained.count.grouped) without",
        ]
        lines += explained.sorted { $0.key < $1.key }.map { "  differs: \($0.key) \($0.value.grouped)" }
        lines += unlinkedPeople.sorted { $0.key < $1.key }.map { "  not in Salesforce: \($0.key) \($0.value.grouped)" }
        lines += unexplained.prefix(10).map { "  UNEXPLAINED: \($0)" }
        lines.append(
            unexplained.isEmpty ? "Proven: every difference is explained." : "FAILED: there are unexplained differences.")
        return DemoVerification.Finding(lines: lines, isProven: unexplained.isEmpty)
    }
}
