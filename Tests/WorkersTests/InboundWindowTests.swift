import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Inbound: windows and folding")
struct InboundWindowTests {
    @Test("IN-1 99 waiting records wait, the hundredth sends all of them")
    func hundred() async throws {
        try await withWorld { world in
            try await world.take((1...99).map { world.creation("\($0)") })
            #expect(await world.drain.turn() == .at(world.clock.now().advanced(by: .seconds(1))))
            #expect(await world.salesforce.counters().total == 0)

            try await world.take(world.creation("100"))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 100)
            #expect(try await world.depth().waiting == 0)
        }
    }

    @Test("IN-1 ten minutes after the first record everything is sent, and not a millisecond before")
    func tenMinutes() async throws {
        try await withWorld { world in
            try await world.take(world.creation("1"))
            await world.clock.advance(by: .seconds(300))
            try await world.take(world.creation("2"))
            await world.clock.advance(by: .milliseconds(299_999))
            // The drain comes back at the very end of the window, not at its next look at the store.
            #expect(await world.drain.turn() == .at(world.clock.now().advanced(by: .milliseconds(1))))
            #expect(await world.salesforce.counters().total == 0)

            await world.clock.advance(by: .milliseconds(1))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 2)
        }
    }

    @Test("IN-1 the window is tunable", arguments: [(3, Duration.zero), (2, .seconds(60))])
    func tunable(records: Int, wait: Duration) async throws {
        try await withWorld(window: BatchWindow(records: 3, interval: .seconds(60))) { world in
            try await world.take((1..<records).map { world.creation("\($0)") })
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 0)

            try await world.take(world.creation("\(records)"))
            await world.clock.advance(by: wait)
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == records)
        }
    }

    @Test("IN-1 after a flush the next record opens a window of its own")
    func nextWindow() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            try await world.take(world.creation("2"))
            await world.clock.advance(by: .seconds(599))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 1)
            await world.clock.advance(by: .seconds(1))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 2)
        }
    }

    @Test("IN-2 many changes of a record become one write of the newest values, in whatever order and batches they come")
    func newestPerField() async throws {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        let ids = orders.indices.flatMap { ["\($0)1", "\($0)2"] }
        try await withWorld { world in
            try await world.create(ids)
            let now = world.clock.now()
            // What is told as of the future counts as of when it was told.
            await world.clock.advance(by: .seconds(3))
            for (index, order) in orders.enumerated() {
                func edits(_ id: String) -> [Message] {
                    let all = [
                        world.change(id, ["phone": "first", "firstName": "Grace"], at: now.advanced(by: .seconds(1))),
                        world.change(id, ["phone": "second", "lastName": "Hopper"], at: now.advanced(by: .seconds(2))),
                        world.change(id, ["phone": "third"], at: now.advanced(by: .seconds(3))),
                    ]
                    return order.map { all[$0] }
                }
                try await world.take(edits("\(index)1"))
                for edit in edits("\(index)2") { try await world.take(edit) }
            }
            let written = await world.salesforce.counters().rowsWritten
            await world.flush()
            #expect(await world.salesforce.counters().rowsWritten == written + ids.count)
            for id in ids {
                let record = try await world.crmRecord(id)
                #expect(record["Phone"] == "third")
                #expect(record["FirstName"] == "Grace")
                #expect(record["LastName"] == "Hopper")
                #expect(try await world.outcomes(id) == ["updated", "created"])
            }
        }
    }

    @Test("IN-2 of changes of the same second the one counts that marketing still holds, in whatever order they come")
    func sameSecond() async throws {
        try await withWorld { world in
            var ids: [String] = []
            for number in 1...3 {
                let person = ActiveCampaignSandbox.Person(email: "person\(number)@example.com", phone: "last")
                ids.append(try #require(await world.marketing.createContact(person)))
            }
            try await world.create(ids)
            let second = world.clock.now()
            let later = second.advanced(by: .milliseconds(900))
            try await world.take(world.change(ids[0], ["phone": "last"]), world.change(ids[0], ["phone": "first"]))
            try await world.take(
                world.change(ids[1], ["phone": "first"], at: later), world.change(ids[1], ["phone": "last"], at: second))
            try await world.take(world.change(ids[2], ["phone": "last"]))
            await world.flush()
            try await world.take(world.change(ids[2], ["phone": "first"], at: second))
            await world.flush()
            for id in ids { #expect(try await world.crmRecord(id)["Phone"] == "last") }
        }
    }

    @Test("IN-2 what comes without a time of its own is asked about where it says something else than was agreed on")
    func undated() async throws {
        try await withWorld { world in
            let person = ActiveCampaignSandbox.Person(email: "person1@example.com", phone: "new")
            let id = try #require(await world.marketing.createContact(person))
            try await world.create([id])
            try await world.take(world.change(id, ["phone": "new"]))
            await world.flush()
            await world.clock.advance(by: .seconds(600))
            let step = RecordChange(key: world.key(id), occurredAt: world.clock.now(), isDated: false, fields: ["phone": "old"])
            try await world.take(.recordChange(step))
            await world.flush()
            #expect(try await world.crmRecord(id)["Phone"] == "new")
        }
    }

    @Test("IN-4 who is asked for and not to be seen in marketing is created with what the asking says")
    func unseen() async throws {
        try await withWorld { world in
            let asking = AutomationAction(
                key: world.key("9"), action: .createContact, occurredAt: world.clock.now(), isDated: false,
                fields: World.person("9"))
            try await world.take(.automationAction(asking))
            await world.flush()
            #expect(try await world.crmRecord("9")["Phone"] == "+1 555 0100")
        }
    }

    @Test("IN-2 a change that comes after a newer one was written changes nothing")
    func late() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            let earlier = world.clock.now()
            await world.clock.advance(by: .seconds(60))
            try await world.take(world.change("1", ["phone": "newer"]))
            await world.flush()
            try await world.take(world.change("1", ["phone": "older"], at: earlier))
            #expect(await world.calls { await world.flush() } == 0)
            #expect(try await world.crmRecord("1")["Phone"] == "newer")
        }
    }
}
