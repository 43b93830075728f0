import Contracts
import Store
import SyncCore

@testable import Runtime

/// A store in memory with one integration, as commands work on it.
struct CommandFixture {
    static let now = Timestamp(seconds: 1_800_000_000)
    static let crmHost = "crm.example.com"
    static let marketingHost = "marketing.example.com"

    let store: Store

    init(store: Store) { self.store = store }

    init(_ change: (inout IntegrationSettings) -> Void = { _ in }, secrets: [SecretName: Secret] = Self.secrets) async throws {
        store = try Store.inMemory(key: .generate())
        var settings = Self.settings
        change(&settings)
        _ = try await store.apply(settings, secrets: secrets, now: Self.now)
    }

    static let secrets: [SecretName: Secret] = [
        .crmClientSecret: Secret("sandbox-secret"), .marketingAPIKey: Secret("sandbox-api-token"),
    ]

    static var settings: IntegrationSettings {
        IntegrationSettings(
            name: "acme", profile: .activeCampaignSalesforce,
            crm: CRMSettings(loginURL: "https://\(crmHost)", flow: .clientCredentials, clientID: "sandbox-client"),
            marketing: MarketingSettings(url: "https://\(marketingHost)"))
    }

    /// Does something under a lease that is given back.
    func leased(_ work: (Lease) async throws -> Void) async throws {
        guard let lease = try await store.acquireLease("test", holder: "test", ttl: .seconds(30), now: Self.now) else {
            throw CommandFailure(description: "the lease is taken")
        }
        try await work(lease)
        try await store.releaseLease(lease)
    }

    func status(at now: Timestamp = Self.now) async throws -> String {
        try await IntegrationStatus(of: try await store.known("acme"), in: store, parkedLimit: 2, now: now).text
    }
}
