import Connectors
import Contracts
import Sandbox
import Store
import SyncCore

/// What happens in the demo: people are sent to Salesforce, then edits of every kind arrive.
struct DemoStory: Sendable {
    let world: DemoWorld
    let people: [DemoPerson]
    let screen: DemoScreen

    private var marketing: ActiveCampaignSandbox { world.playground.marketing }
    private var salesforce: SalesforceSandbox { world.playground.salesforce }
    private var store: Store { world.cluster.store }
    private var fields: Playground.FieldIDs { world.playground.fields }

    /// Tells the story. Returns whether both vendors agree, or every difference is explained.
    func play() async throws -> Bool {
        await screen.line("Tandem demo: ActiveCampaign → Salesforce, both emulated, on loopback HTTP.")
        let window = DemoWorld.window
        await screen.line("Shortened for the demo: a window is \(window.records) records or \(window.interval)")
        await screen.line(
            "(by default 10 minutes), the account takes \(DemoWorld.requestsPerSecond) requests a second (real ones 5).\n")
        let ids = try await importPeople()
        try await sendToSalesforce(ids)
        try await edit(ids)
        try await report()
        let verification = try await DemoVerification(world: world).compare()
        for line in verification.lines { await screen.line(line) }
        return verification.isProven
    }

    // MARK: Chapters

    private func importPeople() async throws -> [String] {
        let fields = fields
        await marketing.importContacts(
            people.map { person in
                ActiveCampaignSandbox.Person(
                    email: person.email, firstName: person.firstName, lastName: person.lastName, phone: person.phone,
                    account: person.company,
                    fields: [
                        fields.income: person.income, fields.birthDate: person.birthDate, fields.occupation: person.occupation,
                    ])
            })
        await marketing.addHook(
            url: world.hookURL(), events: ["subscribe", "update", "contact_tag_added", "contact_tag_removed"])
        let ids = await marketing.people().keys.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        // Some are in Salesforce already: they are linked by their email, not created a second time.
        var known = 0
        for (index, person) in people.enumerated() where (8...9).contains(index % 100) && !person.email.isEmpty {
            var values: [String: SandboxValue] = ["LastName": .string(person.lastName), "Email": .string(person.email)]
            if !index.isMultiple(of: 2) { values["Company"] = "Known before" }
            if await salesforce.insert(index.isMultiple(of: 2) ? "Contact" : "Lead", values) != nil { known += 1 }
        }
        await screen.step("\(ids.count.grouped) people are in ActiveCampaign, \(known.grouped) of them in Salesforce too")
        return ids
    }

    private func sendToSalesforce(_ ids: [String]) async throws {
        await screen.step("an automation sends them to Salesforce, half as contacts, half as leads")
        for (index, id) in ids.enumerated() {
            let action: AutomationAction.Action = index.isMultiple(of: 2) ? .createContact : .createLead
            await marketing.runAutomation(contact: id, step: .webhook(url: world.hookURL(action)))
        }
        try await world.settle(showProgress)
    }

    private func edit(_ ids: [String]) async throws {
        await screen.step("edits arrive, some in conflict with edits in Salesforce, some broken")
        try await editInSalesforce(ids)
        for (index, id) in ids.enumerated() { await editInMarketing(index, id) }
        try await world.settle(showProgress)
    }

    /// People at work in the CRM, before marketing's edits reach it.
    private func editInSalesforce(_ ids: [String]) async throws {
        for (index, id) in ids.enumerated() where (1...3).contains(index % 50) {
            guard let link = try await link(of: id), let crmID = link.crmID else { continue }
            let object = link.object == .contact ? "Contact" : "Lead"
            switch index % 50 {
            case 1: await salesforce.edit(object, id: crmID, ["Phone": .string("+1 555 7\(index)")])
            case 2:
                await salesforce.edit(object, id: crmID, ["Title": "Head of Purchasing", "Phone": "+1 555 2222"], asUser: false)
            default: await salesforce.edit(object, id: crmID, ["Phone": "+1 555 3333"], asUser: false)
            }
        }
    }

    private func editInMarketing(_ index: Int, _ id: String) async {
        guard let change = change(index) else { return }
        await marketing.editContact(id) { change.apply(to: &$0) }
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

    private func link(of id: String) async throws -> Link? {
        let links = try await store.links(integration: Playground.integration, marketingIDs: [id])[id] ?? [:]
        return links[.contact] ?? links[.lead]
    }

    // MARK: Showing

    private func showProgress() async throws {
        let now = world.cluster.clock.now()
        let outcomes = try await store.outcomeCounts(integration: Playground.integration)
        let depth = try await store.depth(integration: Playground.integration, direction: .inbound, now: now)
        let tags = try await store.tagDepth(integration: Playground.integration, now: now)
        func total(_ outcome: String) -> Int {
            outcomes.reduce(0) { $1.key == outcome || $1.key.hasPrefix("\(outcome):") ? $0 + $1.value : $0 }
        }
        let calls = await salesforce.counters().apiCalls
        await screen.progress(
            "created \(total("created").grouped) · updated \(total("updated").grouped) · parked \(depth.parked.grouped) · "
                + "waiting \(depth.waiting.grouped) · tags to give \(tags.waiting.grouped) · Salesforce calls \(calls.grouped)")
    }

    private func report() async throws {
        await screen.line()
        let outcomes = try await store.outcomeCounts(integration: Playground.integration)
        let counters = await salesforce.counters()
        let rows = outcomes.sorted { $0.key < $1.key }.map { [$0.key, $0.value.grouped] }
        await screen.line(TextTable(["OUTCOME", "RECORDS"], rows).text)
        let parked = try await store.parked(integration: Playground.integration, direction: .inbound, limit: 1000)
        if !parked.isEmpty {
            await screen.line("\nParked, by reason (one example each):")
            let examples = Dictionary(grouping: parked, by: \.error.code).sorted { $0.key < $1.key }
            await screen.line(
                TextTable(
                    ["CODE", "RECORDS", "EXAMPLE", "MESSAGE"],
                    examples.map { code, rows in
                        [code, rows.count.grouped, "contact \(rows[0].key.recordID)", rows[0].error.message]
                    }
                ).text)
        }
        let settled = outcomes.values.reduce(0, +)
        await screen.line(
            "\nSalesforce API calls: \(counters.apiCalls.grouped) for \(settled.grouped) settled changes, conflict reads included"
        )
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
