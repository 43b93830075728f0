import ArgumentParser
import Connectors
import Contracts
import Store
import SyncCore

/// `tandem status`: what waits, since when, and what is parked and why.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows what waits, since when, what is parked and why, and the CRM's API budget.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "Only this integration.")
    var name: String?

    @Option(help: "How many parked records to list per integration.")
    var parked = 20

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        let integrations = try await store.integrations().filter { name == nil || $0.settings.name == name }
        guard !integrations.isEmpty else {
            throw name.map(CommandFailure.noIntegration)
                ?? CommandFailure(description: "no integration is applied yet: 'tandem apply -f FILE'")
        }
        for integration in integrations {
            let status = try await IntegrationStatus(of: integration, in: store, parkedLimit: parked, now: SystemClock().now())
            print(status.text)
        }
    }
}

/// The state of one integration at one moment, as an operator reads it.
struct IntegrationStatus {
    let text: String

    init(of integration: StoredIntegration, in store: Store, parkedLimit: Int, now: Timestamp) async throws {
        let name = integration.settings.name
        let depth = try await store.depth(integration: name, direction: .inbound, now: now)
        let tags = try await store.tagDepth(integration: name, now: now)
        var lines = ["\(name)  \(integration.settings.profile.rawValue)  \(integration.state.rawValue)"]

        var waiting = "  inbound   \(depth.waiting) waiting"
        if let oldest = depth.oldest { waiting += ", the oldest since \(oldest.iso8601) (\(Self.age(oldest, now)))" }
        if let next = depth.nextAttempt { waiting += ", next retry \(next.iso8601)" }
        lines.append(waiting)
        if tags.waiting + tags.parked > 0 {
            lines.append("  tags      \(tags.waiting) waiting, \(tags.parked) parked")
            lines += try await store.parkedTags(integration: name, limit: parkedLimit).map {
                "    contact \($0.contactID) did not get \($0.tag): \($0.error.code): \($0.error.message)"
            }
        }
        if let hold = try await store.hold(of: name, direction: .inbound), hold.isActive(at: now) {
            let until = hold.until.map { "until \($0.iso8601)" } ?? "until it is applied again or retried"
            lines.append("  on hold   \(until): \(hold.reason.code): \(hold.reason.message)")
        }
        if let usage = try await store.usage(of: name) {
            let share = usage.limit > 0 ? usage.used * 100 / usage.limit : 0
            lines.append("  API calls \(usage.used) of \(usage.limit) in the CRM's day (\(share) %), as of \(usage.at.iso8601)")
        }
        let outcomes = try await store.outcomeCounts(integration: name)
        if !outcomes.isEmpty {
            lines.append(
                "  settled   " + outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        }
        if depth.parked > 0 {
            lines.append("  parked    \(depth.parked)")
            let rows = try await store.parked(integration: name, direction: .inbound, limit: parkedLimit)
            let table = TextTable(
                ["    RECORD", "SINCE", "CODE", "REASON"],
                rows.map { ["    \($0.key.object)/\($0.key.recordID)", $0.since.iso8601, $0.error.code, $0.error.message] })
            lines.append(table.text)
            if depth.parked > rows.count { lines.append("    … and \(depth.parked - rows.count) more") }
        }
        text = lines.joined(separator: "\n")
    }

    private static func age(_ since: Timestamp, _ now: Timestamp) -> String {
        let seconds = max(0, now.since(since).components.seconds)
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) days"
        }
    }
}
