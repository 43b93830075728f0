import Connectors
import Contracts
import Store
import SyncCore

/// Finds the opportunities of people who just got linked: they were of nobody known until then (MAP-5).
struct OpportunityTouches {
    let integration: StoredIntegration
    let crm: any CRMFeed

    /// The opportunities to be looked at, one call for a batch; none where opportunities do not sync.
    func keys(ofContacts ids: [String]) async throws(SyncError) -> [RecordKey] {
        guard integration.settings.outbound.opportunities, !ids.isEmpty else { return [] }
        return try await crm.opportunities(ofContacts: ids).sorted().map { id in
            RecordKey(integration: integration.settings.name, object: CRMObject.opportunity.rawValue, recordID: id)
        }
    }
}
