import Connectors
import Contracts
import EventLog
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Polls: nothing missed, nothing read for nothing")
struct PollWindowTests {
    @Test("OUT-7 a row that is committed late, with the stamp of its writing, is seen", arguments: [0, 599])
    func lateCommit(secondsBefore: Int) async throws {
        try await withWorld { world in
            let (poller, ids) = try await world.watchingAll(2)
            let edit = try #require(await world.salesforce.editLate("Contact", id: ids[0], ["Phone": "1"]))
            let insert = try #require(
                await world.salesforce.insertLate("Contact", ["LastName": "Late", "Email": "late@example.org"]))
            await world.clock.advance(by: .seconds(secondsBefore))
            try await world.store.makeDueNow(world.clock.now())
            #expect(try await world.poll(poller) == [])
            #expect(await world.salesforce.commit(edit))
            #expect(await world.salesforce.commit(insert))
            #expect(Set(try await world.pollLater(poller).map(\.key.recordID)) == [ids[0], insert.id])
        }
    }

    @Test("OUT-7 more rows of one stamp than a page holds are all published, each once")
    func equalStamps() async throws {
        try await withWorld { world in
            let (poller, _) = try await world.watchingAll(0)
            let ids = await world.addRecords(4500)
            var published: [RecordChange] = []
            let pages = try await world.pages(.contact) { published = try await world.pollLater(poller) }
            #expect(published.count == 4500 && Set(published.map(\.key.recordID)) == Set(ids))
            #expect(Set(published.map(\.occurredAt)).count == 1)
            #expect(pages == 3)
        }
    }

    @Test("OUT-7 the server's clock may be off by minutes", arguments: [-300_000, 300_000] as [Int64])
    func skew(milliseconds: Int64) async throws {
        try await withWorld { world in
            let (org, network) = world.otherOrg(clockSkew: milliseconds)
            let poller = world.poller(transport: network)
            _ = await org.insert("Contact", ["LastName": "Before", "Email": "before@example.org"])
            await world.clock.advance(by: .seconds(2))
            try await world.setOutbound([.contact: .newFromNowOn])
            #expect(try await world.poll(poller) == [])
            var expected: [String] = []
            for number in 1...6 {
                let person: [String: SandboxValue] = ["LastName": "New", "Email": .string("new\(number)@example.org")]
                expected.append(try #require(await org.insert("Contact", person)))
                await world.clock.advance(by: .seconds(601))
                try await world.store.makeDueNow(world.clock.now())
                #expect(try await world.poll(poller).map(\.key.recordID) == [expected[number - 1]])
            }
        }
    }

    @Test("OUT-7 a row that changes while its page is on the way is published again with the next poll")
    func duringThePoll() async throws {
        try await withWorld { world in
            let (_, ids) = try await world.watchingAll(1)
            let (salesforce, clock) = (world.salesforce, world.clock)
            let network = PageWatch(world.wire, after: 1, of: .contact) {
                await clock.advance(by: .seconds(1))
                await salesforce.edit("Contact", id: ids[0], ["Phone": "during"])
            }
            let poller = world.poller(transport: network)
            await salesforce.edit("Contact", id: ids[0], ["Phone": "before"])
            let first = try await world.pollLater(poller)
            #expect(first.map { $0.fields["Phone"] } == ["before"])
            let second = try await world.pollLater(poller)
            #expect(second.map { $0.fields["Phone"] } == ["during"])
            #expect(second[0].occurredAt > first[0].occurredAt)
        }
    }

    @Test("OUT-7 a row that moves behind the cursor while later pages are read is not lost")
    func betweenPages() async throws {
        try await withWorld { world in
            _ = try await world.watchingAll(0)
            let ids = await world.addRecords(2500)
            let (salesforce, clock) = (world.salesforce, world.clock)
            let network = PageWatch(world.wire, after: 1, of: .contact) {
                await clock.advance(by: .seconds(1))
                for id in ids.suffix(10) { await salesforce.edit("Contact", id: id, ["Phone": "moved"]) }
            }
            let poller = world.poller(transport: network)
            var found = Set(try await world.pollLater(poller).map(\.key.recordID))
            found.formUnion(try await world.pollLater(poller).map(\.key.recordID))
            #expect(found == Set(ids))
        }
    }

    @Test("OUT-7 the watermark moves only past what is published, and the cursor too: what follows goes on at that page")
    func publishFails() async throws {
        try await withWorld { world in
            _ = try await world.watchingAll(0)
            let before = try await world.objectPoll(.contact)
            let ids = await world.addRecords(4500)
            let log = UnreliableLog(world.log, [2: .refused(code: "_ALL_BROKERS_DOWN", isTransient: true)])
            let poller = world.poller(log: log)
            await world.clock.advance(by: .seconds(3600))
            let pages = await world.pages(.contact) { _ = await poller.turn() }
            #expect(pages == 2)
            let poll = try #require(try await world.objectPoll(.contact))
            #expect(poll.watermark == before?.watermark)
            #expect(poll.pass?.afterID == ids.sorted()[1999])

            // The first pause after a failure.
            await world.clock.advance(by: .seconds(30))
            let published = try await world.poll(poller).map(\.key.recordID)
            #expect(published.count == 4500 && Set(published) == Set(ids))
            #expect(try await world.objectPoll(.contact)?.pass == nil)
        }
    }

    @Test("OUT-7 a poller that dies between publishing a page and noting so is followed by one that publishes it again")
    func diesUnnoted() async throws {
        try await withWorld { world in
            _ = try await world.watchingAll(0)
            let ids = await world.addRecords(2500)
            await world.clock.advance(by: .seconds(3600))
            _ = await world.poller(holder: "dying", log: UnreliableLog(world.log, [2: .answerLost])).turn()
            #expect(try await world.schedule()?.startedAt != nil)

            _ = await world.poller(holder: "next").turn()
            let state = try #require(try await world.schedule())
            #expect(state.startedAt == nil && state.published == 2500)
            let events = try await world.events(3000)
            // The same event twice can be told from two.
            #expect(Set(events.map(\.attributes.id)).count == 2500)
            #expect(Set(events.map(\.message.key.recordID)) == Set(ids))
        }
    }

    @Test("OUT-7 a poller that lost its lease has no effect on what its successor notes")
    func zombie() async throws {
        try await withWorld { world in
            _ = try await world.watchingAll(0)
            let ids = await world.addRecords(2500)
            await world.clock.advance(by: .seconds(3600))
            let (successor, clock) = (world.poller(holder: "successor"), world.clock)
            let network = PageWatch(world.wire, after: 2, of: .contact) {
                // So long that the lease runs out; its renewal finds it taken.
                await clock.advance(by: .seconds(60))
                _ = await successor.turn()
            }
            _ = await world.poller(holder: "zombie", transport: network).turn()
            let state = try #require(try await world.schedule())
            #expect(state.runs == 2 && state.startedAt == nil && state.published >= 2500)
            #expect(try await world.objectPoll(.contact)?.pass == nil)
            #expect(Set(try await world.published(2500).map(\.key.recordID)) == Set(ids))
        }
    }

    @Test("OUT-7 what a log takes for too large is published without its values")
    func tooLarge() async throws {
        try await withWorld { world in
            let (_, _) = try await world.watchingAll(0)
            let ids = await world.addRecords(2)
            let log = UnreliableLog(world.log, [1: .refused(code: "_MSG_SIZE_TOO_LARGE", isTransient: false)])
            let published = try await world.pollLater(world.poller(log: log))
            #expect(published.map(\.key.recordID).sorted() == ids.sorted())
            #expect(published.allSatisfy { $0.fields.isEmpty })
        }
    }

    @Test("OUT-7 an idle poll costs one call for each object")
    func idle() async throws {
        try await withWorld { world in
            let (poller, _) = try await world.watchingAll(3, opportunities: true)
            for _ in 0..<5 {
                await world.clock.advance(by: .seconds(3600))
                let calls = try await world.calls { _ = try await world.poll(poller) }
                #expect(calls == 3)
            }
            // Now and then the fields are described anew.
            await world.clock.advance(by: .seconds(3600))
            let calls = try await world.calls { _ = try await world.poll(poller) }
            #expect(calls <= 6)
        }
    }
}

extension World {
    /// A poller that selects all contacts and has polled those there are, as many as said; nothing of them is in any overlap.
    func watchingAll(_ count: Int, opportunities: Bool = false) async throws -> (Poller, [String]) {
        let ids = count > 0 ? await addRecords(count, prefix: "known") : []
        await clock.advance(by: .seconds(3600))
        try await setOutbound([.contact: .criteria(.all([]))], opportunities: opportunities)
        let poller = poller()
        #expect(try await poll(poller).count == count)
        await clock.advance(by: .seconds(1200))
        return (poller, ids)
    }
}

extension Store {
    fileprivate func makeDueNow(_ now: Timestamp) async throws {
        #expect(try await makeDue(World.name, now: now))
    }
}
