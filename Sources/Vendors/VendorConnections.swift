import ActiveCampaign
package import Connectors
import Contracts
package import Logging
import Salesforce
package import Store
package import SyncCore
import Workers

/// Builds the connectors of each integration once per revision of its settings, and shares them: one token refresh and
/// one pace of requests per connection, whoever uses it.
package actor VendorConnections: Connections {
    private struct Entry {
        var revision: Int
        var crm: SalesforceCRM?
        var marketing: ActiveCampaign?
    }

    private let store: Store
    private let rates: Store
    private let transport: any HTTPTransport
    private let clock: any WallClock
    private let logger: Logger
    private var entries: [String: Entry] = [:]

    /// - Parameters:
    ///   - store: where the secrets are.
    ///   - rates: where the processes of the cluster count their requests together; `nil`: in `store`.
    package init(store: Store, rates: Store? = nil, transport: any HTTPTransport, clock: any WallClock, logger: Logger) {
        self.store = store
        self.rates = rates ?? store
        self.transport = transport
        self.clock = clock
        self.logger = logger
    }

    package func crm(of integration: StoredIntegration) async throws(SyncError) -> any CRMConnection {
        try await salesforce(of: integration)
    }

    package func activityMirror(of integration: StoredIntegration) async throws(SyncError) -> any CRMActivityMirror {
        try await salesforce(of: integration)
    }

    private func salesforce(of integration: StoredIntegration) async throws(SyncError) -> SalesforceCRM {
        if let crm = entry(of: integration).crm { return crm }
        let settings = integration.settings.crm
        let name = integration.settings.name
        let credentials = SalesforceCredentials(
            clientSecret: try await secret(.crmClientSecret, of: name), privateKey: try await secret(.crmPrivateKey, of: name))
        let oauth = try SalesforceOAuth(settings: settings, credentials: credentials, transport: transport, clock: clock)
        let logger = logger(of: integration)
        let crm = SalesforceCRM(
            settings: settings, tokens: oauth.tokenSource(refreshTokens: refreshTokens(of: name)), transport: transport,
            clock: clock, logger: logger)
        return keep(integration) { entry in
            // Somebody may have built it while the secrets were read; the first one stays.
            let kept = entry.crm ?? crm
            entry.crm = kept
            return kept
        }
    }

    package func marketing(of integration: StoredIntegration) async throws(SyncError) -> any MarketingPlatform
        & MarketingDestination & MarketingDirectory
    {
        try await activeCampaign(of: integration)
    }

    package func actions(of integration: StoredIntegration) async throws(SyncError) -> any MarketingActions {
        try await activeCampaign(of: integration)
    }

    private func activeCampaign(of integration: StoredIntegration) async throws(SyncError) -> ActiveCampaign {
        if let marketing = entry(of: integration).marketing { return marketing }
        let settings = integration.settings.marketing
        let name = integration.settings.name
        guard let key = try await secret(.marketingAPIKey, of: name) else {
            throw SyncError(.auth, code: "missing-secret", message: "\(name) has no \(SecretName.marketingAPIKey.rawValue)")
        }
        let logger = logger(of: integration)
        let budget = StoreRateBudget(
            store: rates, account: settings.accountIdentity, requestsPerSecond: settings.requestsPerSecond, logger: logger)
        let marketing = try ActiveCampaign(
            settings: settings, apiKey: key,
            limiter: RateLimiter(requestsPerSecond: settings.requestsPerSecond, clock: clock, budget: budget),
            transport: transport, clock: clock, notice: { logger.notice("\($0)") })
        return keep(integration) { entry in
            let kept = entry.marketing ?? marketing
            entry.marketing = kept
            return kept
        }
    }

    private func logger(of integration: StoredIntegration) -> Logger {
        var logger = logger
        logger[metadataKey: "integration"] = "\(integration.settings.name)"
        return logger
    }

    private func entry(of integration: StoredIntegration) -> Entry {
        let known = entries[integration.settings.name]
        if let known, known.revision == integration.revision { return known }
        return Entry(revision: integration.revision)
    }

    private func keep<Connector>(_ integration: StoredIntegration, _ change: (inout Entry) -> Connector) -> Connector {
        var entry = entry(of: integration)
        defer { entries[integration.settings.name] = entry }
        return change(&entry)
    }

    private func secret(_ secret: SecretName, of name: String) async throws(SyncError) -> Secret? {
        do {
            return try await store.secret(secret, of: name)
        } catch {
            throw SyncError(.transient, code: error.code, message: error.message)
        }
    }

    /// Rotated refresh tokens are durable before they are used: the old one is dead by then.
    private nonisolated func refreshTokens(of name: String) -> RefreshTokenStore {
        RefreshTokenStore(
            load: { () async throws(SyncError) in try await self.secret(.crmRefreshToken, of: name) },
            save: { (token) async throws(SyncError) in
                do throws(StoreError) {
                    try await self.store.setSecret(.crmRefreshToken, of: name, to: token, now: self.clock.now())
                } catch {
                    throw SyncError(.transient, code: error.code, message: error.message)
                }
            })
    }
}
