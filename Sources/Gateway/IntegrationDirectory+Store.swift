public import Connectors
public import Store
import SyncCore

extension IntegrationDirectory {
    /// A directory of the integrations in `store`.
    public init(store: Store, clock: any WallClock) {
        self.init(clock: clock) { name in
            guard let integration = try await store.integration(name), integration.state != .disconnected else { return nil }
            return try await store.secret(.webhookSecret, of: name)
        }
    }
}
