import ArgumentParser
import Connectors
import Contracts
import Store
import SyncCore

/// `tandem schedule`: when changes in the CRM are looked for.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Shows, sets or removes the schedule by which CRM changes are looked for.",
        discussion: """
            Shows it when nothing else is asked for. The schedule is part of the integration's settings: applying its file \
            again brings the file's schedule back.
            """)

    /// What is to be done with the schedule.
    enum Order: Equatable {
        case show, remove, runNow
        case set(Schedule)
    }

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(help: "Runs at this interval (\(Schedule.intervals)), at once for the first time.")
    var every: String?

    @Option(help: "Runs once a day at this local time, e.g. 03:00.")
    var daily: String?

    @Option(help: "The time zone of --daily, e.g. Europe/Berlin.")
    var timeZone: String?

    @Flag(help: "Removes the schedule: changes in the CRM are not looked for any more.")
    var remove = false

    @Flag(help: "Makes the next run due at once.")
    var now = false

    func validate() throws { _ = try order() }

    func order() throws -> Order {
        guard [every != nil, daily != nil, remove, now].count(where: \.self) <= 1 else {
            throw ValidationError("say only one of --every, --daily, --remove and --now")
        }
        guard (daily == nil) == (timeZone == nil) else { throw ValidationError("--daily and --time-zone go together") }
        if let every {
            guard let schedule = Schedule(every: every) else {
                throw ValidationError("--every must be one of \(Schedule.intervals), not \"\(every)\"")
            }
            return .set(schedule)
        }
        if let daily, let timeZone {
            guard let schedule = Schedule(dailyAt: daily, timeZone: timeZone) else {
                throw ValidationError("--daily must be a time of day from 00:00 to 23:59, not \"\(daily)\"")
            }
            if let problem = schedule.problem { throw ValidationError(problem) }
            return .set(schedule)
        }
        return remove ? .remove : now ? .runNow : .show
    }

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        print(try await ScheduleDesk(store: store, now: SystemClock().now()).carryOut(try order(), for: name))
    }
}

/// Changes an integration's schedule, and tells how it stands.
struct ScheduleDesk {
    let store: Store
    let now: Timestamp

    func carryOut(_ order: ScheduleCommand.Order, for name: String) async throws -> String {
        let integration = try await store.known(name)
        switch order {
        case .show: break
        case .set(let schedule): try await set(schedule, integration.settings)
        case .remove: try await set(nil, integration.settings)
        case .runNow:
            guard integration.settings.outbound.schedule != nil else {
                throw CommandFailure(description: "\(name) has no schedule: set one with --every or --daily")
            }
            // One that has no state yet has its first run before it, which is due in any case.
            _ = try await store.makeDue(name, now: now)
        }
        return (["\(name)"] + (try await lines(of: try await store.known(name)))).joined(separator: "\n")
    }

    private func set(_ schedule: Schedule?, _ settings: IntegrationSettings) async throws(StoreError) {
        var settings = settings
        settings.outbound.schedule = schedule
        _ = try await store.apply(settings, now: now)
    }

    /// The schedule, the last run and the next one, a line each.
    func lines(of integration: StoredIntegration) async throws(StoreError) -> [String] {
        guard let schedule = integration.settings.outbound.schedule else {
            return ["  schedule  none: changes in the CRM are not looked for"]
        }
        let state = try await state(of: integration)
        return ["  schedule  \(schedule.text)"] + lastRun(state) + ["  next run  \(nextRun(integration, state))"]
    }

    /// When the next run is, in words.
    func nextRun(of integration: StoredIntegration) async throws(StoreError) -> String {
        guard integration.settings.outbound.schedule != nil else { return "none: there is no schedule" }
        return nextRun(integration, try await state(of: integration))
    }

    /// The state of another schedule says nothing of this one: the poller works it out anew.
    private func state(of integration: StoredIntegration) async throws(StoreError) -> ScheduleState? {
        let state = try await store.scheduleState(of: integration.settings.name)
        return state?.schedule == integration.settings.outbound.schedule ? state : nil
    }

    private func lastRun(_ state: ScheduleState?) -> [String] {
        guard let state else { return [] }
        let counts = "\(state.read) records read, \(state.published) to be delivered"
        if let started = state.startedAt { return ["  running   since \(started.iso8601), so far \(counts)"] }
        guard let finished = state.finishedAt else { return [] }
        return ["  last run  finished \(finished.iso8601), \(counts) (\(state.runs) in all)"]
    }

    private func nextRun(_ integration: StoredIntegration, _ state: ScheduleState?) -> String {
        guard integration.state == .active else { return "none while the integration is \(integration.state.rawValue)" }
        guard let next = state?.nextAt, next > now else { return "due now" }
        return next.iso8601
    }
}
