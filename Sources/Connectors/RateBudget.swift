public import Contracts
public import SyncCore

/// Whether requests may be sent to an account now.
public enum RateGrant: Sendable, Hashable {
    /// The slots taken, one for each request; to be freed when their requests are answered.
    case taken([Int])
    /// None is free; the earliest moment at which one may be, as far as is known.
    case wait(until: Timestamp)
}

/// What several processes may send to one account together: as many slots as requests are allowed a second (OUT-9), as a port.
///
/// A slot is taken before its request is sent and comes free one second after the answer. One that is never freed, because its
/// process died, comes free by itself once no request can be under way any more.
public protocol RateBudget: Sendable {
    /// Takes at least one slot and at most `wanted`.
    func take(_ wanted: Int, now: Timestamp) async throws(SyncError) -> RateGrant
    /// The requests of these slots were answered, or failed, at `moment`.
    func free(_ slots: [Int], at moment: Timestamp) async
    /// Nothing is to be let through before `moment`: what a vendor's 429 asks for. Never shortens a pause.
    func pause(until moment: Timestamp) async
}
