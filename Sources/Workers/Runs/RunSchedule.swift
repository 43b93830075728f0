import Connectors
import Contracts
import Logging
import Store
import SyncCore

/// Begins the runs that nobody asks for: full ones by schedule (RUN-1), and backfills of fields that were mapped anew (MAP-8).
struct RunSchedule: Sendable {
    let integration: StoredIntegration
    let store: Store
    let clock: any WallClock
    let logger: Logger

    private var name: String { integration.settings.name }
    private var every: Int? { integration.settings.runs.fullEvery }

    /// Whether a run is to begin, or the settings are to be looked at.
    var isDue: Bool {
        get async throws(StoreError) {
            guard let plan = try await store.runPlan(of: name) else { return true }
            if plan.mapped != mapped || plan.fullEvery != every { return true }
            return plan.fullDueAt.map { $0 <= clock.now() } ?? false
        }
    }

    /// What cannot begin because another run is not over stays due.
    func begin(lease: Lease) async throws {
        let now = clock.now()
        guard var plan = try await store.runPlan(of: name) else {
            // What is mapped from the beginning goes along when people are made known.
            let due = every.map { now.advanced(by: .seconds($0 * 86_400)) }
            return try await store.saveRunPlan(
                RunPlan(mapped: mapped, fullEvery: every, fullDueAt: due), of: name, lease: lease, now: now)
        }
        let before = plan
        if plan.fullEvery != every {
            plan.fullEvery = every
            plan.fullDueAt = every.map { now.advanced(by: .seconds($0 * 86_400)) }
        }
        if plan.mapped != mapped, try await beginBackfill(of: fieldsMapped(since: plan)) { plan.mapped = mapped }
        if let due = plan.fullDueAt, due <= now, let every,
            try await begin(.full, requestID: "schedule/\(due.milliseconds)")
        {
            plan.fullDueAt = max(due, now.advanced(by: .seconds(-every * 86_400))).advanced(by: .seconds(every * 86_400))
        }
        if plan != before { try await store.saveRunPlan(plan, of: name, lease: lease, now: now) }
    }

    // MARK: Fields mapped anew

    private var mapped: [CRMObject: [String]] {
        var mapped: [CRMObject: [String]] = [:]
        for object in CRMObject.allCases {
            let names = Set(integration.settings.mappings(of: object).map(\.crm)).sorted()
            if !names.isEmpty { mapped[object] = names }
        }
        return mapped
    }

    private func fieldsMapped(since plan: RunPlan) -> [CRMObject: [String]] {
        mapped.mapValues { $0 }.reduce(into: [:]) { fields, entry in
            let known = Set(plan.mapped[entry.key] ?? [])
            let new = entry.value.filter { !known.contains($0) }
            if !new.isEmpty { fields[entry.key] = new }
        }
    }

    /// Whether nothing is left to begin: there is nobody to carry the fields over for, or a run does.
    private func beginBackfill(of fields: [CRMObject: [String]]) async throws -> Bool {
        guard !fields.isEmpty, !(try await store.linkSummary(integration: name).linked.isEmpty) else { return true }
        return try await begin(.backfill, fields: fields, requestID: "mapping/\(integration.revision)")
    }

    private func begin(
        _ kind: RunKind, fields: [CRMObject: [String]] = [:], requestID: String
    ) async throws(StoreError) -> Bool {
        let beginning = try await store.beginRun(kind, of: name, fields: fields, requestID: requestID, now: clock.now())
        if case .refused = beginning { return false }
        return true
    }
}
