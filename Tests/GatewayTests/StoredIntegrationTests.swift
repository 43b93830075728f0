import Connectors
import Store
import SyncCore
import Testing

@testable import Gateway

@Suite("Integrations in the store")
struct StoredIntegrationTests {
    @Test(
        "GEN-4 a paused integration still takes webhooks, a disconnected one does not",
        arguments: [(IntegrationState.active, true), (.paused, true), (.disconnected, false)])
    func state(state: IntegrationState, opens: Bool) async throws {
        let clock = VirtualClock()
        let store = try Store.inMemory(key: .generate())
        let settings = IntegrationSettings(
            name: "acme", profile: .activeCampaignSalesforce,
            crm: CRMSettings(loginURL: "https://acme.my.salesforce.com", flow: .clientCredentials, clientID: "client"),
            marketing: MarketingSettings(url: "https://acme.api-us1.com"))
        _ = try await store.apply(settings, secrets: [.webhookSecret: Secret("sesame")], now: clock.now())
        if state != .active { try await store.setState("acme", state, now: clock.now()) }
        let directory = IntegrationDirectory(store: store, clock: clock)
        #expect(await directory.verdict(integration: "acme", secret: "sesame") == (opens ? .accepted : .refused))
        #expect(await directory.verdict(integration: "acme", secret: "other") == .refused)
        #expect(await directory.verdict(integration: "other", secret: "sesame") == .refused)
    }
}
