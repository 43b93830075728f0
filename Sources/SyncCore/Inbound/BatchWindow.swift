public import Contracts

/// When a batch is flushed (IN-1): at `records` waiting, or `interval` after the first, whichever comes first.
public struct BatchWindow: Sendable, Hashable, Codable {
    public var records: Int
    public var interval: Duration

    public init(records: Int, interval: Duration) {
        self.records = records
        self.interval = interval
    }

    /// 100 records or 10 minutes.
    public static let standard = BatchWindow(records: 100, interval: .seconds(600))
}

extension BatchWindow {
    public enum Decision: Sendable, Hashable {
        /// Nothing is waiting.
        case idle
        case wait(until: Timestamp)
        case flush
    }

    /// Whether the `waiting` records, the first of which came in at `oldest`, are flushed now.
    public func decision(waiting: Int, oldest: Timestamp?, now: Timestamp) -> Decision {
        guard waiting > 0 else { return .idle }
        guard waiting < records, let oldest, now.since(oldest) < interval else { return .flush }
        return .wait(until: oldest.advanced(by: interval))
    }
}
