public import Contracts

/// What came of a try to do an action.
public enum ActionOutcome: Sendable, Hashable {
    case done
    case failed(SyncError)
    /// Nobody can tell whether it was done, so that it is not done again.
    case unknown(SyncError)
    /// - Parameter mayBeDone: whether to look first if an earlier try was carried out all the same.
    case retry(at: Timestamp, SyncError, mayBeDone: Bool)
}

extension ActionOutcome {
    /// How long an action waits whose refusal is the manager's to mend.
    private static let pauseForManager = Duration.seconds(900)

    /// What follows from a failure.
    ///
    /// Nothing tells afterwards whether a campaign was sent to one person, and a second sending is worse than none: what is in
    /// doubt stays so. Who entered an automation can be looked up.
    /// - Parameters:
    ///   - mayBeDone: Whether this try or an earlier one may have been carried out all the same.
    ///   - attempts: How often the action has failed, this time included.
    ///   - jitter: Drawn evenly from `0..<1`.
    public init(
        after error: SyncError, of kind: ActionKind, mayBeDone: Bool, attempts: Int, retry: RetryPolicy, now: Timestamp,
        jitter: Double
    ) {
        if mayBeDone, kind == .sendCampaign {
            self = .unknown(error)
            return
        }
        switch retry.next(after: error, attempts: attempts, now: now, jitter: jitter) {
        case .retry(let at): self = .retry(at: at, error, mayBeDone: mayBeDone)
        case .park: self = mayBeDone ? .unknown(error) : .failed(error)
        case .holdIntegration(let until):
            self = .retry(at: until ?? now.advanced(by: Self.pauseForManager), error, mayBeDone: mayBeDone)
        }
    }
}
