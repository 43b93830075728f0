import Connectors
import Contracts
import Logging
import Metrics
import Store
import SyncCore

/// Writes the recorded activities of one integration into the CRM, where its settings ask for it: as records of a custom object.
///
/// It is a copy: recording never waits for it, and what the CRM refuses is kept all the same. Activities come one by one, all day
/// long; they are gathered, so that the org's daily calls are not spent on them.
actor ActivityMirror {
    /// How long activities are gathered until they are enough for a call.
    static let interval = Duration.seconds(600)

    private let name: String
    private let store: Store
    private let connections: any Connections
    private let clock: any WallClock
    private let lease: LeaseKeeper
    private let logger: Logger
    private var pace: Pace
    /// Until when it waits after a failure.
    private var nextCall = Timestamp.distantPast

    init(
        integration name: String, holder: String, store: Store, connections: any Connections, clock: any WallClock,
        settings: DrainSettings, logger: Logger, jitter: @escaping @Sendable () -> Double
    ) {
        self.name = name
        self.store = store
        self.connections = connections
        self.clock = clock
        let logger = logger.naming(integration: name)
        self.logger = logger
        pace = Pace(settings, clock: clock, jitter: jitter, logger: logger)
        lease = LeaseKeeper(
            "activities/\(name)", holder: holder, store: store, clock: clock, ttl: settings.leaseTTL, logger: logger)
    }

    /// Writes what is due and says when to come back. Failures become waits; only a cancellation ends it.
    func turn() async -> NextTurn {
        do {
            return try await dueWork()
        } catch let error as SyncError {
            nextCall = pause(after: error)
            return .at(nextCall)
        } catch {
            return pace.failed(error, "the mirror of activities")
        }
    }

    private func dueWork() async throws -> NextTurn {
        let (now, pollAgain) = (clock.now(), pace.pollAgain)
        guard now >= nextCall else { return .at(nextCall) }
        guard let integration = try await store.integration(name), integration.state == .active,
            let object = integration.settings.activities.mirrorObject, try await !hasNone(now)
        else { return pollAgain }
        let mirror = try await connections.activityMirror(of: integration)
        guard try await isTime(mirror.activitiesPerCall, now) else { return pollAgain }
        try integration.settings.crm.budget.allow(.outbound, by: try await store.usage(of: name), now: now)
        return try await lease.hold { lease in
            try await self.write(through: mirror, into: object, lease: lease)
        } ?? pollAgain
    }

    private func hasNone(_ now: Timestamp) async throws(StoreError) -> Bool {
        try await store.mirrorBacklog(integration: name, limit: 1, now: now).count == 0
    }

    /// Whether there are enough for a call, or the first has waited long: for all recorders together, whoever makes the call.
    private func isTime(_ limit: Int, _ now: Timestamp) async throws(StoreError) -> Bool {
        let backlog = try await store.mirrorBacklog(integration: name, limit: limit, now: now)
        return backlog.count >= limit || backlog.since.map { now.since($0) >= Self.interval } ?? false
    }

    private func write(through mirror: any CRMActivityMirror, into object: String, lease: Lease) async throws -> NextTurn {
        let limit = mirror.activitiesPerCall
        // Another recorder may have written them a moment ago.
        guard try await isTime(limit, clock.now()) else { return pace.pollAgain }
        let tasks = try await store.mirrorTasks(integration: name, limit: limit, now: clock.now())
        let linked = tasks.filter { !$0.records.isEmpty }
        let errors = linked.isEmpty ? [] : await mirror.mirror(linked.map { $0.record(of: name) }, into: object)
        let failure = Self.failureOfAll(errors)
        let end = failure.map { pause(after: $0) }
        let unlinked = tasks.filter(\.records.isEmpty).map { (id: $0.activity.id, result: MirrorResult.unlinked) }
        let results = zip(linked, errors).map { (id: $0.activity.id, result: result(of: $0, $1, end)) }
        try await store.settleMirror(unlinked + results, lease: lease, now: clock.now())
        if let usage = await mirror.usage() {
            try await store.recordUsage(integration: name, used: usage.used, limit: usage.limit, at: usage.at)
        }
        report(errors)
        guard let end else {
            pace.succeeded()
            return .now
        }
        nextCall = end
        return .at(end)
    }

    /// What other activities would meet as well: the connection's trouble, the quota's, or the object's. One that the CRM gives to
    /// every activity is no activity's own, either.
    private static func failureOfAll(_ errors: [SyncError?]) -> SyncError? {
        if let error = errors.lazy.compactMap(\.self).first(where: \.concernsAll) { return error }
        let isOutage = errors.allSatisfy { $0?.errorClass == .transient }
        return isOutage ? errors.first ?? nil : nil
    }

    private func result(of task: MirrorTask, _ error: SyncError?, _ end: Timestamp?) -> MirrorResult {
        guard let error else { return .done }
        if let end { return .retry(at: end, error, countsAsAttempt: false) }
        if error.code == CRMActivity.goneRecordCode { return .astray(error) }
        let decision = pace.settings.retry.next(
            after: error, attempts: task.attempts + 1, now: clock.now(), jitter: pace.jitter())
        switch decision {
        case .retry(let moment): return .retry(at: moment, error, countsAsAttempt: true)
        case .park, .holdIntegration: return .park(error)
        }
    }

    /// Until when the mirror waits after a failure that is no activity's own.
    private func pause(after error: SyncError) -> Timestamp {
        logger.warning(
            "activities are not mirrored for now", metadata: ["code": "\(error.code)", "message": "\(error.message)"])
        if case .rateLimited(let until) = error.errorClass { return until }
        return pace.pause()
    }

    private func report(_ errors: [SyncError?]) {
        let failed = errors.count { $0 != nil }
        for (outcome, count) in [("written", errors.count - failed), ("failed", failed)] where count > 0 {
            Counter(label: "tandem_activities_mirrored_total", dimensions: [("outcome", outcome)]).increment(by: count)
        }
    }
}

extension SyncError {
    /// Whether other activities would meet it as well: the connection, the quota, or the object they are written into.
    fileprivate var concernsAll: Bool {
        switch errorClass {
        case .auth, .schema, .rateLimited: true
        case .transient, .lock, .permanent, .inDoubt: false
        }
    }
}

extension MirrorTask {
    fileprivate func record(of integration: String) -> CRMActivity {
        let details = activity.details
        let names = [Activity.Detail.campaignName, .automationName, .eventName, .subject, .url]
        let lines = Activity.Detail.allCases.compactMap { detail in details[detail].map { "\(detail.rawValue): \($0)" } }
        return CRMActivity(
            externalID: "\(integration):\(activity.marketingID):\(activity.activityID)", records: records,
            kind: activity.kind.rawValue, occurredAt: activity.occurredAt,
            subject: names.lazy.compactMap { details[$0] }.first ?? activity.kind.rawValue,
            details: lines.joined(separator: "\n"))
    }
}
