public import Connectors
public import Store
public import SyncCore

extension IntegrationDirectory {
    /// A directory of the integrations in `store` and their secrets of that name.
    public init(store: Store, secret: SecretName = .webhookSecret, clock: any WallClock) {
        self.init(clock: clock) { name in
            guard let integration = try await store.integration(name), integration.state != .disconnected else { return nil }
            return try await store.secret(secret, of: name)
        }
    }
}
