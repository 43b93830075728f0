import Connectors
import Contracts
import EventLog
import Foundation
import Logging
import Playground
import Sandbox
import Store
import SyncCore
import Vendors
import Workers

/// The outbound path on one process: polls of the emulated CRM, the topic, the queue, and the delivery to the emulated
/// account, all at work at once and without a network.
enum BenchOutbound {
    /// What the importer takes in a minute: 100 calls with 250 people each.
    private static let importCeiling = 25_000
    private static let peoplePerImport = 250

    static func run(people: Int) async throws -> [BenchLine] {
        try await Bench.withDirectory { directory in
            let world = try await World(directory: directory)
            return try await world.working { try await measure(world, people: people) }
        }
    }

    private static func measure(_ world: World, people: Int) async throws -> [BenchLine] {
        let idle = try await world.poll()
        let ids = await world.salesforce.load("Contact", rows: (0..<people).map(BenchEvents.contact))
        let creating = try await world.poll()
        let echo = try await world.poll()
        for (index, id) in ids.enumerated() {
            await world.salesforce.edit("Contact", id: id, ["Phone": .string("+1 555 01\(index)")])
        }
        let updating = try await world.poll()
        for id in ids.prefix(10) { await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0199"]) }
        let few = try await world.poll()
        return costs(creating, "creates") + costs(updating, "updates") + [
            BenchLine(
                name: "outbound: ActiveCampaign requests for 10 updates", value: "\(few.requests)", note: "too few for an import"),
            BenchLine(
                name: "outbound: own write-backs polled, events published", value: "\(echo.published)",
                note: "\(echo.read.grouped) records read, \(echo.requests) ActiveCampaign requests"),
            BenchLine(
                name: "outbound: Salesforce calls of an idle poll", value: "\(idle.calls)",
                note: "of \(World.polledObjects) objects"),
            .rate("poll → deliver: create \(people.grouped) contacts", creating.published, in: creating.time, unit: "records"),
            .rate("poll → deliver: update them", updating.published, in: updating.time, unit: "records"),
        ] + ceiling(creating)
    }

    private static func costs(_ run: Run, _ what: String) -> [BenchLine] {
        func perThousand(_ count: Int) -> String {
            String(format: "%.1f", Double(count) * 1000 / Double(max(run.published, 1)))
        }
        return [
            BenchLine(name: "outbound: ActiveCampaign requests per 1,000 \(what)", value: perThousand(run.requests)),
            BenchLine(
                name: "outbound: Salesforce calls per 1,000 \(what)", value: perThousand(run.calls), note: "write-backs included"),
        ]
    }

    /// How much of what the importer takes could be made use of, at this machine's speed and at the account's pace.
    private static func ceiling(_ run: Run) -> [BenchLine] {
        let perMinute = Double(run.published) / max(run.time.seconds, 1e-9) * 60
        let requestsPerPerson = Double(run.requests) / Double(max(run.published, 1))
        let atPace = Double(MarketingSettings(url: "").requestsPerSecond * 60) / max(requestsPerPerson, 1e-9)
        func share(_ people: Double) -> String {
            "\(Int((min(people / Double(importCeiling), 1) * 100).rounded())) %"
        }
        let fill = Double(run.published) / Double(max(run.imports, 1)) / Double(peoplePerImport)
        return [
            BenchLine(
                name: "outbound: share of the import ceiling", value: share(min(perMinute, atPace)),
                note: "of \(importCeiling.grouped) people a minute; imports \(Int((fill * 100).rounded())) % full, "
                    + "5 requests/s would carry \(Int(atPace).grouped)")
        ]
    }

    /// What one poll and the delivery of what it found came to.
    struct Run: Sendable {
        var time: Duration
        var read: Int
        var published: Int
        var calls: Int
        var requests: Int
        var imports: Int
    }
}

extension BenchOutbound {
    /// Vendors, store, log and the worker.
    private struct World: Sendable {
        /// Leads and contacts; the others are switched off.
        static let polledObjects = 2
        private static let looks = Duration.milliseconds(5)

        let store: Store
        let log: EmbeddedLog
        let playground: Playground
        let poller: OutboundPoller
        let clock = SystemClock()

        var salesforce: SalesforceSandbox { playground.salesforce }

        init(directory: String) async throws {
            let clock = clock
            var logger = Logger(label: "tandem-bench")
            logger.logLevel = .critical
            store = try Store.open(path: directory + "/tandem.sqlite", key: .generate())
            playground = await Playground(
                requestsPerSecond: 1_000_000, instanceURL: "https://acme.my.salesforce.com", clock: { clock.now() },
                importDelay: .zero)
            let transport = InProcessTransport([
                "acme.my.salesforce.com": playground.salesforce, "acme.api-us1.com": playground.marketing,
            ])
            let settings = playground.settings(
                salesforceURL: "https://acme.my.salesforce.com", marketingURL: "https://acme.api-us1.com", window: .standard,
                outbound: OutboundSettings(
                    schedule: .every(hours: 1), selection: [.contact: .criteria(.all([]))], overlap: .seconds(600)))
            _ = try await store.apply(settings, secrets: Playground.secrets, now: clock.now())
            log = try EmbeddedLog.open(path: directory + "/log.sqlite", clock: { clock.now() })
            poller = OutboundPoller(
                log: log, store: store,
                connections: VendorConnections(store: store, transport: transport, clock: clock, logger: logger),
                topics: Topics(), clock: clock, settings: DrainSettings(pollInterval: Self.looks), holder: "bench", logger: logger
            )
        }

        /// Does `work` while the worker is at work; the first poll is over by then.
        func working<Result: Sendable>(_ work: @Sendable () async throws -> Result) async throws -> Result {
            let result = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await poller.run() }
                defer { group.cancelAll() }
                while try await schedule()?.finishedAt == nil { try await pause(Self.looks) }
                return try await work()
            }
            await log.close()
            return result
        }

        /// One poll and all that it leads to.
        func poll() async throws -> Run {
            // What changes within the second is left to the poll after.
            try await pause(.milliseconds(1100))
            let before = (crm: await salesforce.counters(), account: await playground.marketing.counters())
            let (runs, delivered) = (try await schedule()?.runs ?? 0, try await delivered())
            let start = ContinuousClock().now
            _ = try await store.makeDue(Playground.integration, now: clock.now())
            while try await !isDone(after: runs, delivered) { try await pause(Self.looks) }
            let time = ContinuousClock().now - start
            let state = try await schedule()
            let (crm, account) = (await salesforce.counters(), await playground.marketing.counters())
            func imports(_ counters: SandboxCounters) -> Int { counters.calls["POST /import/bulk_import", default: 0] }
            return Run(
                time: time, read: state?.read ?? 0, published: state?.published ?? 0, calls: crm.apiCalls - before.crm.apiCalls,
                requests: account.apiCalls - before.account.apiCalls, imports: imports(account) - imports(before.account))
        }

        private func isDone(after runs: Int, _ delivered: Int) async throws -> Bool {
            guard let state = try await schedule(), state.runs > runs else { return false }
            return try await self.delivered() - delivered >= state.published
        }

        /// How many deliveries were settled so far, imports included.
        private func delivered() async throws -> Int {
            let outcomes = try await store.outcomeCounts(integration: Playground.integration)
            return outcomes.reduce(0) { $0 + ($1.key.hasPrefix("marketing-") ? $1.value : 0) }
        }

        private func schedule() async throws -> ScheduleState? { try await store.scheduleState(of: Playground.integration) }

        private func pause(_ duration: Duration) async throws { try await clock.sleep(until: clock.now().advanced(by: duration)) }
    }
}
