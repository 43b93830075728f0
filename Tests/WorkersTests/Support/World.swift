import Connectors
import Contracts
import EventLog
import Foundation
import Logging
import Playground
import Sandbox
import Store
import SyncCore
import Testing
import Vendors

@testable import Runtime
@testable import Workers

/// The inbound path with everything real but the network, the vendors and the time: the clock moves only when told.
actor World {
    static let name = Playground.integration
    static let salesforceURL = "http://localhost:1"
    static let marketingURL = "http://localhost:2"
    static let waitingField = "Tandem_Sync_Status__c"

    nonisolated let clock = VirtualClock()
    nonisolated let store: Store
    nonisolated let log: EmbeddedLog
    nonisolated let playground: Playground
    nonisolated let wire: Wire
    nonisolated let ingest: InboundIngest
    nonisolated let drain: InboundDrain
    nonisolated let tags: TagDrain
    nonisolated let connections: VendorConnections
    private var offset: Int64 = 0

    init(window: BatchWindow, store: Store, directory: String) async throws {
        let clock = clock
        self.store = store
        log = try EmbeddedLog.open(path: directory + "/log.sqlite", timer: ImpatientClock(), clock: { clock.now() })
        var rules = SalesforceRules()
        rules.syncStatusField = Self.waitingField
        rules.validation = { record in
            guard let income = record.values["AnnualIncome__c"]?.double, income > 10_000_000 else { return nil }
            return SalesforceRules.Refusal("Please check the income with your manager.", field: "AnnualIncome__c")
        }
        playground = await Playground(requestsPerSecond: 100_000, clock: { clock.now() }, rules: rules)
        wire = Wire(
            InProcessTransport(["localhost:1": playground.salesforce, "localhost:2": playground.marketing]))
        connections = VendorConnections(store: store, transport: wire, clock: clock, logger: Self.logger)
        ingest = InboundIngest(log: log, store: store, topics: Topics(), clock: clock, logger: Self.logger)
        drain = Self.drain(holder: "first", store: store, connections: connections, clock: clock)
        tags = Self.tagDrain(holder: "first", store: store, connections: connections, clock: clock)
        let settings = playground.settings(salesforceURL: Self.salesforceURL, marketingURL: Self.marketingURL, window: window)
        _ = try await store.apply(settings, secrets: Playground.secrets, now: clock.now())
    }

    nonisolated var salesforce: SalesforceSandbox { playground.salesforce }
    nonisolated var marketing: ActiveCampaignSandbox { playground.marketing }

    // MARK: More workers

    nonisolated func drain(holder: String) -> InboundDrain {
        Self.drain(holder: holder, store: store, connections: connections, clock: clock)
    }

    nonisolated func tagDrain(holder: String) -> TagDrain {
        Self.tagDrain(holder: holder, store: store, connections: connections, clock: clock)
    }

    nonisolated func batcher() -> InboundBatcher {
        InboundBatcher(
            log: log, store: store, connections: connections, topics: Topics(), clock: clock, holder: "first",
            logger: Self.logger, jitter: { 1 })
    }

    private static func drain(holder: String, store: Store, connections: VendorConnections, clock: VirtualClock) -> InboundDrain {
        InboundDrain(
            integration: name, holder: holder, store: store, connections: connections, clock: clock, settings: DrainSettings(),
            logger: logger, jitter: { 1 })
    }

    private static func tagDrain(holder: String, store: Store, connections: VendorConnections, clock: VirtualClock) -> TagDrain {
        TagDrain(
            integration: name, holder: holder, worker: "inbound", store: store, connections: connections, clock: clock,
            settings: DrainSettings(),
            logger: logger, jitter: { 1 })
    }

    static var logger: Logger {
        var logger = Logger(label: "workers-tests")
        logger.logLevel = .critical
        return logger
    }

    // MARK: Events

    /// The messages as the log hands them over, each at the next offset.
    func records(_ messages: [Message]) -> [LogRecord] {
        messages.map { message in
            offset += 1
            let event = Event(
                attributes: EventAttributes(id: "event-\(offset)", source: "/tests", time: clock.now()), message: message)
            return LogRecord(
                topic: Topics().marketingChanges, partition: 0, offset: offset, timestamp: clock.now(),
                message: EventCodec.encode(event))
        }
    }

    /// Ingests the messages as one batch.
    func take(_ messages: Message...) async throws { try await take(messages) }

    func take(_ messages: [Message]) async throws { _ = try await ingest.ingest(records(messages)) }

    nonisolated func change(
        _ id: String, _ fields: [String: JSONValue], tags: [String]? = nil, at moment: Timestamp? = nil
    ) -> Message {
        .recordChange(RecordChange(key: key(id), occurredAt: moment ?? clock.now(), fields: fields, tags: tags))
    }

    nonisolated func creation(
        _ id: String, as object: CRMObject = .contact, _ fields: [String: JSONValue]? = nil
    ) -> Message {
        .automationAction(
            AutomationAction(
                key: key(id), action: object == .contact ? .createContact : .createLead, occurredAt: clock.now(),
                fields: fields ?? Self.person(id)))
    }

    nonisolated func key(_ id: String) -> RecordKey { RecordKey(integration: Self.name, object: "contact", recordID: id) }

    /// What a webhook tells of the person with this id.
    static func person(_ id: String) -> [String: JSONValue] {
        [
            "email": .string("person\(id)@example.com"), "firstName": "Ada", "lastName": .string("Person \(id)"),
            "phone": "+1 555 0100", "accountName": "Northwind",
        ]
    }

    // MARK: Work

    /// Lets the window pass and drains until nothing more is due.
    func flush() async {
        await clock.advance(by: .seconds(600))
        await drainAll()
    }

    func drainAll(sourceLocation: SourceLocation = #_sourceLocation) async {
        for _ in 0..<100 {
            guard await drain.turn() == .now else { return }
        }
        Issue.record("the drain never rests", sourceLocation: sourceLocation)
    }

    /// Creates people and leaves nothing waiting.
    func create(_ ids: [String], as object: CRMObject = .contact) async throws {
        try await take(ids.map { creation($0, as: object) })
        await flush()
    }

    // MARK: A look at what came of it

    /// The record linked to the person.
    func crmRecord(_ id: String, _ object: CRMObject = .contact) async throws -> [String: SandboxValue] {
        let crmID = try await crmID(id, object)
        return try #require(await salesforce.record(object.apiName, id: crmID))
    }

    func crmID(_ id: String, _ object: CRMObject = .contact) async throws -> String {
        try #require(try await link(id, object)?.crmID)
    }

    func link(_ id: String, _ object: CRMObject = .contact) async throws -> Link? {
        try await store.links(integration: Self.name, marketingIDs: [id])[id]?[object]
    }

    func depth() async throws -> QueueDepth {
        try await store.depth(integration: Self.name, direction: .inbound, now: clock.now())
    }

    func parked() async throws -> [ParkedRow] {
        try await store.parked(integration: Self.name, direction: .inbound, limit: 100)
    }

    /// What happened to the person, the newest first.
    func outcomes(_ id: String) async throws -> [String] {
        try await store.history(integration: Self.name, marketingID: id, limit: 100).map(\.outcome)
    }

    /// The Salesforce API calls that `work` costs.
    func calls(during work: () async throws -> Void) async rethrows -> Int {
        let before = await salesforce.counters().apiCalls
        try await work()
        return await salesforce.counters().apiCalls - before
    }
}

