import Connectors
import Contracts
import Logging
import Playground
import Sandbox
import Store
import SyncCore
import Testing
import Vendors

@testable import Runtime

@Suite("CON-1, MAP-2 What the vendors say before an integration is stored")
struct IntegrationCheckTests {
    private let store: Store
    private let now = Timestamp(milliseconds: 1_780_000_000_000)

    init() throws { store = try Store.inMemory(key: .generate()) }

    private var settings: IntegrationSettings {
        IntegrationSettings(
            name: "acme", profile: .activeCampaignSalesforce,
            crm: CRMSettings(loginURL: "https://crm.example.com", flow: .clientCredentials, clientID: "sandbox-client"),
            marketing: MarketingSettings(url: "https://marketing.example.com"))
    }

    private static let secrets: [SecretName: Secret] = [
        .crmClientSecret: Secret("sandbox-secret"), .marketingAPIKey: Secret("sandbox-api-token"),
    ]

    /// The check of one file, by emulated vendors.
    private func check(
        _ settings: IntegrationSettings, secrets: [SecretName: Secret] = Self.secrets
    ) async throws -> IntegrationCheck? {
        let now = now
        var org = SalesforceOptions(clock: { now.milliseconds })
        org.instanceURL = "https://crm.example.com"
        let transport = InProcessTransport([
            "crm.example.com": SalesforceSandbox(options: org),
            "marketing.example.com": ActiveCampaignSandbox(
                options: ActiveCampaignOptions(clock: { now.milliseconds }, deliver: { _, _, _ in 0 })),
        ])
        let file = IntegrationFile(settings: settings, secrets: secrets, file: "acme.yaml", line: 1)
        let checks = try await IntegrationCheck.beforeStoring(
            [file], over: store,
            {
                VendorConnections(
                    store: $0, transport: transport, clock: VirtualClock(now: now),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }, now: now)
        return checks.first
    }

    @Test("both connect and every field fits: connected, and nothing is stored yet")
    func connected() async throws {
        let check = try #require(await check(settings))
        #expect(check == IntegrationCheck(name: "acme"))
        #expect(!check.isFailed)
        #expect(check.lines == ["acme: Salesforce connected", "acme: ActiveCampaign connected"])
        #expect(try await store.integrations().isEmpty)
    }

    @Test("a secret the file does not name is the stored one")
    func storedSecrets() async throws {
        _ = try await store.apply(settings, secrets: Self.secrets, now: now)
        #expect(try await check(settings, secrets: [:])?.isFailed == false)
    }

    @Test("a refusal is shown in the vendor's own words and fails")
    func refused() async throws {
        let check = try #require(await check(settings, secrets: [.crmClientSecret: Secret("x"), .marketingAPIKey: Secret("y")]))
        #expect(check.isFailed)
        #expect(check.lines.first == "acme: error: Salesforce: invalid_client: invalid client credentials")
        #expect(check.lines.last?.hasPrefix("acme: error: ActiveCampaign: ") == true)
        guard case .refused = check.marketing else {
            Issue.record("a wrong key is a refusal, not \(check.marketing)")
            return
        }
    }

    @Test("a vendor that cannot be reached is only a warning")
    func unreachable() async throws {
        var settings = settings
        settings.marketing.url = "https://nobody.example.com"
        let check = try #require(await check(settings))
        #expect(!check.isFailed)
        #expect(check.crm == .connected)
        #expect(check.lines.last?.hasPrefix("acme: warning: ActiveCampaign not reached: ") == true)
    }

    @Test("unknown fields and a missing external ID field are each named and fail")
    func problems() async throws {
        var settings = settings
        settings.mappings.contact.append(FieldMapping(marketing: "field:999", crm: "Nowhere__c"))
        settings.crm.externalIDField = "Absent__c"
        let check = try #require(await check(settings))
        #expect(check.isFailed)
        #expect(Set(check.problems.map(\.kind)) == [.unknownCRMField, .unknownMarketingField])
        #expect(check.missingFields.map(\.object) == CRMObject.people.sorted { $0.rawValue < $1.rawValue })
        #expect(check.missingFields.allSatisfy { $0.field == "Absent__c" && $0.setting == "externalIDField" })
        #expect(check.lines.filter { $0.hasPrefix("acme: error: ") }.count == 4)
    }

    @Test("a refresh token is not used before it has a place in the store: using it may end it")
    func refreshToken() async throws {
        var settings = settings
        settings.crm.flow = .refreshToken
        #expect(try await check(settings, secrets: [.crmRefreshToken: Secret("token")]) == nil)
    }
}
