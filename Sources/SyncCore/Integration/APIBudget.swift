public import Contracts

/// Up to which share of the CRM's daily calls each kind of work goes on (IN-9): runs wait first, then outbound, then inbound, and
/// none of them uses the calls up that the org's other software needs.
public struct APIBudget: Sendable, Hashable, Codable {
    public enum Work: String, Sendable, Hashable, Codable, CaseIterable { case backfill, outbound, inbound }

    /// In percent of the calls allowed.
    public var backfill: Int
    public var outbound: Int
    public var inbound: Int

    public init(backfill: Int = 60, outbound: Int = 80, inbound: Int = 95) {
        self.backfill = backfill
        self.outbound = outbound
        self.inbound = inbound
    }

    /// Settings stored before there were runs have no share for them.
    public init(from decoder: any Decoder) throws {
        let (values, standard) = (try decoder.container(keyedBy: CodingKeys.self), APIBudget())
        backfill = try values.decodeIfPresent(Int.self, forKey: .backfill) ?? standard.backfill
        outbound = try values.decode(Int.self, forKey: .outbound)
        inbound = try values.decode(Int.self, forKey: .inbound)
    }

    public func share(of work: Work) -> Int {
        switch work {
        case .backfill: backfill
        case .outbound: outbound
        case .inbound: inbound
        }
    }

    /// How long a reading counts. The day is a rolling one, so calls become free by and by, and one turn then finds out how many.
    private static let validity = Duration.seconds(900)

    /// Throws `api-budget` with the time until when that work waits.
    public func allow(_ work: Work, by usage: APIUsage?, now: Timestamp) throws(SyncError) {
        guard let usage, usage.limit > 0, Double(usage.used) >= bound(of: work, usage) else { return }
        let end = usage.at.advanced(by: Self.validity)
        guard now < end else { return }
        throw SyncError(
            .rateLimited(until: end), code: "api-budget",
            message: "\(usage.used) of the CRM's \(usage.limit) calls a day are used, and \(work.rawValue) waits from "
                + "\(share(of: work)) % on")
    }

    /// A shorter time says nothing of how fast calls are used up.
    private static let sample = Duration.seconds(600)
    /// What is farther away, in seconds, is no forecast.
    private static let horizon = 366.0 * 86_400

    /// When that work begins to wait if calls are used up as lately; `nil` where they are not, or nobody can tell.
    public func forecast(for work: Work, _ usage: APIUsage) -> Timestamp? {
        guard let start = usage.start, usage.used > start.used, usage.at.since(start.at) >= Self.sample else { return nil }
        let left = bound(of: work, usage) - Double(usage.used)
        let seconds = Double(usage.at.since(start.at).components.seconds) * left / Double(usage.used - start.used)
        guard left > 0, seconds < Self.horizon else { return nil }
        return usage.at.advanced(by: .seconds(Int64(seconds.rounded())))
    }

    /// The calls from which on that work waits.
    private func bound(of work: Work, _ usage: APIUsage) -> Double { Double(usage.limit) * Double(share(of: work)) / 100 }
}
