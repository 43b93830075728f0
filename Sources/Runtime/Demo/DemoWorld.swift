import Connectors
import Contracts
import Foundation
import Gateway
import Playground
import Sandbox
import ServiceLifecycle
import Store
import SyncCore
import Workers

/// A whole Tandem and both emulated vendors, talking over loopback HTTP in one process.
struct DemoWorld: Sendable {
    static let window = BatchWindow(records: 100, interval: .seconds(1))
    static let requestsPerSecond = 1000
    /// How long a full run waits for news that would explain a difference.
    static let driftSettling = Duration.seconds(2)
    private static let overlap = Duration.seconds(3)

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
        let batcher = InboundBatcherService(batcher: cluster.inboundBatcher(holder: "demo-inbound"))
        let poller = OutboundPollerService(poller: cluster.outboundPoller(holder: "demo-outbound"))
        let runner = SyncRunnerService(runner: cluster.syncRunner(holder: "demo-runner", driftSettling: driftSettling))
        let recorder = ActivityRecorderService(recorder: cluster.activityRecorder(holder: "demo-recorder"))

        let services = ServiceGroup(
            services: [vendors.salesforce, vendors.marketing, gateway, batcher, poller, runner, recorder],
            logger: cluster.logger)
        let result = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let salesforceURL = "http://127.0.0.1:\(try await vendors.salesforce.port())"
            let marketingURL = "http://127.0.0.1:\(try await vendors.marketing.port())"
            var outbound = Playground.outbound
            // Nothing commits late here; a long look back would show the same records poll after poll.
            outbound.overlap = overlap
            let settings = playground.settings(
                salesforceURL: salesforceURL, marketingURL: marketingURL, window: window, outbound: outbound)
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
        var rules = Playground.rules
        rules.validation = { record in
            guard let income = record.values["AnnualIncome__c"]?.double, income > 10_000_000 else { return nil }
            return SalesforceRules.Refusal("Please check the income with your manager.", field: "AnnualIncome__c")
        }
        rules.automation = { record in
            record.values["Email"]?.text == DemoPeople.contested.email ? SalesforceRules.tidyingAutomation(record) : [:]
        }
        let transport = AsyncHTTPTransport()
        return await Playground(
            requestsPerSecond: requestsPerSecond, clock: { clock.now() }, rules: rules,
            automation: { $0.email == DemoPeople.contested.email ? $0.tidied : $0 }, importDelay: .seconds(1)
        ) { url, body, contentType in
            let request = HTTPRequest(method: "POST", url: url, headers: ["Content-Type": contentType], body: body)
            guard let response = try? await transport.send(request) else { return 0 }
            let accepted = try? JSONValue.parse(response.body).objectValue?["accepted"]
            if case .integer(let count)? = accepted { await deliveries.add(Int(count)) }
            return response.status
        }
    }
}

// MARK: What the story does with it

extension DemoWorld {
    func hookURL(_ action: AutomationAction.Action? = nil) -> String {
        let hook = "\(gatewayURL)/hooks/\(Playground.integration)/\(Playground.webhookSecret)"
        return action.map { "\(hook)/actions/\($0.rawValue)" } ?? hook
    }

    /// Where an automation's step tells of an activity; the query tells what the step does not.
    func stepURL(_ kind: Activity.Kind, _ told: [String: String] = [:]) -> String {
        var query = URLComponents()
        if !told.isEmpty { query.queryItems = told.map { URLQueryItem(name: $0.key, value: $0.value) } }
        return "\(hookURL())/activities/\(kind.rawValue)\(query.string ?? "")"
    }

    /// The first poll runs by itself as soon as the integration is set up (OUT-3).
    func awaitFirstPoll() async throws {
        while try await schedule()?.finishedAt == nil { try await pause(.milliseconds(100)) }
    }

    /// Makes a poll due, as `tandem schedule --now` does, and waits until all that it leads to is done.
    /// - Returns: How many records the poll published.
    func poll(webhooksAtOnce: Int = 16, _ progress: () async throws -> Void) async throws -> Int {
        // What changes within the second is left to the poll after.
        try await pause(.milliseconds(1100))
        let runs = try await schedule()?.runs ?? 0
        _ = try await cluster.store.makeDue(Playground.integration, now: cluster.clock.now())
        while try await schedule()?.runs == runs {
            try await progress()
            try await pause(.milliseconds(100))
        }
        let published = try await schedule()?.published ?? 0
        try await settle(webhooksAtOnce: webhooksAtOnce, progress)
        return published
    }

    /// Begins a run, as `tandem run` does, and waits until it is over and all that it leads to is done.
    func run(_ kind: RunKind, _ progress: () async throws -> Void) async throws -> Run {
        let id = try await RunDesk(store: cluster.store).begin(
            kind, of: Playground.integration, requestID: UUID().uuidString, now: cluster.clock.now()
        ).id
        while let run = try await cluster.store.run(id) {
            if run.state == .finished {
                try await settle(progress)
                return run
            }
            guard run.isAtWork else { throw DemoError(RunText.line(run, now: cluster.clock.now(), isTerminal: false)) }
            try await progress()
            try await pause(.milliseconds(100))
        }
        throw DemoError("run \(id) is gone")
    }

    /// Delivers the account's webhooks until there are no more and all they brought is settled.
    func settle(webhooksAtOnce: Int = 16, _ progress: () async throws -> Void) async throws {
        while true {
            async let delivered = playground.marketing.deliverPending(concurrency: webhooksAtOnce)
            try await progress()
            let (_, failed) = await delivered
            if failed > 0 { throw DemoError("\(failed) webhooks were not accepted by the gateway") }
            let isQuiet = try await isIdle()
            try await progress()
            if isQuiet { return }
            try await pause(.milliseconds(250))
        }
    }

    func schedule() async throws -> ScheduleState? {
        try await cluster.store.scheduleState(of: Playground.integration)
    }

    private func pause(_ duration: Duration) async throws {
        try await cluster.clock.sleep(until: cluster.clock.now().advanced(by: duration))
    }

    /// Whether nothing is on its way anywhere. What a delivery causes is there before the delivery is gone, so the account's
    /// webhooks are looked at last.
    private func isIdle() async throws -> Bool {
        func total(_ metric: String) -> Int { Int(cluster.metrics.total(of: metric)) }
        let sent = await deliveries.accepted + total("tandem_published_total")
        let received =
            total("tandem_ingested_total") + total("tandem_dead_letters_total") + total("tandem_activities_recorded_total")
        guard sent <= received + total("tandem_activities_duplicate_total") else { return false }
        let now = cluster.clock.now()
        var waiting = try await cluster.store.imports(integration: Playground.integration).count
        for direction in Direction.allCases {
            waiting += try await cluster.store.depth(integration: Playground.integration, direction: direction, now: now).waiting
        }
        waiting += try await cluster.store.tagDepth(integration: Playground.integration, now: now).waiting
        return await playground.marketing.pendingWebhooks().isEmpty && waiting == 0
    }
}
