import Connectors
import Contracts
import EventLog
import Foundation
import KafkaLog
import Sandbox
import Store
import SyncCore

/// One integration between two emulated vendors, whose state lives here and survives whatever happens to the worker.
struct CrashWorld: Sendable {
    static let integration = "crash"
    static let webhookSecret = "crash-test-webhook-secret"

    let salesforce: SalesforceSandbox
    let marketing: ActiveCampaignSandbox
    let watch: VersionWatch
    let store: Store
    let worker: WorkerProcess
    let striker: Striker
    let publisher: any Publisher
    /// Opens the log from outside the worker; an embedded one only once the worker has ended.
    let openLog: @Sendable () throws -> any EventLog
    let clock = SystemClock()

    /// How many rows wait in the queue.
    func waitingRows(_ direction: Direction = .inbound) async throws -> Int {
        try await store.depth(integration: Self.integration, direction: direction, now: clock.now()).waiting
    }

    /// Whether nothing waits and the CRM has what it should have of `people`.
    func isDone(_ people: [CrowdPerson]) async throws -> Bool {
        let tags = try await store.tagDepth(integration: Self.integration, now: clock.now()).waiting
        guard try await waitingRows() + tags == 0 else { return false }
        return await differences(people).isEmpty
    }

    /// Whether nothing waits on either side and no import is under way.
    func isIdle() async throws -> Bool {
        let tags = try await store.tagDepth(integration: Self.integration, now: clock.now()).waiting
        guard try await waitingRows() + waitingRows(.outbound) + tags == 0 else { return false }
        return try await store.imports(integration: Self.integration).isEmpty
    }

    /// Waits for a fact; if it does not come about, says how things stand.
    func until(_ fact: String, _ people: [CrowdPerson], _ isTrue: () async throws -> Bool) async throws {
        do {
            try await eventually(fact, every: .milliseconds(20), isTrue)
        } catch let error as NeverHappened {
            let differences = await differences(people)
            let hold = try await store.hold(of: Self.integration, direction: .inbound)
            throw NeverHappened(
                description: "\(error); \(try await waitingRows()) rows wait, hold: \(hold.map { "\($0)" } ?? "none"), "
                    + "\(differences.count) differences: \(differences.prefix(10).joined(separator: "; ")); "
                    + "the worker's last words:\n\(await worker.lastWords())")
        }
    }

    /// An import nobody heard the answer of is left alone for ten minutes, in which it may still be carried out. Here it was,
    /// if it ever will be: the wait is cut short, under the lease, so that nobody is just about to note the answer.
    func endDoubts() async throws {
        let name = Self.integration
        let limit = clock.now().advanced(by: .seconds(-2))
        guard try await store.imports(integration: name).contains(where: { $0.batchID == nil && $0.startedAt < limit }),
            let lease = try await store.acquireLease("sync/\(name)", holder: "tests", ttl: .seconds(5), now: clock.now())
        else { return }
        for job in try await store.imports(integration: name) where job.batchID == nil {
            try await store.closeImport(job.id, settlements: [], lease: lease, now: clock.now())
        }
        try await store.releaseLease(lease)
    }

    /// The people whose records are not as they should be, each with what is wrong.
    func differences(_ people: [CrowdPerson]) async -> [String] {
        var found: [String] = []
        var records: [CRMObject: [String: [[String: SandboxValue]]]] = [:]
        for object in CRMObject.people {
            let rows = await salesforce.records(object == .contact ? "Contact" : "Lead")
            records[object] = Dictionary(grouping: rows) { $0["Tandem_Id__c"]?.text ?? "" }
        }
        for person in people {
            let key = Link.externalID(integration: Self.integration, marketingID: person.id)
            let own = records[person.object]?.removeValue(forKey: key) ?? []
            if own.count != 1 { found.append("\(person.object) \(person.id) exists \(own.count) times") }
            for (field, value) in person.expected where own.first?[field] != value {
                found.append(
                    "\(person.object) \(person.id) \(field): \(own.first?[field]?.text ?? "none"), not \(value.text ?? "")")
            }
        }
        for (object, left) in records where !left.isEmpty { found.append("\(object)s of nobody: \(left.keys.sorted())") }
        return found
    }
}

// MARK: Building and tearing down

extension CrashWorld {
    /// Builds a world whose log is a file of the worker's own and whose events come in by HTTP, and ends it after `body`.
    static func withEmbeddedLog(
        outbound: OutboundSettings = OutboundSettings(), runs: RunSettings = RunSettings(),
        _ body: @Sendable (CrashWorld) async throws -> Void
    ) async throws {
        try await build(outbound, runs) { directory in
            let port = try await freePort()
            let configuration = "log: embedded\ngateway: {port: \(port)}\n"
            let hook = "http://127.0.0.1:\(port)/hooks/\(integration)/\(webhookSecret)"
            let publisher = GatewayPublisher(transport: AsyncHTTPTransport(), hookURL: hook)
            return Setting(executable: "tandem", arguments: ["up"], configuration: configuration, publisher: publisher) {
                try EmbeddedLog.open(
                    path: directory.appendingPathComponent("log.sqlite").path, partitions: 4, clock: { SystemClock().now() })
            }
        } run: {
            try await body($0)
        }
    }

