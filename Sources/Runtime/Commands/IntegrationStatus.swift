import Contracts
import Store
import SyncCore

/// The state of one integration at one moment, as an operator reads it.
struct IntegrationStatus {
    let text: String

    init(of integration: StoredIntegration, in store: Store, parkedLimit: Int, now: Timestamp) async throws {
        let report = StatusReport(integration: integration, store: store, parkedLimit: parkedLimit, now: now)
        text = try await report.lines().joined(separator: "\n")
    }
}

/// Gathers the lines of a status, one subject after the other.
private struct StatusReport {
    /// Values seen again that Tandem had written itself; counted, but no outcome of a record.
    private static let echoes = ["echo-suppressed": "echo_suppressed", "echo-near-miss": "echo_near_miss"]

    let integration: StoredIntegration
    let store: Store
    let parkedLimit: Int
    let now: Timestamp

    private var name: String { integration.settings.name }

    func lines() async throws -> [String] {
        var lines = ["\(name)  \(integration.settings.profile.rawValue)  \(integration.state.rawValue)"]
        lines += try await setUp()
        lines += try await queue(.inbound) + (try await queue(.outbound)) + imports() + bulkWrites() + tags()
        lines += try await ScheduleDesk(store: store, now: now).lines(of: integration)
        lines += try await runs()
        for direction in Direction.allCases { lines += try await hold(direction) }
        lines += try await links() + activities() + usage() + outcomes()
        for direction in Direction.allCases { lines += try await parked(direction) }
        return lines
    }

    /// CON-2. A connection counts as made when its secrets are there and the vendor did not refuse them last.
    private func setUp() async throws -> [String] {
        let settings = integration.settings
        var hasSecrets = true
        for secret in settings.neededSecrets { hasSecrets = try await store.secret(secret, of: name) != nil && hasSecrets }
        var isRefused = false
        for direction in Direction.allCases {
            isRefused = try await store.hold(of: name, direction: direction)?.reason.errorClass == .auth || isRefused
        }
        let steps = [
            ("connections", hasSecrets && !isRefused),
            ("field mapping", CRMObject.people.contains { !settings.mappings[$0].isEmpty }),
            ("outbound settings", settings.outbound.schedule != nil && !settings.outbound.selection.isEmpty),
            // A panel needs a token to ask with.
            ("activity panel", try await store.secret(.panelToken, of: name) != nil),
        ]
        return ["  set-up    " + steps.map { "\($0.0) \($0.1 ? "done" : "not done")" }.joined(separator: ", ")]
    }

    private func queue(_ direction: Direction) async throws -> [String] {
        let depth = try await store.depth(integration: name, direction: direction, now: now)
        var line = "  \(Self.label(direction.rawValue))\(depth.waiting) waiting"
        if let oldest = depth.oldest { line += ", the oldest since \(oldest.iso8601) (\(Self.age(oldest, now)))" }
        if let next = depth.nextAttempt { line += ", next retry \(next.iso8601)" }
        return [line]
    }

    private func imports() async throws -> [String] {
        let jobs = try await store.imports(integration: name)
        guard let oldest = jobs.map(\.startedAt).min() else { return [] }
        let people = jobs.map(\.rows.count).reduce(0, +)
        return ["  imports   \(jobs.count) under way with \(people) people, the oldest since \(oldest.iso8601)"]
    }

    private func bulkWrites() async throws -> [String] {
        let bulks = try await store.bulkWrites(integration: name)
        guard let oldest = bulks.map(\.startedAt).min() else { return [] }
        return ["  bulk jobs \(bulks.count) under way, the oldest since \(oldest.iso8601)"]
    }

    private func tags() async throws -> [String] {
        let tags = try await store.tagDepth(integration: name, now: now)
        guard tags.waiting + tags.parked > 0 else { return [] }
        let parked = try await store.parkedTags(integration: name, limit: parkedLimit).map { tag in
            let failure = tag.action == .add ? "did not get" : "did not lose"
            return "    contact \(tag.contactID) \(failure) \(tag.tag): \(tag.error.code): \(tag.error.message)"
        }
        return ["  tags      \(tags.waiting) waiting, \(tags.parked) parked"] + parked
    }

