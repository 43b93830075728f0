import Playground
import Sandbox
import Store
import SyncCore

/// Edits of people on both sides at the same time, before either side hears of the other's.
struct DemoEdits: Sendable {
    let world: DemoWorld

    private var marketing: ActiveCampaignSandbox { world.playground.marketing }
    private var salesforce: SalesforceSandbox { world.playground.salesforce }
    private var fields: Playground.FieldIDs { world.playground.fields }

    /// Returns how many edits were made.
    /// - Parameters:
    ///   - contacts: The marketing ids of people who were there first.
    func make(_ contacts: [String], _ records: DemoRecords) async throws -> Int {
        var count = 0
        for (index, id) in contacts.enumerated() {
            if (1...3).contains(index % 50), let record = try await record(of: id) {
                await edit(record.object, record.id, index)
                count += 1
            }
            guard let change = change(index) else { continue }
            await marketing.editContact(id) { change.apply(to: &$0) }
            count += 1
        }
        for (object, ids) in [(CRMObject.contact, records.contacts), (.lead, records.leads)] {
            let links = try await world.cluster.store.links(integration: Playground.integration, crmIDs: ids, object: object)
            for (index, id) in ids.enumerated() where index % 25 < 5 {
                guard let person = links[id]?.marketingID else { continue }
                count += await quarrel(object, id, person, index)
            }
        }
        return count
    }

    // MARK: People of marketing

    /// People at work in the CRM.
    private func edit(_ object: CRMObject, _ id: String, _ index: Int) async {
        switch index % 50 {
        case 1: await salesforce.edit(object.salesforceName, id: id, ["Phone": .string("+1 555 7\(index)")])
        case 2: await edit(object, id, ["Title": "Head of Purchasing", "Phone": "+1 555 2222"])
        default: await edit(object, id, ["Phone": "+1 555 3333"])
        }
    }

    /// What marketing changes about the person with this number, if anything.
    private func change(_ index: Int) -> DemoEdit? {
        switch (index % 50, index % 100) {
        case (1, _): .lastName("Ignored")
        case (2, _): .field(fields.occupation, "Buyer")
        case (3, _): .phone("+1 555 4444")
        case (_, 4): .field(fields.income, "quite a lot")
        case (_, 5): .email("")
        case (_, 6): .field(fields.occupation, String(repeating: "Very long title ", count: 5))
        case (_, 7): .field(fields.income, "99,000,000")
        default: index.isMultiple(of: 10) ? .phone("+1 555 8\(index)") : nil
        }
    }

    // MARK: People of the CRM

    /// Both sides at one person; returns how many edits that were.
    private func quarrel(_ object: CRMObject, _ id: String, _ person: String, _ index: Int) async -> Int {
        let fields = fields
        switch index % 25 {
        case 0:
            // A user's edit marks the record: until the next sync marketing's are ignored (IN-6).
            await salesforce.edit(object.salesforceName, id: id, ["Phone": .string("+1 555 6\(index)")])
            await marketing.editContact(person) { $0.fields[fields.occupation] = "Ignored" }
        case 1:
            // Another system's does not: edits of different fields both survive.
            await edit(object, id, ["Phone": .string("+1 555 5\(index)")])
            await marketing.editContact(person) { $0.lastName += "-Smith" }
        case 2:
            await edit(object, id, ["Phone": "+1 555 1111"])
            await marketing.editContact(person) { $0.phone = "+1 555 9999" }
        case 3:
            await marketing.editContact(person) { $0.fields[fields.income] = "a fortune" }
            return 1
        default:
            // The link, not the email, tells who it is (GEN-6).
            await salesforce.edit(
                object.salesforceName, id: id, ["Email": .string("moved.\(object.rawValue).\(index)@example.com")])
            return 1
        }
        return 2
    }

    /// By another system than a user.
    private func edit(_ object: CRMObject, _ id: String, _ values: [String: SandboxValue]) async {
        await salesforce.edit(object.salesforceName, id: id, values, asUser: false)
    }

    private func record(of id: String) async throws -> (object: CRMObject, id: String)? {
        let links = try await world.cluster.store.links(integration: Playground.integration, marketingIDs: [id])[id] ?? [:]
        guard let link = links[.contact] ?? links[.lead], let crmID = link.crmID else { return nil }
        return (link.object, crmID)
    }
}

/// One edit in marketing.
private enum DemoEdit: Sendable {
    case email(String), lastName(String), phone(String)
    case field(String, String)

    func apply(to person: inout ActiveCampaignSandbox.Person) {
        switch self {
        case .email(let value): person.email = value
        case .lastName(let value): person.lastName = value
        case .phone(let value): person.phone = value
        case .field(let id, let value): person.fields[id] = value
        }
    }
}
