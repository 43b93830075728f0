public import Connectors
public import Store
public import SyncCore

/// Where workers get the connectors of an integration, built from its current settings and secrets.
public protocol Connections: Sendable {
    func crm(of integration: StoredIntegration) async throws(SyncError) -> any CRMConnection
    func marketing(of integration: StoredIntegration) async throws(SyncError) -> any MarketingPlatform & MarketingDestination
        & MarketingDirectory
    func actions(of integration: StoredIntegration) async throws(SyncError) -> any MarketingActions
    func activityMirror(of integration: StoredIntegration) async throws(SyncError) -> any CRMActivityMirror
}