    /// The run under way or else the last one, and the drift that is known.
    private func runs() async throws -> [String] {
        var lines = try await store.runs(of: name, limit: 1).map { run in
            "  run       " + RunText.line(run, now: now, isTerminal: false)
        }
        if let due = try await store.runPlan(of: name)?.fullDueAt { lines.append("  full run  next \(due.iso8601)") }
        let drifts = try await store.driftCount(integration: name)
        if drifts > 0 { lines.append("  drift     \(drifts) values: 'tandem drift \(name)'") }
        return lines
    }

    private func hold(_ direction: Direction) async throws -> [String] {
        guard let hold = try await store.hold(of: name, direction: direction), hold.isActive(at: now) else { return [] }
        let until = hold.until.map { "until \($0.iso8601)" } ?? "until it is applied again or retried"
        return ["  on hold   \(direction.rawValue) \(until): \(hold.reason.code): \(hold.reason.message)"]
    }

    private func links() async throws -> [String] {
        let summary = try await store.linkSummary(integration: name)
        guard !summary.linked.isEmpty || summary.ended > 0 else { return [] }
        let linked = summary.linked.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
        var line = "  linked    " + (linked + ["ended \(summary.ended)"]).joined(separator: ", ")
        if summary.frozenFields > 0 { line += ", frozen fields \(summary.frozenFields)" }
        return [line]
    }

    private func activities() async throws -> [String] {
        let counts = try await store.activityCounts(integration: name)
        guard !counts.isEmpty else { return [] }
        let kinds = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
        return ["  activity  \(counts.values.reduce(0, +)) kept: " + kinds.joined(separator: ", ")] + (try await mirror())
    }

    private func mirror() async throws -> [String] {
        let depth = try await store.mirrorDepth(integration: name)
        guard depth.waiting + depth.parked > 0 else { return [] }
        let reason = depth.error.map { ", the last refusal \($0.code): \($0.message)" } ?? ""
        return ["            \(depth.waiting) wait to be copied to the CRM, \(depth.parked) parked\(reason)"]
    }

    private func usage() async throws -> [String] {
        guard let usage = try await store.usage(of: name) else { return [] }
        let (budget, share) = (integration.settings.crm.budget, usage.limit > 0 ? usage.used * 100 / usage.limit : 0)
        let waits = APIBudget.Work.allCases.map { work in
            let forecast = budget.forecast(for: work, usage).map { ", at this rate \($0.iso8601)" } ?? ""
            return "\(work.rawValue) waits from \(budget.share(of: work)) % on\(forecast)"
        }
        return [
            "  API calls \(usage.used) of \(usage.limit) in the CRM's day (\(share) %), as of \(usage.at.iso8601)",
            "            " + waits.joined(separator: "; "),
        ]
    }

    private func outcomes() async throws -> [String] {
        let counts = try await store.outcomeCounts(integration: name)
        let settled = counts.filter { Self.echoes[$0.key] == nil }
        let echoes = Self.echoes.compactMap { key, name in counts[key].map { "\(name) \($0)" } }
        var lines: [String] = []
        if !settled.isEmpty {
            let texts = settled.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            lines.append("  settled   " + texts.joined(separator: ", "))
        }
        if !echoes.isEmpty { lines.append("  echoes    " + echoes.sorted().joined(separator: ", ")) }
        return lines
    }

    private func parked(_ direction: Direction) async throws -> [String] {
        let count = try await store.depth(integration: name, direction: direction, now: now).parked
        guard count > 0 else { return [] }
        let rows = try await store.parked(integration: name, direction: direction, limit: parkedLimit)
        let table = TextTable(
            ["    RECORD", "SINCE", "CODE", "REASON"],
            rows.map { ["    \($0.key.object)/\($0.key.recordID)", $0.since.iso8601, $0.error.code, $0.error.message] })
        let more = count > rows.count ? ["    … and \(count - rows.count) more"] : []
        return ["  parked    \(direction.rawValue) \(count)", table.text] + more
    }

    private static func label(_ name: String) -> String { name + String(repeating: " ", count: max(1, 10 - name.count)) }

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

extension IntegrationSettings {
    /// The secrets without which the connections cannot work.
    fileprivate var neededSecrets: [SecretName] {
        let crm: SecretName =
            switch self.crm.flow {
            case .refreshToken: .crmRefreshToken
            case .jwtBearer: .crmPrivateKey
            case .clientCredentials: .crmClientSecret
            }
        return [crm, .marketingAPIKey]
    }
}
