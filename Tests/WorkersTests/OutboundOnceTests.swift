import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Outbound: once and only once")
struct OutboundOnceTests {
    // MARK: Single writes

    @Test("GEN-6 a worker that dies after the person was made, before it was noted, leaves one person with one link")
    func crashBeforeSettling() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.queue(3)
            await world.wire.after(.marketing("/contact/sync")) { await world.world.takeOver("sync") }
            #expect(await world.drain.turn() != .now)
            // The fenced-off worker has committed nothing.
            #expect(try await world.outboundDepth().ready == 3)
            #expect(try await world.linkOf(ids[0]) == nil)
            #expect(try await world.world.tagDepth() == QueueDepth())
            #expect(try await world.outboundHistory("1") == [])

            try await world.deliver()
            try await world.expectAll(3)
            #expect(try await world.store.outcomeCounts(integration: World.name)["marketing-created"] == 3)
        }
    }

    @Test("GEN-6 a worker that is cancelled in the middle of a delivery leaves work that another finishes")
    func cancelled() async throws {
        try await withOutboundWorld { world in
            try await world.queue(3)
            await world.cancelDrain(after: .marketing("/contact/sync"))
            try await world.deliver()
            try await world.expectAll(3)
        }
    }

    @Test(
        "GEN-6 a write whose answer was lost is repeated without a second person",
        arguments: [
            Fault.hangUpAfter, .cut(afterBytes: 20), .slow(.seconds(600)), .emptyBody,
        ])
    func lostAnswer(fault: Fault) async throws {
        try await withOutboundWorld { world in
            try await world.queue(3)
            await world.marketing.play(FaultPlan(rules: [.init(fault, path: "*/contact/sync", limit: 1)]))
            try await world.deliver()
            try await world.expectAll(3)
        }
    }

    @Test(
        "GEN-6 a person whose account's name is not written yet is linked all the same, whatever becomes of the record",
        arguments: [Fault.internalError, .hangUpAfter, .throttled])
    func unfinished(fault: Fault) async throws {
        try await withOutboundWorld { world in
            let lead = try #require(await world.salesforce.insert("Lead", World.crmPerson("1", ["Company": "Northwind"])))
            try await world.tell([lead], .lead)
            await world.marketing.play(FaultPlan(rules: [.init(fault, path: "*/accountContacts", limit: 1)]))
            _ = await world.drain.turn()
            let link = try #require(try await world.linkOf(lead, .lead))
            #expect(link.base["LastName"] == .text("Person 1") && link.base["Company"] == nil)
            let shown = await world.salesforce.record("Lead", id: lead)
            #expect(shown?["Tandem_Id__c"]?.text == link.externalID && shown?[World.waitingField] != "Synced successfully")

            await world.salesforce.edit("Lead", id: lead, ["Email": "new1@example.com"], asUser: false)
            await world.clock.advance(by: .seconds(31))
            try await world.deliver()
            #expect(await world.marketing.count() == 1)
            let person = try #require(await world.marketing.person(id: link.marketingID))
            #expect(person.email == "new1@example.com" && person.account == "Northwind")
            #expect(person.tags == ["created-from-salesforce-lead"])
            #expect(await world.salesforce.record("Lead", id: lead)?[World.waitingField] == "Synced successfully")
        }
    }

    @Test("OUT-7 a record edited while its delivery is under way is delivered again with the newer value", arguments: [1, 30])
    func editMeanwhile(people: Int) async throws {
        try await withOutboundWorld { world in
            let ids = try await world.queue(people)
            await world.wire.after(.read) {
                await world.salesforce.edit("Contact", id: ids[0], ["Phone": "+1 555 0177"])
                await world.clock.advance(by: .seconds(1))
                try? await world.tell([ids[0]])
            }
            #expect(await world.drain.turn() == .now)
            await world.marketing.processImports()
            #expect(await world.person("1")?.phone == "+1 555 0100")
            #expect(try await world.outboundDepth().waiting == people)
            try await world.deliver()
            #expect(await world.person("1")?.phone == "+1 555 0177")
            try await world.expectAll(people)
        }
    }

    @Test("OUT-7 an edit during a delivery that nobody tells of is found by the next poll")
    func editFoundByPoll() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.queue(1)
            await world.wire.after(.read) { await world.salesforce.edit("Contact", id: ids[0], ["Phone": "+1 555 0177"]) }
            try await world.deliver()
            #expect(await world.person("1")?.phone == "+1 555 0100")
            try await world.sync()
            #expect(await world.person("1")?.phone == "+1 555 0177")
        }
    }

    // MARK: Imports

    @Test(
        "GEN-6 an import whose answer was lost keeps its people until it is carried out if it ever will be",
        arguments: [
            Fault.hangUpAfter, .hangUpBefore, .cut(afterBytes: 5), .slow(.seconds(600)), .internalError,
        ])
    func importInDoubt(fault: Fault) async throws {
        try await withOutboundWorld { world in
            let ids = try await world.queue(30)
            await world.marketing.play(FaultPlan(rules: [.init(fault, path: "*/bulk_import", limit: 1)]))
            #expect(await world.drain.turn() != .now)
            #expect(try await world.store.imports(integration: World.name).map(\.batchID) == [nil])
            await world.salesforce.edit("Contact", id: ids[0], ["Phone": "+1 555 0177"])
            try await world.tell([ids[0]])
            for _ in 0..<9 {
                await world.clock.advance(by: .seconds(60))
                #expect(await world.drain.turn() != .now)
            }
            #expect(await world.marketing.counters().calls["POST /contact/sync"] == nil)
            await world.marketing.processImports()
            try await world.deliver()
            try await world.expectAll(30)
            #expect(await world.marketing.counters().rowsCreated == 30)
            #expect(await world.person("1")?.phone == "+1 555 0177")
        }
    }

    @Test("GEN-6 people of an import that was not answered are found again, whatever became of their records meanwhile")
    func changedDuringImportInDoubt() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.queue(60)
            await world.marketing.play(FaultPlan(rules: [.init(.hangUpAfter, path: "*/bulk_import", limit: 1)]))
            #expect(await world.drain.turn() != .now)
            await world.marketing.processImports()
            await world.salesforce.edit("Contact", id: ids[0], ["Email": "new1@example.com"], asUser: false)
            #expect(await world.salesforce.delete("Contact", id: ids[1]))
            try await world.tell(Array(ids[0...1]))
            await world.clock.advance(by: .seconds(601))
            try await world.deliver()

            #expect(await world.marketing.counters().rowsCreated == 60)
            let person = try #require(await world.marketing.contactID(email: "new1@example.com"))
            #expect(try await world.linkOf(ids[0])?.marketingID == person)
            #expect(await world.marketing.person(id: person)?.tags == ["created-from-salesforce-contact"])
            #expect(try await world.linkOf(ids[1])?.endedBy == .crmDeleted)
            #expect(try await world.store.creations(integration: World.name, crmIDs: ids) == [:])
        }
    }

    @Test("GEN-6 an import that could not be sent at all gives its people back at once")
    func importNotSent() async throws {
        try await withOutboundWorld { world in
            try await world.queue(30)
            let drain = world.world.outboundDrain(over: Unreachable(world.wire, path: "/bulk_import"))
            #expect(await drain.turn() != .now)
            #expect(try await world.store.imports(integration: World.name) == [])
            #expect(try await world.outboundDepth().ready == 30)
            #expect(try await world.store.hold(of: World.name, direction: .outbound)?.reason.code == "not-reached")
            try await world.deliver()
            try await world.expectAll(30)
        }
    }

    @Test("GEN-6 a worker that dies after an import was sent for, before its id was noted, leaves it to another")
    func crashBeforeImportID() async throws {
        try await withOutboundWorld { world in
            try await world.queue(30)
            await world.cancelDrain(after: .marketing("/bulk_import"))
            #expect(try await world.store.imports(integration: World.name).map(\.batchID) == [nil])
            await world.marketing.processImports()
            try await world.deliver()
            try await world.expectAll(30)
            #expect(await world.marketing.counters().rowsCreated == 30)
        }
    }

    @Test("GEN-6 a worker that dies while it settles an import leaves it to another")
    func crashWhileSettling() async throws {
        try await withOutboundWorld { world in
            try await world.queue(30)
            #expect(await world.drain.turn() == .now)
            await world.marketing.processImports()
            await world.clock.advance(by: .seconds(5))
            await world.cancelDrain(after: .write)
            #expect(try await world.store.imports(integration: World.name).count == 1)
            try await world.deliver()
            try await world.expectAll(30)
            #expect(await world.marketing.counters().calls["POST /import/bulk_import"] == 1)
            #expect(try await world.store.outcomeCounts(integration: World.name)["marketing-created"] == 30)
        }
    }

    @Test("GEN-6 an import of which marketing knows nothing is repeated")
    func importForgotten() async throws {
        try await withOutboundWorld { world in
            try await world.queue(30)
            #expect(await world.drain.turn() == .now)
            let job = try #require(try await world.store.imports(integration: World.name).first)
            let lease = try #require(
                try await world.store.acquireLease("tests", holder: "tests", ttl: .seconds(30), now: world.clock.now()))
            try await world.store.setImportBatch(job.id, batchID: "unknown", lease: lease, now: world.clock.now())
            try await world.deliver()
            try await world.expectAll(30)
            #expect(await world.marketing.counters().calls["POST /import/bulk_import"] == 2)
        }
    }

    @Test("OUT-9 an import that never ends is looked at ever more rarely, and repeated after a day")
    func importNeverEnds() async throws {
        try await withOutboundWorld { world in
            try await world.queue(30)
            for _ in 0..<1500 {
                _ = await world.drain.turn()
                await world.clock.advance(by: .seconds(60))
            }
            let calls = await world.marketing.counters().calls
            #expect((1..<400).contains(calls["GET /import/info", default: 0]))
            #expect(calls["POST /import/bulk_import"] == 2)
            try await world.deliver()
            try await world.expectAll(30)
            #expect(await world.marketing.counters().rowsCreated == 30)
        }
    }

    @Test("IN-10 people whose imports fail again and again are written one by one")
    func importsThatFail() async throws {
        try await withOutboundWorld { world in
            try await world.queue(30)
            let drain = world.world.outboundDrain(over: FailingImports(world.wire))
            for _ in 0..<60 {
                for _ in 0..<20 where await drain.turn() != .now { break }
                await world.clock.advance(by: .seconds(31))
            }
            try await world.expectAll(30)
            #expect(await world.marketing.counters().calls["POST /import/bulk_import"] == 3)
            #expect(await world.marketing.counters().calls["POST /contact/sync"] == 30)
        }
    }
}