    /// Builds a world on a Kafka of its own, with a worker as a process and this one as the producer.
    static func withKafka(
        _ executable: String = "inbound-batcher", outbound: OutboundSettings = OutboundSettings(),
        runs: RunSettings = RunSettings(), _ body: @Sendable (CrashWorld) async throws -> Void
    ) async throws {
        let broker = try MockBroker()
        defer { broker.close() }
        for topic in Topics().all { try broker.createTopic(topic) }
        let servers = broker.bootstrapServers
        // The mock takes time-outs above three seconds only; the dead are noticed after one.
        let properties = ["session.timeout.ms": "3500", "heartbeat.interval.ms": "500", "reconnect.backoff.max.ms": "500"]
        let open: @Sendable () throws -> any EventLog = {
            try KafkaLog(configuration: KafkaConfiguration(bootstrapServers: servers, properties: properties))
        }
        let log = try open()
        try await build(outbound, runs) { _ in
            let lines = properties.sorted { $0.key < $1.key }.map { ", \($0.key): \($0.value)" }.joined()
            let configuration = "log: kafka\nkafka: {bootstrap.servers: \"\(servers)\"\(lines)}\n"
            return Setting(
                executable: executable, arguments: [], configuration: configuration,
                publisher: LogPublisher(log: log, topics: Topics(), integration: integration), openLog: open)
        } run: {
            try await body($0)
        }
        await log.close()
    }

    private struct Setting {
        var executable: String
        var arguments: [String]
        var configuration: String
        var publisher: any Publisher
        var openLog: @Sendable () throws -> any EventLog
    }

    private static func build(
        _ outbound: OutboundSettings, _ runs: RunSettings, _ setting: (_ directory: URL) async throws -> Setting,
        run: @Sendable (CrashWorld) async throws -> Void
    ) async throws {
        let files = FileManager.default
        let directory = files.temporaryDirectory.appendingPathComponent("tandem-crash-\(UUID().uuidString)")
        try files.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: directory) }
        let setting = try await setting(directory)
        let file = directory.appendingPathComponent("tandem.yaml")
        let worker = "{lease: 5s, retry: {base: 100ms, cap: 1s}}"
        let configuration =
            "data: \"\(directory.path)\"\n" + setting.configuration
            + "workers: {inbound: \(worker), outbound: \(worker)}\n"
        try Data(configuration.utf8).write(to: file)
        let process = try WorkerProcess(
            setting.executable, arguments: setting.arguments + ["--config", file.path],
            output: directory.appendingPathComponent("output.txt"))
        let store = try openStore(in: directory)
        let world = await make(worker: process, store: store, setting)
        let result: Result<Void, any Error>
        do {
            try await world.serve(outbound, runs) { try await run(world) }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await process.stop()
        try store.close()
        try result.get()
    }

    private static func openStore(in directory: URL) throws -> Store {
        let key = StoreKey.generate()
        try Data(key.revealBase64().utf8).write(to: directory.appendingPathComponent("store.key"))
        return try Store.open(path: directory.appendingPathComponent("tandem.sqlite").path, key: key)
    }

    private static func make(worker: WorkerProcess, store: Store, _ setting: Setting) async -> CrashWorld {
        let clock = SystemClock()
        var org = SalesforceOptions { clock.now().milliseconds }
        // Results of many pages, for a process to die between two.
        org.bulk.mostRowsPerPage = 50
        let salesforce = SalesforceSandbox(options: org)
        var account = ActiveCampaignOptions { clock.now().milliseconds }
        account.requestsPerSecond = nil
        account.importDelay = 200
        return CrashWorld(
            salesforce: salesforce, marketing: ActiveCampaignSandbox(options: account),
            watch: VersionWatch(salesforce: salesforce),
            store: store, worker: worker, striker: Striker(worker: worker), publisher: setting.publisher, openLog: setting.openLog
        )
    }

    /// Serves both vendors on sockets and pairs them while `body` runs.
    private func serve(_ outbound: OutboundSettings, _ runs: RunSettings, _ body: () async throws -> Void) async throws {
        let crm = SandboxServer(
            handler: DeadlyVendor(vendor: salesforce, kind: .crm, striker: striker, watch: { await watch.look() }))
        let account = SandboxServer(handler: DeadlyVendor(vendor: marketing, kind: .marketing, striker: striker))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await crm.run() }
            group.addTask { try await account.run() }
            defer { group.cancelAll() }
            let settings = IntegrationSettings(
                name: Self.integration, profile: .activeCampaignSalesforce,
                crm: CRMSettings(
                    loginURL: "http://127.0.0.1:\(try await crm.port())", flow: .clientCredentials, clientID: "sandbox-client"),
                marketing: MarketingSettings(url: "http://127.0.0.1:\(try await account.port())", requestsPerSecond: 1000),
                inbound: InboundSettings(window: BatchWindow(records: 20, interval: .seconds(1))), outbound: outbound, runs: runs)
            let secrets: [SecretName: Secret] = [
                .crmClientSecret: Secret("sandbox-secret"), .marketingAPIKey: Secret("sandbox-api-token"),
                .webhookSecret: Secret(Self.webhookSecret),
            ]
            _ = try await store.apply(settings, secrets: secrets, now: clock.now())
            try await body()
        }
    }

    /// A port that was free a moment ago, below those the system gives to outgoing connections.
    private static func freePort() async throws -> Int {
        struct Nothing: SandboxHandler {
            func reply(to request: SandboxRequest) async -> SandboxReply { .hangUp }
        }
        while true {
            let server = SandboxServer(handler: Nothing(), port: Int.random(in: 20_000..<30_000))
            let running = Task { try await server.run() }
            defer { running.cancel() }
            if let port = try? await server.port() {
                running.cancel()
                _ = try? await running.value
                return port
            }
        }
    }
}
