import Contracts
import Store
import SyncCore
import Testing

@Suite("Integrations and secrets")
struct IntegrationTests {
    @Test("OPS-3 Applying says what it did, and can be repeated")
    func apply() async throws {
        let store = try memoryStore()
        let secrets: [SecretName: Secret] = [.marketingAPIKey: Secret("key")]
        #expect(try await store.apply(settings(), secrets: secrets, now: at(0)) == .created)
        #expect(try await store.apply(settings(), secrets: secrets, now: at(1)) == .unchanged)
        let first = StoredIntegration(settings: settings(), state: .active, revision: 1, updatedAt: at(0))
        #expect(try await store.integration("acme") == first)

        var changed = settings()
        changed.inbound.window.records = 7
        changed.mappings.contact.append(
            FieldMapping(
                marketing: "field:7", crm: "Tier__c", rule: .review, transforms: [.lookup(table: ["a": "b"], otherwise: nil)]))
        #expect(try await store.apply(changed, secrets: secrets, now: at(2)) == .changed)
        #expect(try await store.apply(changed, secrets: [.marketingAPIKey: Secret("new")], now: at(3)) == .changed)
        #expect(try await store.apply(changed, now: at(4)) == .unchanged, "secrets that are not named stay")
        let second = StoredIntegration(settings: changed, state: .active, revision: 3, updatedAt: at(3))
        #expect(try await store.integrations() == [second])
        #expect(try await store.integration("other") == nil)
    }

    @Test(
        "GEN-1 A second integration naming the same org or account is refused, naming the first",
        arguments: [
            ("https://ACME.my.salesforce.com/", "https://other.api-us1.com", "CRM org acme.my.salesforce.com"),
            ("acme.my.salesforce.com:443/services", "https://other.api-us1.com", "CRM org"),
            ("https://other.my.salesforce.com", "https://acme.api-us1.com/api/3", "marketing account acme.api-us1.com"),
            ("https://other.my.salesforce.com", "https://acme.api-us1.com.", "marketing account"),
        ])
    func pairing(crm: String, marketing: String, shared: String) async throws {
        let store = try memoryStore()
        _ = try await store.apply(settings(), now: at(0))
        let error = await #expect(throws: StoreError.self) {
            try await store.apply(settings("second", crm: crm, marketing: marketing), now: at(1))
        }
        #expect(error?.code == "already-paired")
        #expect(error?.message.contains("acme already") == true)
        #expect(error?.message.contains(shared) == true)
        #expect(try await store.integrations().map(\.settings.name) == ["acme"])
    }

    @Test("GEN-1 Hosts that serve every org do not make two orgs one")
    func sharedHosts() async throws {
        let store = try memoryStore()
        func apply(_ name: String, user: String?, client: String = "client") async -> String? {
            await errorCode {
                let crm = "https://login.salesforce.com"
                _ = try await store.apply(
                    settings(name, crm: crm, marketing: "https://\(name).api-us1.com", username: user, clientID: client),
                    now: at(0))
            }
        }
        #expect(await apply("a", user: "sync@a.example") == nil)
        #expect(await apply("b", user: "sync@b.example") == nil)
        #expect(await apply("c", user: "Sync@A.example") == "already-paired")
        #expect(await apply("d", user: nil, client: "one") == nil)
        #expect(await apply("e", user: nil, client: "one") == "already-paired")
    }

    @Test("GEN-1 An integration may move to another org, which frees the one it had")
    func moving() async throws {
        let store = try memoryStore()
        _ = try await store.apply(settings(), now: at(0))
        #expect(try await store.apply(settings(crm: "https://new.my.salesforce.com"), now: at(1)) == .changed)
        #expect(try await store.apply(settings("second", marketing: "https://second.api-us1.com"), now: at(2)) == .created)
    }

    @Test("GEN-4 Pause and resume keep everything; disconnect is for good and forgets the credentials")
    func states() async throws {
        let store = try memoryStore()
        _ = try await store.apply(settings(), secrets: [.marketingAPIKey: Secret("key")], now: at(0))
        try await store.queue([entry("1")], now: at(0))
        try await store.setState("acme", .paused, now: at(1))
        #expect(try await store.apply(settings(), now: at(2)) == .unchanged)
        #expect(try await store.integration("acme")?.state == .paused)
        try await store.setState("acme", .active, now: at(3))
        #expect(try await store.secret(.marketingAPIKey, of: "acme") == Secret("key"))
        #expect(try await store.depth(now: at(3)).waiting == 1)

        try await store.setState("acme", .disconnected, now: at(4))
        #expect(try await store.secret(.marketingAPIKey, of: "acme") == nil)
        #expect(await errorCode { try await store.setState("acme", .active, now: at(5)) } == "disconnected")
        #expect(await errorCode { _ = try await store.apply(settings(), now: at(5)) } == "disconnected")
        #expect(
            await errorCode { try await store.setSecret(.marketingAPIKey, of: "acme", to: Secret("k"), now: at(5)) }
                == "disconnected")
        #expect(try await store.apply(settings("again"), now: at(6)) == .created, "org and account are free for another")
        #expect(await errorCode { try await store.setState("nobody", .paused, now: at(7)) } == "unknown-integration")
    }

    @Test("CON-3 A rotated token outlives applying the older one again, until the settings name a new one")
    func rotatedToken() async throws {
        let store = try memoryStore()
        func apply(_ token: String, _ second: Int64) async throws -> ApplyOutcome {
            try await store.apply(settings(), secrets: [.crmRefreshToken: Secret(token)], now: at(second))
        }
        _ = try await apply("from-file", 0)
        try await store.setSecret(.crmRefreshToken, of: "acme", to: Secret("rotated"), now: at(1))
        #expect(try await apply("from-file", 2) == .unchanged)
        #expect(try await store.secret(.crmRefreshToken, of: "acme")?.reveal() == "rotated")
        #expect(try await apply("renewed", 3) == .changed)
        #expect(try await store.secret(.crmRefreshToken, of: "acme")?.reveal() == "renewed")
        #expect(try await store.secret(.crmPrivateKey, of: "acme") == nil)
        #expect(
            await errorCode { try await store.setSecret(.webhookSecret, of: "nobody", to: Secret("x"), now: at(4)) }
                == "unknown-integration")
    }

    @Test("CON-3 A store key does not show itself, and reads back what it writes")
    func storeKey() throws {
        let key = StoreKey.generate()
        let text = key.revealBase64()
        var dumped = ""
        dump(key, to: &dumped)
        for shown in ["\(key)", String(reflecting: key), dumped] {
            #expect(shown.contains("•••"))
            #expect(!shown.contains(text))
        }
        #expect(StoreKey(base64: text)?.revealBase64() == text)
        #expect(StoreKey.generate().revealBase64() != text)
        for wrong in ["", "no base64!", "c2hvcnQ=", String(repeating: "A", count: 64)] { #expect(StoreKey(base64: wrong) == nil) }
    }
}
