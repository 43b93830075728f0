import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore
import Testing
import Vendors

@testable import Runtime
@testable import Workers

@Suite("Outbound: the marketing account's limit")
struct OutboundRateTests {
    @Test(
        "OUT-9 two processes deliver and tag within five requests a second, and neither is ever refused", .timeLimit(.minutes(5)))
    func twoProcesses() async throws {
        try await withOutboundWorld { world in
            let account = try await world.limitedAccount(requestsPerSecond: 5)
            let ids = await world.salesforce.load("Contact", rows: (1...60).map { World.crmPerson("\($0)") })
            let processes = (1...2).map { OutboundProcess("process \($0)", in: world.world, account: account) }
            try await withThrowingTaskGroup { group in
                for process in processes { process.start(in: &group) }
                // Few at a time, for many would go by import.
                for portion in ids.chunked(5) {
                    _ = try await world.world.outboundIngest.ingest(
                        await world.world.crmRecords(portion.map { world.world.crmChange(.contact, $0) }))
                    try await world.pass(while: { try await world.hasWork() })
                }
                group.cancelAll()
            }

            let people = await account.people()
            #expect(people.count == 60)
            #expect(people.values.allSatisfy { $0.tags == ["created-from-salesforce-contact"] })
            let counters = await account.counters()
            #expect(counters.throttled == 0)
            #expect(counters.calls["POST /contact/sync"] == 60)
            #expect(counters.calls["POST /contactTags"] == 60)
            for process in processes { #expect(await process.requests > 0) }
        }
    }

    @Test("OUT-9 what one process is told to wait for, the other waits for as well", .timeLimit(.minutes(5)))
    func sharedPause() async throws {
        try await withOutboundWorld { world in
            let account = try await world.limitedAccount(requestsPerSecond: 5)
            let first = OutboundProcess("first", in: world.world, account: account, latency: .zero)
            let second = OutboundProcess("second", in: world.world, account: account, latency: .zero)
            await account.play(FaultPlan(rules: [.init(.throttled, limit: 1)]))
            await #expect(throws: SyncError.self) { try await first.ask() }
            let told = world.clock.now()
            try await withThrowingTaskGroup { group in
                group.addTask { try await second.ask() }
                group.addTask {
                    while !Task.isCancelled {
                        await world.clock.waitForSleepers()
                        await world.clock.advanceToNextSleeper()
                    }
                }
                try await group.next()
                group.cancelAll()
            }
            #expect(world.clock.now().since(told) >= .seconds(30))
            #expect(await account.counters().apiCalls == 1)
            #expect(await account.counters().faults == ["throttled": 1])
        }
    }
}

/// One process of a cluster: connectors of its own, and the drains that outbound runs.
private struct OutboundProcess {
    private let world: World
    private let network: SlowNetwork
    private let connections: VendorConnections
    private let drain: OutboundDrain
    private let tags: TagDrain

    init(_ holder: String, in world: World, account: ActiveCampaignSandbox, latency: Duration = .milliseconds(80)) {
        self.world = world
        let vendors = InProcessTransport(["localhost:1": world.salesforce, "localhost:2": account])
        network = SlowNetwork(Wire(vendors), clock: world.clock, latency: latency)
        connections = VendorConnections(store: world.store, transport: network, clock: world.clock, logger: World.logger)
        drain = OutboundDrain(
            integration: World.name, holder: holder, store: world.store, connections: connections, clock: world.clock,
            settings: DrainSettings(), logger: World.logger, jitter: { 1 })
        tags = TagDrain(
            integration: World.name, holder: holder, worker: "outbound", store: world.store, connections: connections,
            clock: world.clock, settings: DrainSettings(), logger: World.logger, jitter: { 1 })
    }

    /// How many requests went to marketing.
    var requests: Int { get async { await network.requests } }

    func start(in group: inout ThrowingTaskGroup<Void, any Error>) {
        group.addTask { await loop { await drain.turn() } }
        group.addTask { await loop { await tags.turn() } }
    }

    private func loop(_ turn: () async -> NextTurn) async {
        while !Task.isCancelled {
            guard case .at(let moment) = await turn() else { continue }
            try? await world.clock.sleep(until: moment)
        }
    }

    /// One request to marketing.
    func ask() async throws {
        let integration = try #require(try await world.store.integration(World.name))
        try await connections.marketing(of: integration).probe()
    }
}

/// A network on which every answer takes its time, and which counts what goes to marketing.
private actor SlowNetwork: HTTPTransport {
    private let wire: Wire
    private let clock: VirtualClock
    private let latency: Duration
    private(set) var requests = 0

    init(_ wire: Wire, clock: VirtualClock, latency: Duration) {
        self.wire = wire
        self.clock = clock
        self.latency = latency
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        if request.url.hasPrefix(World.marketingURL) { requests += 1 }
        try await travel()
        let response = try await wire.send(request)
        try await travel()
        return response
    }

    private func travel() async throws(TransportError) {
        do {
            try await clock.sleep(until: clock.now().advanced(by: latency / 2))
        } catch {
            throw .cancelled
        }
    }
}

extension OutboundWorld {
    /// An account in the place of the world's own that refuses more requests than it allows, and the settings to match.
    fileprivate func limitedAccount(requestsPerSecond: Int) async throws -> ActiveCampaignSandbox {
        let clock = clock
        var options = ActiveCampaignOptions { clock.now().milliseconds }
        options.requestsPerSecond = requestsPerSecond
        let account = ActiveCampaignSandbox(options: options)
        for field in ["Annual Income", "Birth Date", "Occupation"] { _ = await account.addField(field) }
        var settings = try #require(try await store.integration(World.name)).settings
        settings.marketing.requestsPerSecond = requestsPerSecond
        _ = try await store.apply(settings, now: clock.now())
        return account
    }

    fileprivate func hasWork() async throws -> Bool {
        let queue = try await store.depth(integration: World.name, direction: .outbound, now: clock.now())
        let tags = try await world.tagDepth()
        return queue.waiting + tags.waiting > 0
    }

    /// Lets time pass, from one sleeper to the next, for as long as there is something to wait for.
    fileprivate func pass(while condition: () async throws -> Bool) async throws {
        for _ in 0..<5000 {
            guard try await condition() else { return }
            await clock.waitForSleepers(4)
            await clock.advanceToNextSleeper()
            // Whoever was woken gets on before more time passes.
            for _ in 0..<100 { await Task.yield() }
        }
        Issue.record("the work never ends")
    }
}

extension Array {
    fileprivate func chunked(_ size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
