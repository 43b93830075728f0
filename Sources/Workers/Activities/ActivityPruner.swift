import Connectors
import Contracts
import Logging
import Metrics
import Store
import SyncCore

/// Forgets the activities of one integration that are older than its settings keep, in transactions so small that recording
/// goes on beside it. Also of one that is paused or was disconnected: age does not wait.
struct ActivityPruner: Sendable {
    static let batch = 500
    static let interval = Duration.seconds(3600)

    let integration: String
    let store: Store
    let clock: any WallClock
    let logger: Logger

    /// Forgets one batch and says when to come back.
    func turn() async -> NextTurn {
        let later = NextTurn.at(clock.now().advanced(by: Self.interval))
        do {
            guard let days = try await store.integration(integration)?.settings.activities.retentionDays else { return later }
            let end = clock.now().advanced(by: .zero - .seconds(days * 86_400))
            let count = try await store.pruneActivities(integration: integration, before: end, limit: Self.batch)
            if count > 0 { Counter(label: "tandem_activities_pruned_total").increment(by: count) }
            return count == Self.batch ? .now : later
        } catch {
            logger.warning(
                "old activities could not be forgotten yet", metadata: ["integration": "\(integration)", "error": "\(error)"])
            return later
        }
    }
}
