public import Connectors
import Contracts
public import SyncCore

/// Knows one secret of each integration, say that of its webhooks, without asking the store for every request.
///
/// An acceptance is trusted for ten seconds, a refusal for one: a rotated secret or a new integration works at once
/// (the vendor never repeats a refused delivery), and a scan for names or secrets still costs the store at most one look-up
/// a second per name.
public actor IntegrationDirectory {
    /// The integration's secret; `nil` when there is no such integration, it has no such secret, or it is
    /// disconnected. A paused integration has one: what arrives meanwhile is kept (GEN-4).
    public typealias Lookup = @Sendable (_ integration: String) async throws -> Secret?

    enum Verdict: Sendable { case accepted, refused, unavailable }

    static let acceptanceLifetime = Duration.seconds(10)
    static let refusalLifetime = Duration.seconds(1)
    static let maximumEntries = 10_000

    private struct Entry {
        var secret: Secret?
        var readAt: Timestamp
    }

    private let lookup: Lookup
    private let clock: any WallClock
    private var entries: [String: Entry] = [:]
    private var pending: [String: Task<Secret?, any Error>] = [:]

    public init(clock: any WallClock, lookup: @escaping Lookup) {
        self.clock = clock
        self.lookup = lookup
    }

    /// Whether `secret` opens `integration`.
    ///
    /// While the store cannot be read, what was accepted before still is.
    func verdict(integration: String, secret: String) async -> Verdict {
        guard Self.isName(integration) else { return .refused }
        let known = entries[integration]
        let opens = Self.matches(known?.secret, secret)
        if let known, clock.now() < known.readAt.advanced(by: opens ? Self.acceptanceLifetime : Self.refusalLifetime) {
            return opens ? .accepted : .refused
        }
        do {
            return Self.matches(try await read(integration), secret) ? .accepted : .refused
        } catch {
            return opens ? .accepted : .unavailable
        }
    }

    /// How many names are remembered.
    var count: Int { entries.count }

    /// Reads the store, once for all who wait for the same name.
    private func read(_ integration: String) async throws -> Secret? {
        if let task = pending[integration] { return try await task.value }
        let lookup = lookup
        let task = Task { try await lookup(integration) }
        pending[integration] = task
        defer { pending[integration] = nil }
        let secret = try await task.value
        remember(integration, Entry(secret: secret, readAt: clock.now()))
        return secret
    }

    private func remember(_ integration: String, _ entry: Entry) {
        if entries[integration] == nil, entries.count >= Self.maximumEntries {
            // Only a scan makes so many names: those that do not exist go first.
            entries = entries.filter { $0.value.secret != nil }
            if entries.count >= Self.maximumEntries { entries.removeAll() }
        }
        entries[integration] = entry
    }

    private static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }

    /// Compares in a time that depends on the length of what was offered only, never on how much of it is right.
    static func matches(_ expected: Secret?, _ offered: String) -> Bool {
        let expected = Array((expected?.reveal() ?? "").utf8)
        let offered = Array(offered.utf8)
        var difference = expected.isEmpty || expected.count != offered.count ? UInt8(1) : 0
        for (index, byte) in offered.enumerated() {
            difference |= byte ^ (expected.isEmpty ? 0 : expected[index % expected.count])
        }
        return difference == 0
    }
}
