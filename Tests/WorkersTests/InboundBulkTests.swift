import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing
import Vendors

@testable import Workers

@Suite("Inbound: many records by bulk jobs")
struct InboundBulkTests {
    /// A world whose backlogs are large from ten records on.
    private func withBulk(_ test: (World) async throws -> Void) async throws {
        try await withWorld { world in
            guard var settings = try await world.store.integration(World.name)?.settings else { return }
            settings.inbound.bulkFrom = 10
            _ = try await world.store.apply(settings, secrets: [:], now: world.clock.now())
            try await test(world)
        }
    }

    /// Lets the jobs come to their end and settles them.
    private func settle(_ world: World) async {
        await world.clock.advance(by: .seconds(60))
        await world.drainAll()
    }

    private func ids(_ range: ClosedRange<Int>) -> [String] { range.map(String.init) }

    @Test("IN-9 a large backlog of creations takes one job and is settled from its results, each record on its own")
    func creates() async throws {
        try await withBulk { world in
            try await world.create(["0"])
            var messages = ids(1...20).map { world.creation($0) }
            messages.append(world.creation("21", World.person("21").merging(["perstag:ANNUAL_INCOME": "99,000,000"]) { $1 }))
            try await world.take(messages)
            // The read; the job's opening, upload and closing.
            #expect(await world.calls { await world.flush() } == 4)
            #expect(try await world.depth() == QueueDepth(waiting: 21))
            let bulk = try #require(try await world.store.bulkWrites(integration: World.name).first)
            #expect(bulk.object == .contact && bulk.operation == "upsert" && bulk.jobID != nil)
            #expect(try await world.link("1")?.state == .creating)

            // A look and the two lists of results.
            #expect(await world.calls { await settle(world) } == 3)
            #expect(await world.salesforce.count("Contact") == 21)
            #expect(try await world.depth() == QueueDepth(parked: 1))
            #expect(try await world.store.bulkWrites(integration: World.name).isEmpty)
            let record = try await world.crmRecord("1")
            #expect(record["LastName"] == "Person 1" && record["Tandem_Id__c"] == .string("\(World.name):1"))
            #expect(try await world.link("1")?.state == .linked)
            #expect(try await world.outcomes("1") == ["created"])
            let parked = try #require(try await world.parked().first)
            #expect(parked.key.recordID == "21" && parked.error.message == "Please check the income with your manager.")
        }
    }

