import ArgumentParser
import Connectors
import Contracts
import Salesforce
import Store
import SyncCore

/// `tandem pause`: stops an integration for a while.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stops all work of an integration; nothing is lost.",
        discussion: "Webhooks and events go on being taken in and wait. Batches under way are finished. 'tandem resume' goes on.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        print(try await Lifecycle(store: store, now: SystemClock().now()).pause(name))
    }
}

/// `tandem resume`: ends a pause.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on with an integration that was paused.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        print(try await Lifecycle(store: store, now: SystemClock().now()).resume(name))
    }
}

/// `tandem disconnect`: ends an integration for good.
struct DisconnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disconnect", abstract: "Ends an integration for good and forgets its secrets.",
        discussion: """
            Deletes nothing on either side. The CRM's refresh token is revoked where there is one. The name cannot be used \
            again; the org and the account can, in another integration.
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Flag(name: .customLong("yes"), help: "Confirms it.")
    var isConfirmed = false

    func run() async throws {
        guard isConfirmed else {
            throw CommandFailure(description: "disconnecting \(name) cannot be undone: confirm it with --yes")
        }
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        let lifecycle = Lifecycle(store: store, now: SystemClock().now())
        print(try await lifecycle.disconnect(name, transport: AsyncHTTPTransport(), clock: SystemClock()))
    }
}

/// What an operator does to a whole integration (GEN-4), and the words for it.
struct Lifecycle {
    let store: Store
    let now: Timestamp

    func pause(_ name: String) async throws -> String {
        guard try await store.known(name).state != .paused else { return "\(name): is paused already" }
        try await store.setState(name, .paused, now: now)
        return "\(name): paused; what comes in waits until 'tandem resume \(name)'"
    }

    func resume(_ name: String) async throws -> String {
        guard try await store.known(name).state != .active else { return "\(name): is not paused" }
        try await store.setState(name, .active, now: now)
        return "\(name): resumed"
    }

    func disconnect(_ name: String, transport: any HTTPTransport, clock: any WallClock) async throws -> String {
        let integration = try await store.known(name)
        guard integration.state != .disconnected else { return "\(name): is disconnected already" }
        let token = try await store.secret(.crmRefreshToken, of: name)
        // Revoked first: a token that is forgotten cannot be revoked any more.
        let revocation = await revocation(of: token, integration.settings.crm, transport: transport, clock: clock)
        try await store.setState(name, .disconnected, now: now)
        let links = try await store.linkSummary(integration: name).linked.values.reduce(0, +)
        return
            ([
                "\(name): disconnected; its secrets are forgotten",
                "  nothing was deleted on either side; \(links) linked records stay as they are and sync no more",
            ] + revocation + ["  the key in ActiveCampaign and the webhook there stay until you remove them"])
            .joined(separator: "\n")
    }

    /// Ends the CRM's refresh token, and says how that went. The other flows have nothing that lasts.
    private func revocation(
        of token: Secret?, _ settings: CRMSettings, transport: any HTTPTransport, clock: any WallClock
    ) async -> [String] {
        guard let token, settings.flow == .refreshToken else { return [] }
        do throws(SyncError) {
            let oauth = try SalesforceOAuth(
                settings: settings, credentials: SalesforceCredentials(), transport: transport, clock: clock)
            try await oauth.revoke(token)
            return ["  the refresh token is revoked"]
        } catch {
            return [
                "  warning: the refresh token could not be revoked (\(error.code): \(error.message)): "
                    + "revoke it in Salesforce, Setup → Connected Apps OAuth Usage"
            ]
        }
    }
}
