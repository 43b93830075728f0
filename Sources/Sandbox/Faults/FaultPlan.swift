/// What can go wrong with one call. Each vendor plays a fault the way its API shows it.
public enum Fault: Sendable, Hashable {
    /// The connection breaks and the request had no effect.
    case hangUpBefore
    /// The request has its effect, but the answer never comes: a time-out after the commit.
    case hangUpAfter
    /// 503 with an HTML page, no effect.
    case unavailable
    /// 500 without effect; Salesforce says `UNKNOWN_EXCEPTION`.
    case internalError
    /// The short-term limit: 429 at ActiveCampaign, 403 `REQUEST_LIMIT_EXCEEDED` for concurrent requests at Salesforce.
    case throttled
    /// Salesforce's daily quota: 403 `REQUEST_LIMIT_EXCEEDED`, "TotalRequests". A plain 403 at ActiveCampaign.
    case quotaExceeded
    /// 401 at Salesforce, though the token may be good; the sporadic 403 of ActiveCampaign.
    case unauthorized
    /// `UNABLE_TO_LOCK_ROW` on the row of that number, from 0, of every collection in the call. Salesforce only.
    case lockRow(Int)
    /// The request has its effect and the answer comes late.
    case slow(Duration)
    /// The request has its effect and the answer breaks off after so many bytes of its body.
    case cut(afterBytes: Int)
    /// The request has its effect and the answer is 200 without a body, as ActiveCampaign sometimes does.
    case emptyBody
    /// The bulk job that the call creates (a query) or closes (an ingest job) ends Failed after so many rows; those of an
    /// ingest job are saved, and the rest is not processed. Salesforce only; other calls go as usual.
    case failJob(afterRows: Int)
    /// The bulk job that the call names is gone, before its time. Salesforce only; other calls go as usual.
    case loseJob

    /// The key under which the fault is counted.
    public var name: String {
        switch self {
        case .hangUpBefore: "hangUpBefore"
        case .hangUpAfter: "hangUpAfter"
        case .unavailable: "unavailable"
        case .internalError: "internalError"
        case .throttled: "throttled"
        case .quotaExceeded: "quotaExceeded"
        case .unauthorized: "unauthorized"
        case .lockRow: "lockRow"
        case .slow: "slow"
        case .cut: "cut"
        case .emptyBody: "emptyBody"
        case .failJob: "failJob"
        case .loseJob: "loseJob"
        }
    }
}

/// Which calls go wrong and how, reproducible from the seed as long as the calls come in the same order.
public struct FaultPlan: Sendable, Hashable {
    public enum When: Sendable, Hashable {
        case always
        /// The calls of these numbers among those that match, from 1.
        case calls(Set<Int>)
        /// Each matching call with this chance, 0 to 1.
        case probability(Double)
    }

    public struct Rule: Sendable, Hashable {
        public var fault: Fault
        /// `nil` for any method.
        public var method: String?
        /// Compared with the path of the request; `*` stands for any text.
        public var path: String
        public var when: When
        /// How often the fault is played at most; `nil` for no limit.
        public var limit: Int?

        public init(_ fault: Fault, method: String? = nil, path: String = "*", when: When = .always, limit: Int? = nil) {
            self.fault = fault
            self.method = method
            self.path = path
            self.when = when
            self.limit = limit
        }
    }

    public var seed: UInt64
    /// The first rule that strikes wins; every matching rule counts the call.
    public var rules: [Rule]

    public init(seed: UInt64 = 1, rules: [Rule] = []) {
        self.seed = seed
        self.rules = rules
    }
}

/// A plan being played.
struct FaultPlayer: Sendable {
    private let rules: [FaultPlan.Rule]
    private var matched: [Int]
    private var played: [Int]
    private var generator: SeededGenerator

    init(_ plan: FaultPlan) {
        rules = plan.rules
        matched = plan.rules.map { _ in 0 }
        played = matched
        generator = SeededGenerator(seed: plan.seed)
    }

    /// The fault of the next call, counted.
    mutating func next(for request: SandboxRequest, counting tally: inout SandboxCounters) -> Fault? {
        var struck: Int?
        for (index, rule) in rules.enumerated() {
            guard rule.method == nil || rule.method == request.method, Self.matches(request.path, rule.path) else { continue }
            matched[index] += 1
            let strikes =
                switch rule.when {
                case .always: true
                case .calls(let numbers): numbers.contains(matched[index])
                case .probability(let chance): generator.unit() < chance
                }
            if strikes, struck == nil, played[index] < rule.limit ?? .max { struck = index }
        }
        guard let struck else { return nil }
        played[struck] += 1
        tally.faults[rules[struck].fault.name, default: 0] += 1
        return rules[struck].fault
    }

    /// Glob matching with `*` only.
    private static func matches(_ path: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return path == pattern }
        guard path.hasPrefix(first) else { return false }
        var rest = path.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}

extension Fault {
    /// How an answer that was worked out arrives under this fault. Faults without effect never come here.
    func arrival(of response: SandboxResponse) -> SandboxReply {
        switch self {
        case .hangUpAfter, .hangUpBefore: .hangUp
        case .slow(let duration): .delayed(response, by: duration)
        case .cut(let bytes): .cut(response, afterBytes: max(0, min(bytes, response.body.count)))
        case .emptyBody: .answer(SandboxResponse(status: 200, headers: ["content-type": "text/html"]))
        case .unavailable, .internalError, .throttled, .quotaExceeded, .unauthorized, .lockRow, .failJob, .loseJob:
            .answer(response)
        }
    }
}