extension OutboundWorld {
    /// A drain's process ends when the vendor has just done a call.
    func cancelDrain(after call: Wire.Call) async {
        let doomed = world.outboundDrain(holder: "doomed")
        let (calls, done) = AsyncStream<Void>.makeStream()
        let turn = Task { await doomed.turn() }
        await wire.after(call) {
            turn.cancel()
            done.yield()
        }
        _ = await turn.value
        done.finish()
        #expect(await calls.reduce(0) { count, _ in count + 1 } == 1)
        await clock.advance(by: DrainSettings().leaseTTL)
    }

    /// Everybody is there once, linked and shown in the CRM.
    fileprivate func expectAll(_ people: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for _ in 0..<10 where await world.tags.turn() != .now { break }
        let persons = await marketing.people()
        #expect(persons.count == people, sourceLocation: sourceLocation)
        #expect(persons.values.allSatisfy { $0.tags == ["created-from-salesforce-contact"] }, sourceLocation: sourceLocation)
        let records = await salesforce.records("Contact")
        #expect(
            records.allSatisfy { $0[World.waitingField] == "Synced successfully" && $0["Tandem_Id__c"] != nil },
            sourceLocation: sourceLocation)
        let summary = try await store.linkSummary(integration: World.name)
        #expect(summary.linked[.contact] == people, sourceLocation: sourceLocation)
        #expect(try await outboundDepth() == QueueDepth(), sourceLocation: sourceLocation)
    }
}

/// A network that does not get through to one path.
private struct Unreachable: HTTPTransport {
    private let wire: Wire
    private let path: String

    init(_ wire: Wire, path: String) {
        self.wire = wire
        self.path = path
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard !request.url.hasSuffix(path) else { throw .notSent("the connection was refused") }
        return try await wire.send(request)
    }
}

/// A network to an importer that gives every import up.
private struct FailingImports: HTTPTransport {
    let wire: Wire

    init(_ wire: Wire) { self.wire = wire }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        var response = try await wire.send(request)
        if request.url.contains("/import/info") { response.body = Array(#"{"status":"failed"}"#.utf8) }
        return response
    }
}
