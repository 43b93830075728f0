import Contracts
import Store
import SyncCore

extension Store {
    /// Notes what the CRM said of its day's calls, for all workers of the integration. Throws `api-budget` where that work has to
    /// wait from now on (IN-9).
    func keepBudget(
        _ work: APIBudget.Work, of integration: StoredIntegration, _ usage: APIUsage?, now: Timestamp
    ) async throws {
        guard let usage else { return }
        try await recordUsage(integration: integration.settings.name, used: usage.used, limit: usage.limit, at: usage.at)
        try integration.settings.crm.budget.allow(work, by: usage, now: now)
    }
}
