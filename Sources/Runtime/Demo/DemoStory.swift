import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore

/// What happens in the demo: people get to know the other side, then edits of every kind happen on both.
struct DemoStory: Sendable {
    let world: DemoWorld
    let people: [DemoPerson]
    let screen: DemoScreen

    var marketing: ActiveCampaignSandbox { world.playground.marketing }
    var salesforce: SalesforceSandbox { world.playground.salesforce }
    var store: Store { world.cluster.store }
    var fields: Playground.FieldIDs { world.playground.fields }

    /// Tells the story. Returns whether both vendors agree, or every difference is explained.
    func play() async throws -> Bool {
        await introduce()
        try await world.awaitFirstPoll()
        // Two thirds are in ActiveCampaign first, one third in Salesforce.
        let atMarketing = people.enumerated().filter { $0.offset % 3 != 2 }.map(\.element)
        let atCRM = people.enumerated().filter { $0.offset % 3 == 2 }.map(\.element)
        let contacts = try await sendToSalesforce(atMarketing)
        let records = try await sendToMarketing(atCRM)
        let told = try await playCampaign(records)
        try await editBothSides(contacts, records)
        try await reorganise(records)
        try await quarrel()
        try await reconcile(records)
        let verification = try await DemoVerification(world: world, activities: told).compare()
        try await report()
        await screen.line()
        try await explain(DemoPeople.contested.email, field: "Phone")
        for line in verification.lines { await screen.line(line) }
        return verification.isProven
    }

    private func introduce() async {
        let window = DemoWorld.window
        await screen.line("Tandem demo: ActiveCampaign ⇄ Salesforce, both emulated, on loopback HTTP.")
        await screen.line(
            "Shortened: inbound windows are \(window.records) records or \(window.interval) (10 minutes by default), polls")
        await screen.line(
            "come when the story wants them (every hour), the account takes \(DemoWorld.requestsPerSecond) requests a second (5),"
        )
        await screen.line("and a full run confirms drift after \(DemoWorld.driftSettling) (3 minutes).\n")
    }

    // MARK: Edits

    private func editBothSides(_ contacts: [String], _ records: DemoRecords) async throws {
        await screen.step("edits on both sides at once, some in conflict, some broken; then the scheduled poll")
        let edited = try await DemoEdits(world: world).make(contacts, records)
        try await world.settle(showProgress)
        let published = try await world.poll(showProgress)
        await screen.line("  \(edited.grouped) edits; the poll found \(published.grouped) records to deliver")
    }

    // MARK: Showing

    func showProgress() async throws {
        let now = world.cluster.clock.now()
        let outcomes = try await store.outcomeCounts(integration: Playground.integration)
        var waiting = try await store.tagDepth(integration: Playground.integration, now: now).waiting
        var parked = 0
        for direction in Direction.allCases {
            let depth = try await store.depth(integration: Playground.integration, direction: direction, now: now)
            waiting += depth.waiting
            parked += depth.parked
        }
        func count(_ outcome: String) -> String { outcomes[outcome, default: 0].grouped }
        await screen.progress(
            "→ Salesforce: \(count("created")) created, \(count("updated")) updated · "
                + "→ ActiveCampaign: \(count("marketing-created")) created, \(count("marketing-updated")) updated · "
                + "\(waiting.grouped) waiting, \(parked.grouped) parked")
    }

    /// A command as an operator would give it, and what it prints.
    func show(_ command: String, _ text: String) async {
        await screen.line("  tandem \(command)")
        for line in text.split(separator: "\n") { await screen.line("    \(line)") }
    }

    /// What `tandem run` prints of a run in the end.
    func line(_ run: Run) -> String { RunText.line(run, now: world.cluster.clock.now(), isTerminal: false) }

    private func report() async throws {
        let outcomes = try await store.outcomeCounts(integration: Playground.integration)
        let (crm, account) = (await salesforce.counters(), await marketing.counters())
        await screen.line("\nWhat became of it (outcome, records):")
        let words = outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.grouped)" }
        for line in words.wrapped(at: 110) { await screen.line("  \(line)") }
        for direction in Direction.allCases { try await showParked(direction) }
        await screen.line(
            "Salesforce API calls \(crm.apiCalls.grouped); ActiveCampaign requests \(account.apiCalls.grouped), of these "
                + "\(account.calls["POST /import/bulk_import", default: 0].grouped) bulk imports; refused for their pace: "
                + "\(account.throttled.grouped)")
    }

    /// What `tandem why` would tell an operator.
    private func explain(_ email: String, field: String) async throws {
        let question = "\(Playground.integration)/\(email)"
        guard let name = RecordName(question) else { return }
        let inquiry = RecordInquiry(store: store, connections: world.cluster.connections, now: world.cluster.clock.now())
        await show("why \(question) \(field)", try await inquiry.report(on: name, field: field).text)
    }

    /// One example for each reason.
    private func showParked(_ direction: Direction) async throws {
        let parked = try await store.parked(integration: Playground.integration, direction: direction, limit: 100_000)
        let examples = Dictionary(grouping: parked, by: \.error.code).sorted { $0.key < $1.key }
        for (code, rows) in examples {
            let example = rows[0]
            await screen.line(
                "  parked \(direction.rawValue): \(code) \(rows.count.grouped), such as \(example.key.object) "
                    + "\(example.key.recordID): \(example.error.message.prefix(70))")
        }
    }
}

extension [String] {
    /// Joined by separators into lines of at most so many characters.
    fileprivate func wrapped(at width: Int) -> [String] {
        reduce(into: []) { lines, word in
            if let last = lines.last, last.count + word.count + 3 <= width {
                lines[lines.count - 1] = "\(last) · \(word)"
            } else {
                lines.append(word)
            }
        }
    }
}
