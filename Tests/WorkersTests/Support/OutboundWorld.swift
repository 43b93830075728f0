import Connectors
import Contracts
import EventLog
import Playground
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

/// A world whose outbound path is at work, one step after the other.
actor OutboundWorld {
    nonisolated let world: World
    nonisolated let poller: Poller
    nonisolated let drain: OutboundDrain
    nonisolated let tape = TopicTape()

    init(_ world: World) {
        self.world = world
        poller = Poller(
            integration: World.name, holder: "first", store: world.store, connections: world.connections, log: tape,
            topics: Topics(), clock: world.clock, settings: DrainSettings(), logger: World.logger, jitter: { 1 })
        drain = world.outboundDrain(holder: "first")
    }

    nonisolated var store: Store { world.store }
    nonisolated var clock: VirtualClock { world.clock }
    nonisolated var playground: Playground { world.playground }
    nonisolated var salesforce: SalesforceSandbox { world.salesforce }
    nonisolated var marketing: ActiveCampaignSandbox { world.marketing }
    nonisolated var wire: Wire { world.wire }

    // MARK: Steps

    /// A poll now, and the delivery of all it finds, imports and tags included.
    func sync(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        if try await poll() { try await ingest() }
        try await deliver(sourceLocation: sourceLocation)
    }

    /// The next poll, whatever the schedule says; whether there was one.
    func poll() async throws -> Bool {
        // A record changed this second is told from one changed during the poll.
        await clock.advance(by: .seconds(2))
        _ = try await store.makeDue(World.name, now: clock.now())
        let runs = try await store.scheduleState(of: World.name)?.runs ?? 0
        for _ in 0..<100 where await poller.turn() != .now { break }
        return try await store.scheduleState(of: World.name)?.runs ?? 0 > runs
    }

    /// Takes in what was published.
    func ingest() async throws {
        let records = await tape.take(at: clock.now())
        let crm = records.filter { $0.topic == Topics().crmChanges }
        let marketing = records.filter { $0.topic == Topics().marketingChanges }
        if !crm.isEmpty { _ = try await world.outboundIngest.ingest(crm) }
        if !marketing.isEmpty { _ = try await world.ingest.ingest(marketing) }
    }

    /// Lets the drain work until nothing waits but what failed.
    func deliver(rounds: Int = 40, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for _ in 0..<rounds {
            for _ in 0..<100 where await drain.turn() != .now { break }
            await marketing.processImports()
            for _ in 0..<100 where await world.tags.turn() != .now { break }
            await clock.advance(by: .seconds(31))
            let depth = try await store.depth(integration: World.name, direction: .outbound, now: clock.now())
            let imports = try await store.imports(integration: World.name)
            if depth.waiting == 0, imports.isEmpty { return }
        }
        Issue.record("outbound never rests", sourceLocation: sourceLocation)
    }

    /// Hands what marketing's webhooks would say of a person to inbound, and lets its window pass.
    func hear(_ id: String) async throws {
        let person = try #require(await marketing.person(id: id))
        var fields: [String: JSONValue] = [
            "email": .string(person.email), "firstName": .string(person.firstName), "lastName": .string(person.lastName),
            "phone": .string(person.phone),
        ]
        for (field, value) in person.fields { fields["field:\(field)"] = .string(value) }
        try await world.take(world.change(id, fields, tags: person.tags))
    }

    // MARK: A look at what came of it

    /// The id of the person with this number.
    func personID(_ number: String) async -> String? { await marketing.contactID(email: "person\(number)@example.com") }

    func person(_ number: String) async -> ActiveCampaignSandbox.Person? {
        guard let id = await personID(number) else { return nil }
        return await marketing.person(id: id)
    }

    /// The id of the CRM contact with this number.
    func contact(_ number: String) async -> String? {
        await salesforce.records("Contact").first { $0["Email"]?.text == "person\(number)@example.com" }?["Id"]?.text
    }

    func linkOf(_ crmID: String, _ object: CRMObject = .contact) async throws -> Link? {
        try await store.links(integration: World.name, crmIDs: [crmID], object: object)[crmID]
    }

    /// What happened to the person, the newest first.
    func outboundHistory(_ number: String) async throws -> [String] {
        guard let id = await personID(number) else { return [] }
        return try await store.history(integration: World.name, marketingID: id, limit: 100).map(\.outcome)
    }
}

/// Keeps what is published until it is taken in. The real logs have suites of their own.
actor TopicTape: EventLog {
    private var published: [OutgoingRecord] = []
    private var offset: Int64 = 0

    /// How many records it still takes; `nil`: any number.
    private var room: Int?

    func fail(after count: Int?) { room = count }

    func publish(_ records: [OutgoingRecord]) throws(EventLogError) {
        if let room {
            guard room >= records.count else {
                throw EventLogError(code: "broker-away", reason: "the tape is full", isTransient: true)
            }
            self.room = room - records.count
        }
        published += records
    }

    func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) throws(EventLogError) -> any LogSubscription {
        throw EventLogError(code: "closed", reason: "nobody subscribes here", isTransient: false)
    }

    func close() {}

    func count(of topic: String) -> Int { published.count { $0.topic == topic } }

    func messages(of topic: String) throws -> [Message] {
        try published.filter { $0.topic == topic }.map { try EventCodec.decode($0.message).message }
    }

    func take(at now: Timestamp) -> [LogRecord] {
        defer { published = [] }
        return published.map { record in
            offset += 1
            return LogRecord(topic: record.topic, partition: 0, offset: offset, timestamp: now, message: record.message)
        }
    }
}

extension World {
    nonisolated func outboundDrain(holder: String) -> OutboundDrain {
        OutboundDrain(
            integration: Self.name, holder: holder, store: store, connections: connections, clock: clock,
            settings: DrainSettings(), logger: Self.logger, jitter: { 1 })
    }

    /// A person as the CRM has it.
    static func crmPerson(_ number: String, _ more: [String: SandboxValue] = [:]) -> [String: SandboxValue] {
        let person: [String: SandboxValue] = [
            "FirstName": "Ada", "LastName": .string("Person \(number)"), "Email": .string("person\(number)@example.com"),
            "Phone": "+1 555 0100",
        ]
        return person.merging(more) { $1 }
    }
}

/// A world with a schedule, for one test.
/// - Parameters:
///   - contacts: which contacts are selected; as a rule all.
///   - configure: further changes of the settings.
func withOutboundWorld(
    contacts: Selection = .criteria(.all([])), leads: Selection = .criteria(.all([])), window: BatchWindow = .standard,
    configure: (inout IntegrationSettings) -> Void = { _ in }, _ test: (OutboundWorld) async throws -> Void
) async throws {
    try await withWorld(window: window) { world in
        var settings = try #require(try await world.store.integration(World.name)).settings
        settings.outbound.schedule = .every(hours: 1)
        settings.outbound.selection = [.contact: contacts, .lead: leads]
        configure(&settings)
        _ = try await world.store.apply(settings, secrets: Playground.secrets, now: world.clock.now())
        try await test(OutboundWorld(world))
    }
}
