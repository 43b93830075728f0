import Connectors
import Contracts
import Store
import SyncCore

/// The integrations as of a moment ago, so that a hot path does not ask the store for every record.
actor IntegrationCache {
    private static let lifetime = Duration.seconds(2)

    private let store: Store
    private let clock: any WallClock
    private var known: [String: StoredIntegration] = [:]
    private var expires = Timestamp.distantPast

    init(store: Store, clock: any WallClock) {
        self.store = store
        self.clock = clock
    }

    /// The integrations by name. An unknown name is looked up anew, for an integration applied just now must be found.
    func integrations(including names: Set<String> = []) async throws(StoreError) -> [String: StoredIntegration] {
        let now = clock.now()
        if now >= expires || !names.isSubset(of: known.keys) {
            known = try await store.integrations().reduce(into: [:]) { $0[$1.settings.name] = $1 }
            expires = now.advanced(by: Self.lifetime)
        }
        return known
    }
}
