import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Workers

// What neither a webhook nor a poll can tell, and a full run finds (RUN-4).

extension DemoStory {
    /// A contact vanishes on either side, a value changes on either side, and nobody tells.
    func reconcile(_ records: DemoRecords) async throws {
        // The first one shows the activities.
        let victims = Array(try await linked(records.calm).dropFirst())
        guard victims.count >= 4 else { return await screen.step("too few people for changes that nobody tells of") }
        await salesforce.purge("Contact", id: victims[0].crmID)
        await marketing.deleteContact(victims[1].marketingID)
        await marketing.editSilently(victims[2].marketingID) { $0.phone = "+1 555 0177" }
        await salesforce.setSilently("Contact", id: victims[3].crmID, ["Phone": "+1 555 0188"])
        await screen.step(
            "unnoticed, on either side a contact goes (purged, deleted) and a phone number changes (by a formula, in a mass edit)"
        )
        let found = try await world.poll(showProgress)
        await screen.line("  no webhook comes, and the poll finds \(found.grouped) records")

        try await runInFull()
        let integration = try await integration()
        let desk = DriftDesk(
            integration: integration, store: store, connections: world.cluster.connections, clock: world.cluster.clock)
        guard let repaired = try await desk.repair(holder: "demo-drift", patience: .seconds(60)) else {
            throw DemoError("the workers did not let the drift be repaired")
        }
        await show(
            "drift \(Playground.integration) --repair", DriftText.repaired(repaired, of: Playground.integration))
        try await world.settle {}
        try await runInFull()
        let runs = try await store.runs(of: Playground.integration, limit: 10)
        await show("runs", RunText.table(runs, now: world.cluster.clock.now()))
    }

    private func runInFull() async throws {
        let name = Playground.integration
        let run = try await world.run(.full) {}
        await show("run full \(name)", line(run))
        await show("drift \(name)", try await DriftText.list(of: try await integration(), in: store, limit: 10))
    }

    private func integration() async throws -> StoredIntegration {
        guard let integration = try await store.integration(Playground.integration) else {
            throw DemoError("the integration is gone")
        }
        return integration
    }
}
