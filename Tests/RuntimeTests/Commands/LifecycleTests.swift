import ArgumentParser
import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("GEN-4 'tandem pause', 'resume' and 'disconnect'")
struct LifecycleTests {
    private let now = CommandFixture.now

    private func disconnect(_ fixture: CommandFixture, org: SalesforceSandbox? = nil) async throws -> String {
        let transport = InProcessTransport(org.map { [CommandFixture.crmHost: $0] } ?? [:])
        return try await Lifecycle(store: fixture.store, now: now)
            .disconnect("acme", transport: transport, clock: VirtualClock(now: now))
    }

    @Test("a pause stops an integration until it is resumed; either said twice changes nothing")
    func pause() async throws {
        let fixture = try await CommandFixture()
        let lifecycle = Lifecycle(store: fixture.store, now: now)
        #expect(try await lifecycle.resume("acme") == "acme: is not paused")
        #expect(try await lifecycle.pause("acme") == "acme: paused; what comes in waits until 'tandem resume acme'")
        #expect(try await fixture.store.known("acme").state == .paused)
        #expect(try await lifecycle.pause("acme") == "acme: is paused already")
        #expect(try await lifecycle.resume("acme") == "acme: resumed")
        #expect(try await fixture.store.known("acme").state == .active)
    }

    @Test("an integration there is not is named")
    func unknown() async throws {
        let fixture = try await CommandFixture()
        let failure = await #expect(throws: CommandFailure.self) {
            try await Lifecycle(store: fixture.store, now: now).pause("other")
        }
        #expect(failure?.description == "no integration is named other; 'tandem get' lists them")
    }

    @Test("disconnecting ends it for good, forgets its secrets and deletes nothing")
    func disconnect() async throws {
        let fixture = try await CommandFixture()
        try await fixture.leased { lease in
            let link = Link(
                integration: "acme", object: .contact, marketingID: "7", crmID: "003000000000001AAA", externalID: "acme:7",
                state: .linked)
            try await fixture.store.saveLinks([link], lease: lease, now: now)
        }
        #expect(
            try await disconnect(fixture)
                == """
                acme: disconnected; its secrets are forgotten
                  nothing was deleted on either side; 1 linked records stay as they are and sync no more
                  the key in ActiveCampaign and the webhook there stay until you remove them
                """)
        #expect(try await fixture.store.known("acme").state == .disconnected)
        #expect(try await fixture.store.secret(.marketingAPIKey, of: "acme") == nil)
        #expect(try await fixture.store.linkCount(integration: "acme", object: .contact) == 1)
        #expect(try await disconnect(fixture) == "acme: is disconnected already")
        await #expect(throws: StoreError.self) { try await Lifecycle(store: fixture.store, now: now).resume("acme") }
    }

    @Test("disconnecting revokes the CRM's refresh token; where that fails it says so, and goes on", arguments: [true, false])
    func revokes(isReachable: Bool) async throws {
        let now = now
        let options = SalesforceOptions(clock: { now.milliseconds })
        let org = SalesforceSandbox(options: options)
        let fixture = try await CommandFixture(
            { $0.crm.flow = .refreshToken }, secrets: [.crmRefreshToken: Secret(options.refreshToken)])
        let text = try await disconnect(fixture, org: isReachable ? org : nil)
        #expect(text.contains("  the refresh token is revoked") == isReachable)
        #expect(text.contains("  warning: the refresh token could not be revoked (") != isReachable)
        #expect(!text.contains(options.refreshToken))
        #expect(await org.counters().calls["POST /oauth2/revoke"] == (isReachable ? 1 : nil))
        #expect(try await fixture.store.secret(.crmRefreshToken, of: "acme") == nil)
    }

    @Test("disconnecting has to be confirmed")
    func confirmation() async throws {
        let command = try DisconnectCommand.parse(["acme"])
        let failure = await #expect(throws: CommandFailure.self) { try await command.run() }
        #expect(failure?.description == "disconnecting acme cannot be undone: confirm it with --yes")
        #expect(try DisconnectCommand.parse(["acme", "--yes"]).isConfirmed)
    }

    @Test("GEN-1 a second pairing of the org or of the account is refused, naming the integration that has it")
    func secondPairing() async throws {
        let fixture = try await CommandFixture()
        for (change, shared) in [
            ({ $0.marketing.url = "https://other.example.com" }, "the CRM org crm.example.com"),
            ({ $0.crm.loginURL = "https://other.example.com" }, "the marketing account marketing.example.com"),
        ] as [((inout IntegrationSettings) -> Void, String)] {
            var settings = CommandFixture.settings
            settings.name = "second"
            change(&settings)
            let file = IntegrationFile(settings: settings, secrets: [:], file: "second.yaml", line: 1)
            let error = await #expect(throws: StoreError.self) {
                try await Cluster.apply([file], to: fixture.store, now: now)
            }
            #expect(
                error?.message == "\(shared) belongs to the integration acme already; one org pairs with one account")
        }
        _ = try await disconnect(fixture)
        var settings = CommandFixture.settings
        settings.name = "second"
        #expect(try await fixture.store.apply(settings, now: now) == .created, "a disconnected one has neither any more")
    }
}
