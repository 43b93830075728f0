public import Contracts

/// Calls used and allowed in the CRM's rolling day, as its API last said (IN-9).
public struct APIUsage: Sendable, Hashable {
    public var used: Int
    public var limit: Int
    public var at: Timestamp
    /// An earlier reading, from which on the use is measured; `nil` where there is none.
    public var start: Start?

    public struct Start: Sendable, Hashable {
        public var used: Int
        public var at: Timestamp

        public init(used: Int, at: Timestamp) {
            self.used = used
            self.at = at
        }
    }

    public init(used: Int, limit: Int, at: Timestamp, start: Start? = nil) {
        self.used = used
        self.limit = limit
        self.at = at
        self.start = start
    }

    /// The reading that takes this one's place. The use is measured over an hour or two, and anew once calls became free.
    public func followed(by used: Int, limit: Int, at now: Timestamp) -> APIUsage {
        let isLate = start.map { now.since($0.at) > .seconds(7200) } ?? true
        let start = used < self.used ? Start(used: used, at: now) : isLate ? Start(used: self.used, at: at) : start
        return APIUsage(used: used, limit: limit, at: now, start: start)
    }
}
