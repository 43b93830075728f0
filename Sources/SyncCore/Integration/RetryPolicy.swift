public import Contracts

/// When a failed record is tried again (IN-10).
///
/// The pause is drawn evenly from zero to a bound that doubles with each attempt up to `cap` ("full jitter": a crowd that
/// failed together does not come back together). With the standard values the bound is 30 s, 1, 2, 4, 8, 16, 32 minutes,
/// then 1 hour each; a locked record is tried again ten times as soon: 3, 6, 12, 24 s, …
public struct RetryPolicy: Sendable, Hashable {
    public var baseDelay: Duration
    public var cap: Duration
    /// After so many failures the record is parked.
    public var maxAttempts: Int

    public init(baseDelay: Duration = .seconds(30), cap: Duration = .seconds(3600), maxAttempts: Int = 20) {
        self.baseDelay = baseDelay
        self.cap = cap
        self.maxAttempts = maxAttempts
    }

    public static let standard = RetryPolicy()
}

public enum RetryDecision: Sendable, Hashable {
    case retry(at: Timestamp)
    /// The record waits for a person, listed with its error.
    case park
    /// Nothing of the integration is tried before `until`; without one, until its manager acts.
    case holdIntegration(until: Timestamp?)
}

extension RetryPolicy {
    /// What follows from a failure, by its class alone.
    /// - Parameters:
    ///   - attempts: How often the record has failed, this time included.
    ///   - jitter: Drawn evenly from `0..<1`.
    public func next(after error: SyncError, attempts: Int, now: Timestamp, jitter: Double) -> RetryDecision {
        switch error.errorClass {
        case .permanent, .schema: return .park
        case .auth: return .holdIntegration(until: nil)
        case .rateLimited(let until): return .holdIntegration(until: until)
        // What is in doubt is read back by the next attempt before anything is repeated: its link is `creating`.
        case .transient, .inDoubt: return retry(from: baseDelay, attempts, now, jitter)
        case .lock: return retry(from: baseDelay / 10, attempts, now, jitter)
        }
    }

    private func retry(from delay: Duration, _ attempts: Int, _ now: Timestamp, _ jitter: Double) -> RetryDecision {
        guard attempts < maxAttempts else { return .park }
        var bound = min(delay, cap)
        for _ in stride(from: 1, to: attempts, by: 1) where bound < cap { bound = min(bound * 2, cap) }
        return .retry(at: now.advanced(by: bound * min(max(jitter, 0), 1)))
    }
}
