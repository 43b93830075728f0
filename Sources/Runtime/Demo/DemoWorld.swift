import Connectors
import Contracts
import Foundation
import Gateway
import Sandbox
import ServiceLifecycle
import Store
import SyncCore
import Workers

/// A whole Tandem and both emulated vendors, talking over loopback HTTP in one process.
struct DemoWorld: Sendable {
    static let window = BatchWindow(records: 100, interval: .seconds(2))
    static let requestsPerSecond = 2000

    let playground: Playground
    let cluster: Cluster
    /// Where the gateway listens.
    let gatewayURL: String
    private let deliveries: Deliveries

    /// Counts what the gateway took in, so that the demo knows when all of it has been ingested.
    private actor Deliveries {
        private(set) var accepted = 0

        func add(_ count: Int) { accepted += count }
    }

    /// Starts everything, tells the story, stops everything.
    static func run(directory: String, _ story: @Sendable (DemoWorld) async throws -> Bool) async throws -> Bool {
        var configuration = ClusterConfiguration()
        configuration.dataDirectory = directory
        configuration.gateway.port = 0
        configuration.logging.level = .error
        let observability = Observability.start(configuration.logging, label: "tandem-demo")
        let cluster = try Cluster.open(configuration, role: "demo", observability: observability)
        let deliveries = Deliveries()
        let playground = await makePlayground(clock: cluster.clock, deliveries: deliveries)
        let vendors = (
            salesforce: SandboxServer(handler: playground.salesforce), marketing: SandboxServer(handler: playground.marketing)
        )
        let gateway = cluster.gateway()
        let batcher = cluster.inboundBatcher(holder: "demo")

        let services = ServiceGroup(
            services: [vendors.salesforce, vendors.marketing, gateway, InboundBatcherService(batcher: batcher)],
            logger: cluster.logger)
        let result = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let salesforceURL = "http://127.0.0.1:\(try await vendors.salesforce.port())"
            let marketingURL = "http://127.0.0.1:\(try await vendors.marketing.port())"
            let settings = playground.settings(salesforceURL: salesforceURL, marketingURL: marketingURL, window: window)
            _ = try await cluster.store.apply(settings, secrets: Playground.secrets, now: cluster.clock.now())
            guard let port = await gateway.port() else { throw DemoError("the gateway could not listen") }
            let world = DemoWorld(
                playground: playground, cluster: cluster, gatewayURL: "http://127.0.0.1:\(port)", deliveries: deliveries)
            let result = try await story(world)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return result
        }
        await cluster.close()
        return result
    }

    private static func makePlayground(clock: any WallClock, deliveries: Deliveries) async -> Playground {
        var rules = SalesforceRules()
        rules.syncStatusField = "Tandem_Sync_Status__c"
        rules.validation = { record in
            guard let income = record.values["AnnualIncome__c"]?.double, income > 10_000_000 else { return nil }
            return SalesforceRules.Refusal("Please check the income with your manager.", field: "AnnualIncome__c")
        }
        let transport = AsyncHTTPTransport()
        return await Playground(requestsPerSecond: requestsPerSecond, clock: { clock.now() }, rules: rules) {
            url, body, contentType in
            let request = HTTPRequest(method: "POST", url: url, headers: ["Content-Type": contentType], body: body)
            guard let response = try? await transport.send(request) else { return 0 }
            let accepted = try? JSONValue.parse(response.body).objectValue?["accepted"]
            if case .integer(let count)? = accepted { await deliveries.add(Int(count)) }
            return response.status
        }
    }

    // MARK: What the story does with it

    func hookURL(_ action: AutomationAction.Action? = nil) -> String {
        let hook = "\(gatewayURL)/hooks/\(Playground.integration)/\(Playground.webhookSecret)"
        return action.map { "\(hook)/actions/\($0.rawValue)" } ?? hook
    }

    /// Delivers the account's webhooks until there are no more and all they brought is settled.
    func settle(_ progress: () async throws -> Void) async throws {
        while true {
            async let delivered = playground.marketing.deliverPending(concurrency: 16)
            try await progress()
            let (_, failed) = await delivered
            if failed > 0 { throw DemoError("\(failed) webhooks were not accepted by the gateway") }
            if await playground.marketing.pendingWebhooks().isEmpty, try await isQuiet() { return }
            try await progress()
            try await cluster.clock.sleep(until: cluster.clock.now().advanced(by: .milliseconds(250)))
        }
    }

    private func isQuiet() async throws -> Bool {
        let taken = cluster.metrics.total(of: "tandem_ingested_total") + cluster.metrics.total(of: "tandem_dead_letters_total")
        guard await deliveries.accepted <= Int(taken) else { return false }
        let now = cluster.clock.now()
        let queue = try await cluster.store.depth(integration: Playground.integration, direction: .inbound, now: now)
        let tags = try await cluster.store.tagDepth(integration: Playground.integration, now: now)
        return queue.waiting == 0 && tags.waiting == 0
    }
}
