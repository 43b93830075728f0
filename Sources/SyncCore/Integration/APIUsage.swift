public import Contracts

/// Calls used and allowed in the CRM's rolling day, as its API last said (IN-9).
public struct APIUsage: Sendable, Hashable {
    public var used: Int
    public var limit: Int
    public var at: Timestamp

    public init(used: Int, limit: Int, at: Timestamp) {
        self.used = used
        self.limit = limit
        self.at = at
    }
}
