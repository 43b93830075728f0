import Contracts
import SyncCore

/// Runs as an operator reads them.
enum RunText {
    private static let barWidth = 24

    /// The latest runs, a row each.
    static func table(_ runs: [Run], now: Timestamp) -> String {
        guard !runs.isEmpty else { return "no run yet: 'tandem run full NAME' begins one" }
        let header = ["RUN", "INTEGRATION", "KIND", "STATE", "BEGAN", "READ", "WRITTEN", "SKIPPED", "FAILED", "RATE", "LEFT"]
        let rows = runs.map { run in
            [
                String(run.id), run.integration, run.kind.rawValue, state(run), (run.startedAt ?? run.requestedAt).iso8601,
                read(run), String(run.counts.written), String(run.counts.skipped), String(run.counts.failed),
                rate(run, now), timeLeft(run, now),
            ]
        }
        let reasons = runs.compactMap { run in run.reason.map { "run \(run.id): \($0.code): \($0.message)" } }
        return ([TextTable(header, rows).text] + reasons).joined(separator: "\n")
    }

    /// How one run goes, on a line; with a bar where it can be rewritten.
    static func line(_ run: Run, now: Timestamp, isTerminal: Bool) -> String {
        var parts = ["run \(run.id) \(run.kind.rawValue) \(state(run))"]
        if isTerminal, let share = share(run) { parts.append(bar(share)) }
        parts.append(
            "read \(read(run)), written \(run.counts.written), skipped \(run.counts.skipped), failed \(run.counts.failed)")
        if run.gone > 0 { parts.append("gone \(run.gone)") }
        let (rate, left) = (rate(run, now), timeLeft(run, now))
        if !rate.isEmpty { parts.append(rate) }
        if !left.isEmpty { parts.append("\(left) left") }
        if let reason = run.reason { parts.append("\(reason.code): \(reason.message)") }
        return parts.joined(separator: "  ")
    }

    static func state(_ run: Run) -> String { run.pausedAt == nil ? run.state.rawValue : "paused" }

    private static func read(_ run: Run) -> String {
        guard let expected = run.expected, !run.state.isOver else { return String(run.counts.read) }
        return "\(run.counts.read) of \(expected)"
    }

    private static func share(_ run: Run) -> Double? {
        if run.state == .finished { return 1 }
        guard let expected = run.expected, expected > 0 else { return nil }
        return min(1, Double(run.counts.read) / Double(expected))
    }

    private static func bar(_ share: Double) -> String {
        let filled = Int((share * Double(barWidth)).rounded(.down))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: barWidth - filled)
        return "\(bar) \(Int(share * 100)) %"
    }

    private static func rate(_ run: Run, _ now: Timestamp) -> String {
        guard let rate = run.rate(now: now) else { return "" }
        return rate >= 10 ? "\(Int(rate.rounded()))/s" : "\((rate * 10).rounded() / 10)/s"
    }

    private static func timeLeft(_ run: Run, _ now: Timestamp) -> String {
        guard let left = run.timeLeft(now: now)?.components.seconds else { return "" }
        return switch left {
        case ..<120: "\(left) s"
        case ..<7200: "\(left / 60) min"
        default: "\(left / 3600) h \(left % 3600 / 60) min"
        }
    }
}
