import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Inbound: once and only once")
struct InboundCrashTests {
    @Test("GEN-6 an event delivered twice makes one record, in one window or after it was written", arguments: [true, false])
    func deliveredTwice(sameOffset: Bool) async throws {
        try await withWorld { world in
            let message = world.creation("1")
            let first = await world.records([message])
            let again = sameOffset ? first : await world.records([message])
            _ = try await world.ingest.ingest(first + again)
            _ = try await world.ingest.ingest(again)
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 1)
            _ = try await world.ingest.ingest(again)
            #expect(await world.calls { await world.flush() } == 0)
            #expect(try await world.outcomes("1") == ["created"])
            #expect(try await world.depth() == QueueDepth())
        }
    }

    /// How the answer to a write that had its effect can get lost.
    static let lostAnswers: [Fault] = [.hangUpAfter, .cut(afterBytes: 20), .slow(.seconds(600)), .emptyBody]

    @Test("GEN-6 a create whose answer was lost is read back and not repeated", arguments: lostAnswers, CRMObject.people)
    func lostAnswer(fault: Fault, object: CRMObject) async throws {
        try await withWorld { world in
            try await world.create(["0"], as: object)
            await world.salesforce.play(.composite(fault, calls: [2]))
            try await world.take((1...3).map { world.creation("\($0)", as: object) })
            await world.flush()
            #expect(await world.salesforce.count(object.apiName) == 4)
            #expect(try await world.link("1", object)?.state == .creating)

            await world.clock.advance(by: .seconds(30))
            await world.drainAll()
            #expect(await world.salesforce.counters().rowsCreated == 4)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.link("1", object)?.state == .linked)
            #expect(try await world.outcomes("1") == ["adopted"])
        }
    }

    @Test("GEN-6 an edit that arrives while a create is in doubt is written to the record that was made")
    func editAfterLostAnswer() async throws {
        try await withWorld { world in
            try await world.create(["0"])
            await world.salesforce.play(.composite(.hangUpAfter, calls: [2]))
            try await world.take(world.creation("1"))
            await world.flush()
            await world.clock.advance(by: .seconds(1))
            try await world.take(world.change("1", ["email": "moved@example.com", "phone": "new"]))
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 2)
            #expect(try await world.crmRecord("1")["Email"] == "moved@example.com")
            #expect(try await world.crmRecord("1")["Phone"] == "new")
        }
    }

    @Test(
        "GEN-6 a record that was made without an answer and deleted or merged since is not made again", arguments: [false, true])
    func deletedAfterLostAnswer(isMerged: Bool) async throws {
        try await withWorld { world in
            try await world.create(["0"])
            await world.salesforce.play(.composite(.hangUpAfter, calls: [2]))
            try await world.take(world.creation("1"))
            await world.flush()
            let made = try #require(await world.salesforce.records("Contact").last?["Id"]?.text)
            if isMerged {
                #expect(await world.salesforce.merge("Contact", winner: try await world.crmID("0"), loser: made))
            } else {
                #expect(await world.salesforce.delete("Contact", id: made))
            }
            await world.flush()

            #expect(await world.salesforce.counters().rowsCreated == 2)
            let link = try #require(try await world.link("1"))
            #expect(link.crmID == made && link.base["Phone"] == .text("+1 555 0100"))
            #expect(try await world.depth() == QueueDepth())
            // Outbound ends the link, or has it go on with the winner.
            #expect(try await world.outboundRows().map(\.key.recordID) == [made])
        }
    }

    @Test("GEN-6 the link, not the email, tells who a person is")
    func emailChange() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            try await world.take(world.change("1", ["email": "moved@example.com"]))
            await world.flush()
            try await world.take(world.creation("1", World.person("1").merging(["email": "again@example.com"]) { $1 }))
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 1)
            #expect(try await world.crmRecord("1")["Email"] == "again@example.com")
        }
    }

    @Test("GEN-6 a worker that dies between the write and its commit leaves work that another finishes without a second record")
    func crashBeforeSettling() async throws {
        try await withWorld { world in
            try await world.create(["0"])
            try await world.take((1...3).map { world.creation("\($0)") })
            await world.clock.advance(by: .seconds(600))
            await world.wire.after(.write) { await world.takeOver("sync") }
            #expect(await world.drain.turn() != .now)
            #expect(await world.salesforce.count("Contact") == 4)
            // The fenced-off worker has left nothing behind but its intents.
            #expect(try await world.depth().ready == 3)
            #expect(try await world.link("1")?.state == .creating)
            #expect(try await world.outcomes("1") == [])

            #expect(await world.drain(holder: "second").turn() == .now)
            #expect(await world.salesforce.counters().rowsCreated == 4)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.link("1")?.state == .linked)
            #expect(try await world.outcomes("1") == ["adopted"])
        }
    }

    @Test("GEN-6 a worker whose lease is gone before the write does not create")
    func fencedBeforeWriting() async throws {
        try await withWorld { world in
            try await world.create(["0"])
            try await world.take(world.creation("1"))
            await world.clock.advance(by: .seconds(600))
            await world.wire.after(.read) { await world.takeOver("sync") }
            #expect(await world.drain.turn() != .now)
            #expect(await world.salesforce.count("Contact") == 1)
        }
    }

    @Test("GEN-6 a lease lasts as long as the work under it, however slow the vendor")
    func longWork() async throws {
        try await withWorld { world in
            try await world.create(["0"])
            try await world.take(world.creation("1"))
            await world.wire.after(.write) {
                for _ in 1...9 {
                    // The keeper of the lease is asleep, renews it when woken, and sleeps again.
                    await world.clock.waitForSleepers()
                    await world.clock.advance(by: .seconds(10))
                }
                await world.clock.waitForSleepers()
                #expect(await world.drain(holder: "second").turn() != .now)
            }
            await world.flush()
            #expect(try await world.outcomes("1") == ["created"])
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("GEN-6 while one drain works, another of the same integration keeps its hands off")
    func twoDrains() async throws {
        try await withWorld { world in
            try await world.create(["0"])
            try await world.take((1...50).map { world.creation("\($0)") })
            await world.clock.advance(by: .seconds(600))
            let second = world.drain(holder: "second")
            let soon = NextTurn.at(world.clock.now().advanced(by: .seconds(1)))
            await world.wire.after(.write) { #expect(await second.turn() == soon) }
            let calls = await world.calls { await world.drainAll() }
            #expect(calls == 2)
            #expect(await world.salesforce.count("Contact") == 51)
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("GEN-6 two drains that start together make every record once")
    func race() async throws {
        try await withWorld { world in
            try await world.take((1...200).map { world.creation("\($0)") })
            let second = world.drain(holder: "second")
            async let one = world.drain.turn()
            async let other = second.turn()
            _ = await (one, other)
            await world.drainAll()
            #expect(await world.salesforce.counters().rowsCreated == 200)
            #expect(try await world.store.outcomeCounts(integration: World.name) == ["created": 200])
        }
    }

    @Test("IN-2 a change that arrives during the write is not settled with it")
    func changeDuringWrite() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            try await world.take(world.change("1", ["phone": "first"]))
            await world.wire.after(.write) {
                _ = try? await world.ingest.ingest(await world.records([world.change("1", ["phone": "second"])]))
            }
            await world.flush()
            #expect(try await world.crmRecord("1")["Phone"] == "first")
            #expect(try await world.depth().ready == 1)
            await world.flush()
            #expect(try await world.crmRecord("1")["Phone"] == "second")
        }
    }
}

extension World {
    /// Another worker takes the lease over, as after its time ran out.
    nonisolated func takeOver(_ what: String) async {
        let later = clock.now().advanced(by: DrainSettings().leaseTTL)
        let lease = try? await store.acquireLease(
            "\(what)/\(World.name)", holder: "second/inbound", ttl: .seconds(30), now: later)
        #expect(lease != nil)
    }
}
