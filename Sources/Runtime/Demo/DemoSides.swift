import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Vendors

/// Both vendors' data as the emulators hold them, and what the store says about them, read once.
struct DemoSides {
    let people: [String: ActiveCampaignSandbox.Person]
    let companies: [String: ActiveCampaignSandbox.Account]
    /// The records of the custom object for opportunities, by the opportunity they stand for.
    let opportunities: [String: ActiveCampaignSandbox.CustomRecord]
    /// Records that are not deleted, by object and id.
    let records: [CRMObject: [String: [String: SandboxValue]]]
    /// Every link, the ended ones too, by object and CRM id.
    let links: [CRMObject: [Link]]
    let schemas: [CRMObject: FieldIndex]
    let settings: IntegrationSettings
    let fields: Playground.FieldIDs
    /// Why people and records differ that are parked or were skipped, by `marketing/id` and `object/id`.
    let excuses: [String: String]

    init(of world: DemoWorld) async throws {
        let name = Playground.integration
        let (store, playground) = (world.cluster.store, world.playground)
        guard let integration = try await store.integration(name) else { throw DemoError("the integration is gone") }
        let crm = try await world.cluster.connections.crm(of: integration)
        var records: [CRMObject: [String: [String: SandboxValue]]] = [:]
        var schemas: [CRMObject: FieldIndex] = [:]
        for object in CRMObject.allCases {
            let rows = await playground.salesforce.records(object.salesforceName)
            records[object] = Dictionary(rows.compactMap { row in row["Id"]?.text.map { ($0, row) } }, uniquingKeysWith: { $1 })
            schemas[object] = FieldIndex(try await crm.describe(object))
        }
        people = await playground.marketing.people()
        companies = await playground.marketing.accounts()
        let opportunities = await playground.marketing.customRecords("crm-opportunities")
        self.opportunities = Dictionary(
            opportunities.compactMap { record in record.externalID.map { ($0, record) } }, uniquingKeysWith: { $1 })
        links = try await Self.links(people: Array(people.keys), companies: Array(companies.keys), records, in: store)
        excuses = try await Self.excuses(people: people, records, links, in: store)
        self.records = records
        self.schemas = schemas
        settings = integration.settings
        fields = playground.fields
    }

    /// The links of everything either side has, each once.
    private static func links(
        people: [String], companies: [String], _ records: [CRMObject: [String: [String: SandboxValue]]], in store: Store
    ) async throws -> [CRMObject: [Link]] {
        var found: Set<Link> = []
        for links in try await store.links(integration: Playground.integration, marketingIDs: people + companies).values {
            found.formUnion(links.values)
        }
        for (object, rows) in records {
            let links = try await store.links(
                integration: Playground.integration, crmIDs: Array(rows.keys), object: object)
            found.formUnion(links.values)
        }
        return Dictionary(grouping: found, by: \.object)
    }

    private static func excuses(
        people: [String: ActiveCampaignSandbox.Person], _ records: [CRMObject: [String: [String: SandboxValue]]],
        _ links: [CRMObject: [Link]], in store: Store
    ) async throws -> [String: String] {
        let name = Playground.integration
        var excuses: [String: String] = [:]
        // A record without a link is explained by the last thing that happened to it.
        for object in CRMObject.people {
            let linked = Set((links[object] ?? []).filter { $0.state != .ended }.compactMap(\.crmID))
            for id in (records[object] ?? [:]).keys where !linked.contains(id) {
                let last = try await store.history(integration: name, crmID: id, object: object, limit: 1).first
                if let last, let code = last.code { excuses["\(object.rawValue)/\(id)"] = "\(last.outcome): \(code)" }
            }
        }
        for row in try await store.parked(integration: name, direction: .outbound, limit: Int(Int32.max)) {
            excuses["\(row.key.object)/\(row.key.recordID)"] = "parked: \(row.error.code)"
        }
        for row in try await store.parked(integration: name, direction: .inbound, limit: Int(Int32.max)) {
            excuses["marketing/\(row.key.recordID)"] = "parked: \(row.error.code)"
        }
        for (id, person) in people where person.email.isEmpty { excuses["marketing/\(id)"] = "skipped: no-email" }
        return excuses
    }

    // MARK: Values

    /// A marketing field of a person in text.
    func value(_ key: String, of person: ActiveCampaignSandbox.Person) -> String {
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

    /// Whether a CRM value and a marketing text mean the same through the mapping.
    func areEqual(_ text: String, _ crm: SandboxValue?, _ mapping: FieldMapping, _ object: CRMObject) -> Bool {
        guard let field = schemas[object]?[mapping.crm] else { return false }
        let marketing = try? mapping.value(from: .string(text), type: field.type)
        let value = try? convert(Self.json(crm), to: field.type, hints: ConversionHints())
        guard let marketing, let value else { return false }
        return field.type.areEqual(marketing, value)
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

extension CRMObject {
    var salesforceName: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}
