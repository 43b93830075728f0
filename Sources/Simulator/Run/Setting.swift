import Contracts
import SyncCore
import Workers

/// What a run's world is like; thrown once per seed.
struct Setting: Sendable, Hashable {
    /// How many processes of each role there are to begin with; of runners and recorders none unless said so, of others one.
    var processes: [Role: Int] = [.gateway: 1, .inbound: 1, .outbound: 1]
    /// How far each process's clock is off.
    var skews: [String: Duration] = [:]
    /// How far the CRM server's clock is ahead.
    var crmSkew = Duration.zero
    var order = Scheduler.Order.any
    var window = BatchWindow(records: 100, interval: .seconds(600))
    var requestsPerSecond = 5
    var dailyLimit = 100_000
    /// Which CRM contacts become known to marketing; leads: every new one.
    var contactSelection = Selection.criteria(.rule(FieldRule(field: "LeadSource", .equals, ["Web"])))
    var accounts = AccountSync.off
    var opportunities = false
    /// Whether users' edits in the CRM mark the record *Waiting for next sync*.
    var marksEdits = true
    /// What runs may do, and from how many records on they read by bulk jobs.
    var runs = RunSettings()
    /// From how many waiting records on inbound writes by bulk jobs.
    var inboundBulkFrom = InboundSettings().bulkFrom
    /// Whether activities are copied to the CRM.
    var mirrorsActivities = false
    var lease = Duration.seconds(30)
    var pollInterval = Duration.seconds(180)

    /// Whether there are runs.
    var hasRunners: Bool { processes[.runner] ?? 0 > 0 }

    /// Whether activities are recorded.
    var hasRecorders: Bool { processes[.recorder] ?? 0 > 0 }

    /// The consumer groups of the processes.
    var groups: [String] {
        let topics = Topics()
        return [topics.inboundGroup, topics.outboundGroup] + (hasRunners ? [topics.runnerGroup] : [])
            + (hasRecorders ? [topics.activityGroup] : [])
    }

    /// Whether all processes have the same time, those that join later too.
    var hasOneClock: Bool { skews.values.allSatisfy { $0 == .zero } }

    /// The processes by name, sorted.
    var names: [(name: String, role: Role)] {
        Role.allCases.flatMap { role in
            let isOptional = role == .runner || role == .recorder
            let count = isOptional ? processes[role] ?? 0 : max(1, processes[role] ?? 1)
            return (0..<count).map { ("\(role.rawValue)-\($0 + 1)", role) }
        }
    }

    var drains: DrainSettings { DrainSettings(leaseTTL: lease, pollInterval: pollInterval) }
}
