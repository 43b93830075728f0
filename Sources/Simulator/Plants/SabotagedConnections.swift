import Connectors
import Store
import SyncCore
import Workers

/// Connectors of which one or both are broken.
struct SabotagedConnections: Connections {
    let connections: any Connections
    let crm: CRMSabotage?
    let marketing: MarketingSabotage?

    func crm(of integration: StoredIntegration) async throws(SyncError) -> any CRMConnection {
        let sound = try await connections.crm(of: integration)
        guard let crm else { return sound }
        return SabotagedCRM(crm: sound, sabotage: crm)
    }

    func marketing(of integration: StoredIntegration) async throws(SyncError) -> any MarketingPlatform & MarketingDestination
        & MarketingDirectory
    {
        let sound = try await connections.marketing(of: integration)
        guard let marketing else { return sound }
        return SabotagedMarketing(marketing: sound, sabotage: marketing)
    }

    func actions(of integration: StoredIntegration) async throws(SyncError) -> any MarketingActions {
        try await connections.actions(of: integration)
    }

    func activityMirror(of integration: StoredIntegration) async throws(SyncError) -> any CRMActivityMirror {
        try await connections.activityMirror(of: integration)
    }
}