    @Test("IN-9 a large backlog of edits is one update job; the values arrive, and a second edit of the same goes on from them")
    func updates() async throws {
        try await withBulk { world in
            try await world.create(ids(1...12))
            await settle(world)
            try await world.take(ids(1...12).map { world.change($0, ["phone": "+1 555 0199"]) })
            await world.flush()
            #expect(try await world.store.bulkWrites(integration: World.name).map(\.operation) == ["update"])
            await settle(world)
            #expect(try await world.crmRecord("7")["Phone"] == "+1 555 0199")
            #expect(try await world.outcomes("7") == ["updated", "created"])
            #expect(try await world.link("7")?.base["Phone"] == .text("+1 555 0199"))
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("IN-9 fewer records of a kind than a job is worth go one by one")
    func mixed() async throws {
        try await withBulk { world in
            try await world.take(
                ids(1...12).map { world.creation($0) } + ids(13...16).map { world.creation($0, as: .lead) })
            await world.flush()
            #expect(try await world.store.bulkWrites(integration: World.name).map(\.object) == [.contact])
            #expect(await world.salesforce.count("Lead") == 4)
            await settle(world)
            #expect(await world.salesforce.count("Contact") == 12)

            try await world.take(ids(20...24).map { world.creation($0) } + ids(25...30).map { world.creation($0, as: .lead) })
            await world.flush()
            #expect(try await world.store.bulkWrites(integration: World.name).isEmpty)
            #expect(await world.salesforce.count("Contact") == 17)
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("IN-9 two kinds of records take two jobs, each settled from its own results")
    func twoKinds() async throws {
        try await withBulk { world in
            try await world.take(
                ids(1...12).map { world.creation($0) } + ids(21...32).map { world.creation($0, as: .lead) })
            await world.flush()
            #expect(try await world.store.bulkWrites(integration: World.name).map(\.object) == [.contact, .lead])
            await settle(world)
            #expect(await world.salesforce.count("Contact") == 12)
            #expect(await world.salesforce.count("Lead") == 12)
            #expect(try await world.crmRecord("30", .lead)["LastName"] == "Person 30")
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("IN-9 while Salesforce takes no more jobs the records go 1,000 to a call, and nobody waits")
    func quota() async throws {
        try await withBulk { world in
            let connections = VendorConnections(
                store: world.store, transport: NoJobs(wire: world.wire), clock: world.clock, logger: World.logger)
            let drain = InboundDrain(
                integration: World.name, holder: "first", store: world.store, connections: connections, clock: world.clock,
                settings: DrainSettings(), logger: World.logger, jitter: { 1 })
            try await world.take(
                ids(1...12).map { world.creation($0) } + ids(21...32).map { world.creation($0, as: .lead) })
            await world.clock.advance(by: .seconds(600))
            for _ in 0..<3 { _ = await drain.turn() }
            #expect(await world.salesforce.count("Contact") == 12)
            #expect(await world.salesforce.count("Lead") == 12)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.store.bulkWrites(integration: World.name).isEmpty)
        }
    }

    @Test("IN-2 an edit that comes while the job is under way waits for it and is written after it")
    func editMeanwhile() async throws {
        try await withBulk { world in
            try await world.take(ids(1...10).map { world.creation($0) })
            await world.flush()
            await world.clock.advance(by: .seconds(1))
            try await world.take(world.change("3", ["phone": "newer"]))
            await settle(world)
            #expect(try await world.depth().waiting == 1)
            await world.flush()
            #expect(try await world.crmRecord("3")["Phone"] == "newer")
            #expect(try await world.depth() == QueueDepth())
        }
    }

    /// Ways in which a job ends without having come to all of its records.
    private static let troubles = [
        FaultPlan.Rule(.failJob(afterRows: 4), method: "PATCH", path: "*/jobs/ingest/*", limit: 1),
        FaultPlan.Rule(.loseJob, method: "GET", path: "*/jobs/ingest/*", limit: 1),
        FaultPlan.Rule(.hangUpAfter, method: "PATCH", path: "*/jobs/ingest/*", limit: 1),
        FaultPlan.Rule(.unavailable, method: "PUT", path: "*/jobs/ingest/*", limit: 1),
        FaultPlan.Rule(.hangUpAfter, method: "POST", path: "*/jobs/ingest", limit: 1),
        FaultPlan.Rule(.cut(afterBytes: 90), path: "*/successfulResults", limit: 1),
        FaultPlan.Rule(.lockRow(3), method: "PATCH", path: "*/jobs/ingest/*", limit: 1),
    ]

    @Test("GEN-6 a job that fails, is lost or is not answered leaves nobody behind and creates nobody twice", arguments: troubles)
    func trouble(rule: FaultPlan.Rule) async throws {
        try await withBulk { world in
            try await world.create(["0"])
            await world.salesforce.play(FaultPlan(rules: [rule]))
            try await world.take(ids(1...10).map { world.creation($0) })
            for _ in 0..<5 { await world.flush() }
            #expect(await world.salesforce.counters().faults.values.reduce(0, +) == 1)
            #expect(await world.salesforce.counters().rowsCreated == 11)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.store.bulkWrites(integration: World.name).isEmpty)
            for id in ids(1...10) { #expect(try await world.link(id)?.state == .linked) }
        }
    }

    @Test("GEN-6 a worker that dies at any moment of a job loses nothing and creates nobody twice", arguments: 1...6)
    func crash(call: Int) async throws {
        try await withBulk { world in
            try await world.take(ids(1...10).map { world.creation($0) })
            let mortal = Mortal(wire: world.wire, lastCall: call)
            let store = world.store.sharing { () async throws(StoreError) in
                if await mortal.isDead { throw StoreError(code: "died", message: "the process died") }
            }
            let connections = VendorConnections(
                store: store, transport: mortal, clock: world.clock, logger: World.logger)
            let first = InboundDrain(
                integration: World.name, holder: "mortal", store: store, connections: connections, clock: world.clock,
                settings: DrainSettings(), logger: World.logger, jitter: { 1 })
            for _ in 0..<6 {
                await world.clock.advance(by: .seconds(300))
                _ = await first.turn()
            }
            #expect(await mortal.isDead)
            for _ in 0..<4 { await world.flush() }
            #expect(await world.salesforce.counters().rowsCreated == 10)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.store.bulkWrites(integration: World.name).isEmpty)
            for id in ids(1...10) { #expect(try await world.link(id)?.state == .linked) }
        }
    }

    @Test("IN-6 outbound leaves a record alone that a job is writing, and comes to it afterwards")
    func outbound() async throws {
        try await withBulk { world in
            try await world.create(ids(1...10))
            await settle(world)
            try await world.take(ids(1...10).map { world.change($0, ["phone": "from marketing"]) })
            await world.flush()
            let id = try await world.crmID("1")
            let before = try await world.link("1")
            await world.salesforce.edit("Contact", id: id, ["FirstName": "Grace"])
            let change = PendingChange(touchedAt: Stamp(at: world.clock.now(), sequence: 0))
            let key = RecordKey(integration: World.name, object: "contact", recordID: id)
            _ = try await world.store.enqueue(
                [QueueEntry(key: key, change: change)], direction: .outbound, now: world.clock.now())
            let drain = world.outboundDrain(holder: "first")
            _ = await drain.turn()
            #expect(try await world.link("1") == before)
            #expect(try await world.outboundRows().isEmpty, "it waits")

            await settle(world)
            for _ in 0..<3 {
                await world.clock.advance(by: .seconds(60))
                _ = await drain.turn()
            }
            let link = try #require(try await world.link("1"))
            #expect(link.base["FirstName"] == .text("Grace") && link.base["Phone"] == .text("from marketing"))
        }
    }
}

/// An org whose quota of bulk jobs is used up.
private struct NoJobs: HTTPTransport {
    let wire: Wire

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard request.url.hasSuffix("/jobs/ingest") else { return try await wire.send(request) }
        let refusal: JSONValue = [["errorCode": "LIMIT_EXCEEDED", "message": "ExceededQuota"]]
        return HTTPResponse(status: 400, body: refusal.serialized())
    }
}

/// A process's way to the vendors, until it dies once a number of bulk calls were answered.
private actor Mortal: HTTPTransport {
    private let wire: Wire
    private var callsLeft: Int
    private(set) var isDead = false

    init(wire: Wire, lastCall: Int) {
        self.wire = wire
        callsLeft = lastCall
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard !isDead else { throw .cancelled }
        let response = try await wire.send(request)
        guard request.url.contains("/jobs/ingest") else { return response }
        callsLeft -= 1
        guard callsLeft == 0 else { return response }
        isDead = true
        throw .cancelled
    }
}
