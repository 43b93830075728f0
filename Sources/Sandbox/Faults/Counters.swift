/// What an emulated vendor was asked for since it started.
public struct SandboxCounters: Sendable, Equatable {
    /// HTTP requests by endpoint, e.g. `PATCH /composite/sobjects`, also those that were refused.
    public var calls: [String: Int] = [:]
    /// The parts of composite calls, by endpoint.
    public var parts: [String: Int] = [:]
    /// Queries by object, each page of one, also those within composite calls.
    public var queries: [String: Int] = [:]
    /// API calls as the vendor bills them.
    public var apiCalls = 0
    /// Rows given out by queries, retrieves, lists and single reads.
    public var rowsRead = 0
    /// Rows created or changed.
    public var rowsWritten = 0
    /// Rows created.
    public var rowsCreated = 0
    /// Rows refused with an error of their own.
    public var rowsRefused = 0
    /// Requests refused because they came too fast, without the faults that play such a refusal.
    public var throttled = 0
    /// Faults played, by name.
    public var faults: [String: Int] = [:]

    public init() {}

    /// The number of requests of any endpoint.
    public var total: Int { calls.values.reduce(0, +) }
}
