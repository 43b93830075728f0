public import Contracts

/// Up to which share of the CRM's daily calls each kind of work goes on (IN-9): outbound waits before inbound does, and neither
/// uses the calls up that the org's other software needs.
public struct APIBudget: Sendable, Hashable, Codable {
    public enum Work: String, Sendable, Hashable, Codable, CaseIterable { case outbound, inbound }

    /// In percent of the calls allowed.
    public var outbound: Int
    public var inbound: Int

    public init(outbound: Int = 80, inbound: Int = 95) {
        self.outbound = outbound
        self.inbound = inbound
    }

    public func share(of work: Work) -> Int {
        switch work {
        case .outbound: outbound
        case .inbound: inbound
        }
    }

    /// How long a reading counts. The day is a rolling one, so calls become free by and by, and one turn then finds out how many.
    private static let validity = Duration.seconds(900)

    /// Throws `api-budget` with the time until when that work waits.
    public func allow(_ work: Work, by usage: APIUsage?, now: Timestamp) throws(SyncError) {
        guard let usage, usage.limit > 0, usage.used * 100 >= usage.limit * share(of: work) else { return }
        let end = usage.at.advanced(by: Self.validity)
        guard now < end else { return }
        throw SyncError(
            .rateLimited(until: end), code: "api-budget",
            message: "\(usage.used) of the CRM's \(usage.limit) calls a day are used, and \(work.rawValue) waits from "
                + "\(share(of: work)) % on")
    }

    /// When that work begins to wait if calls are used up as lately; `nil` where they are not.
    public func forecast(for work: Work, _ usage: APIUsage) -> Timestamp? {
        guard let start = usage.start, usage.used > start.used, usage.at > start.at else { return nil }
        let left = Double(usage.limit * share(of: work)) / 100 - Double(usage.used)
        let perSecond = Double(usage.used - start.used) / (Double(usage.at.since(start.at).components.seconds))
        guard left > 0, perSecond > 0 else { return nil }
        return usage.at.advanced(by: .seconds(left / perSecond))
    }
}
