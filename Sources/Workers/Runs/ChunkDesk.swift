import Connectors
import Contracts
import EventLog
import Metrics
import Store
import SyncCore

/// What the reading of either side's chunks takes, and where it puts what it finds.
struct ChunkDesk: Sendable {
    /// Who publishes what runs find.
    static let source = "/tandem/sync-runner"

    let integration: StoredIntegration
    let run: Run
    let store: Store
    let connections: any Connections
    let schemas: PollSchemaCache
    let log: any EventLog
    let topics: Topics
    let clock: any WallClock
    let lease: Lease

    var settings: IntegrationSettings { integration.settings }
    var name: String { settings.name }

    /// Throws when the run's share of the CRM's calls is used up (IN-9), and ``PollInterrupted`` when the reading is to end.
    func checkStillWanted(readsCRM: Bool) async throws {
        guard !Task.isStopping, let current = try await store.integration(name), current.state == .active,
            current.revision == integration.revision
        else { throw PollInterrupted() }
        guard readsCRM else { return }
        try settings.crm.budget.allow(.backfill, by: try await store.usage(of: name), now: clock.now())
    }

    /// Puts changes onto a topic and keeps how far the chunk was read, in this order: what is published twice does no harm.
    func settle(
        _ chunk: inout RunChunk, publishing changes: [RecordChange], to topic: String, counts: RunCounts, seen: [UInt64],
        drifts: [Drift]
    ) async throws {
        try await ChangePublisher(log: log, topic: topic).publish(changes, from: Self.source)
        let isWanted = try await store.saveChunk(
            chunk, adding: counts, seen: seen, drifts: drifts, lease: lease, now: clock.now())
        chunk.counts = chunk.counts + counts
        count(counts)
        guard isWanted else { throw PollInterrupted() }
    }

    private func count(_ counts: RunCounts) {
        let outcomes = [("written", counts.written), ("skipped", counts.skipped), ("failed", counts.failed)]
        for (outcome, count) in outcomes where count > 0 {
            let dimensions = [("integration", name), ("kind", run.kind.rawValue), ("outcome", outcome)]
            Counter(label: "tandem_run_records_total", dimensions: dimensions).increment(by: count)
        }
    }
}
