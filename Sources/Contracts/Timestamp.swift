/// A moment in Coordinated Universal Time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Both vendors stamp in whole seconds and Kafka in milliseconds, so nothing finer is kept.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Seconds too far off to count in milliseconds give the nearest moment there is.
    public init(seconds: Int64) { self.milliseconds = seconds.clampingMultiplied(by: 1000) }

    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment `duration` later, or the last one there is.
    public func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let whole = milliseconds.clampingAdded(seconds.clampingMultiplied(by: 1000))
        return Timestamp(milliseconds: whole.clampingAdded(attoseconds / 1_000_000_000_000_000))
    }

    /// How long after `earlier` this moment is; negative when it lies before.
    public func since(_ earlier: Timestamp) -> Duration { .milliseconds(milliseconds) - .milliseconds(earlier.milliseconds) }

    /// Whether something that happened then can be told of at `arrival`: the clocks of source and reader differ by up to two
    /// minutes.
    public func isPlausible(arrivingAt arrival: Timestamp) -> Bool { since(arrival) <= .seconds(120) }

    public static let distantPast = Timestamp(milliseconds: .min / 2)
    public static let distantFuture = Timestamp(milliseconds: .max / 2)
}

extension Int64 {
    fileprivate func clampingAdded(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (self < 0 ? .min : .max) : sum
    }

    fileprivate func clampingMultiplied(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : product
    }
}
