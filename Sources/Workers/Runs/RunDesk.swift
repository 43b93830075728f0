public import Contracts
public import Store
public import SyncCore

/// Takes orders for runs, from whomever they come: the topic of commands, the command line, a schedule.
public struct RunDesk: Sendable {
    private let store: Store

    public init(store: Store) { self.store = store }

    /// Begins a run. Throws a ``RunRefusal`` where there can be none now.
    public func begin(
        _ kind: RunKind, of integration: String, fields: [CRMObject: [String]] = [:], requestID: String, now: Timestamp
    ) async throws -> Run {
        guard let stored = try await store.integration(integration) else {
            throw RunRefusal(reason: "no integration is named \(integration)")
        }
        guard stored.state != .disconnected else { throw RunRefusal(reason: "\(integration) is disconnected") }
        if kind == .backfill { try check(fields, of: stored.settings) }
        switch try await store.beginRun(kind, of: integration, fields: fields, requestID: requestID, now: now) {
        case .begun(let run), .known(let run): return run
        case .refused(let active):
            let pause = active.pausedAt == nil ? active.state.rawValue : "paused"
            throw RunRefusal(
                reason: "run \(active.id) of \(integration) (\(active.kind.rawValue), \(pause)) is not over; runs do not overlap")
        }
    }

    private func check(_ fields: [CRMObject: [String]], of settings: IntegrationSettings) throws(RunRefusal) {
        guard fields.values.contains(where: { !$0.isEmpty }) else { throw RunRefusal(reason: "a backfill needs the fields") }
        for (object, names) in fields {
            let mapped = Set(settings.mappings(of: object).map { $0.crm.lowercased() })
            guard let name = names.first(where: { !mapped.contains($0.lowercased()) }) else { continue }
            throw RunRefusal(reason: "\(name) is not mapped for \(object.rawValue)")
        }
    }

    /// Steers a run, the one under way where none is named. Throws a ``RunRefusal``.
    public func steer(_ order: RunControl, run id: Int64? = nil, of integration: String, now: Timestamp) async throws -> Run {
        let found: Run? = if let id { try await store.run(id) } else { try await store.activeRun(of: integration) }
        guard let found, found.integration == integration else {
            throw RunRefusal(reason: id.map { "\(integration) has no run \($0)" } ?? "no run of \(integration) is under way")
        }
        return try await store.changeRun(found.id, now: now) { run throws(RunRefusal) in try run.obeying(order, now: now) }
    }
}
