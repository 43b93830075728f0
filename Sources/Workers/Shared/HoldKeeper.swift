import Connectors
import Contracts
import Logging
import Store
import SyncCore

/// Lets one direction of an integration wait as a whole, with the reason for the operator.
struct HoldKeeper: Sendable {
    let integration: String
    let direction: Direction
    let store: Store
    let clock: any WallClock
    let logger: Logger

    /// Whether nothing keeps the direction from working now. A hold whose time has come is taken away.
    func isOver() async throws(StoreError) -> Bool {
        guard let hold = try await store.hold(of: integration, direction: direction) else { return true }
        guard !hold.isActive(at: clock.now()) else { return false }
        try await store.releaseHold(integration: integration, direction: direction)
        return true
    }

    /// Waits until then; without `until`, for the integration's manager. Who applied other settings than those of `revision`
    /// while the refused call was under way is not waited for.
    func hold(_ reason: SyncError, until: Timestamp?, revision: Int?) async throws(StoreError) {
        if until == nil, try await store.integration(integration)?.revision != revision { return }
        let end = until?.iso8601 ?? "the settings are applied again"
        logger.warning(
            "\(direction.rawValue) waits",
            metadata: ["code": "\(reason.code)", "message": "\(reason.message)", "until": "\(end)"])
        try await store.hold(integration: integration, direction: direction, until: until, reason: reason, now: clock.now())
    }

    /// Waits as long as a failure that concerns no record in particular asks for, `pause` where it does not say.
    func keep(_ error: SyncError, after retry: RetryPolicy, pause: Timestamp, revision: Int?) async {
        let until: Timestamp?
        switch retry.next(after: error, attempts: 1, now: clock.now(), jitter: 0) {
        case .holdIntegration(let end): until = end
        case .retry, .park: until = pause
        }
        do {
            try await hold(error, until: until, revision: revision)
        } catch {
            logger.error("the hold could not be stored", metadata: ["error": "\(error)"])
        }
    }
}