extension CRMObject {
    var apiName: String { self == .contact ? "Contact" : "Lead" }
}

/// A world of its own for one test, in a directory that goes with it.
func withWorld(
    window: BatchWindow = .standard, storeOnDisk: Bool = false, _ test: (World, _ directory: String) async throws -> Void
) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "tandem-workers-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store =
        storeOnDisk ? try Store.open(path: directory + "/store.sqlite", key: .generate()) : try Store.inMemory(key: .generate())
    let world = try await World(window: window, store: store, directory: directory)
    try await test(world, directory)
    await world.log.close()
}

func withWorld(window: BatchWindow = .standard, _ test: (World) async throws -> Void) async throws {
    try await withWorld(window: window) { world, _ in try await test(world) }
}

/// The network between the workers and the vendors, where a test can step in once an answer is on its way back.
actor Wire: HTTPTransport {
    enum Call: Hashable {
        case read, write
        /// One to marketing, by the end of its path.
        case marketing(String)
    }

    private let vendors: InProcessTransport
    private var interruption: (call: Call, act: @Sendable () async -> Void)?

    init(_ vendors: InProcessTransport) { self.vendors = vendors }

    /// Does something once, after the vendor has done the next call of that kind and before the worker hears of it.
    func after(_ call: Call, _ act: @escaping @Sendable () async -> Void) { interruption = (call, act) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        var request = request
        // As a real client sends it: the emulated org's tokens lead to the host they were asked from.
        request.headers["Host"] = request.url.split(separator: "/").dropFirst().first.map(String.init)
        let response = try await vendors.send(request)
        if let interruption, request.isCall(interruption.call) {
            self.interruption = nil
            await interruption.act()
        }
        return response
    }
}

extension HTTPRequest {
    /// Reads and writes are composite calls alike; only writes have parts that change something.
    fileprivate func isCall(_ call: Wire.Call) -> Bool {
        if case .marketing(let path) = call { return url.hasSuffix(path) }
        guard url.hasSuffix("/composite") else { return false }
        return (call == .write) == String(decoding: body, as: UTF8.self).contains("\"PATCH\"")
    }
}

extension FaultPlan {
    /// Salesforce's composite calls of these numbers go wrong: in a flush of new people 1 is the read and 2 the write.
    static func composite(_ fault: Fault, calls: Set<Int>) -> FaultPlan {
        FaultPlan(rules: [Rule(fault, method: "POST", path: "*/composite", when: .calls(calls))])
    }

    static func every(_ fault: Fault) -> FaultPlan { FaultPlan(rules: [Rule(fault)]) }

    static let none = FaultPlan()
}

/// Measures the log's lingering and time-outs, all of which are over at once.
struct ImpatientClock: Clock {
    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws { await Task.yield() }
}
