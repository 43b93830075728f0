import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Polls: when they run")
struct PollScheduleTests {
    @Test("OUT-3 the first run comes at once, every other when it is due", arguments: Schedule.allowedHours)
    func hours(_ hours: Int) async throws {
        try await withWorld { world in
            try await world.setOutbound(schedule: .every(hours: hours))
            let (poller, begin) = (world.poller(), world.clock.now())
            for run in 0..<3 {
                _ = try await world.poll(poller)
                let next = begin.advanced(by: .seconds((run + 1) * hours * 3600))
                #expect(try await world.schedule()?.nextAt == next)
                await world.clock.advance(by: next.since(world.clock.now()) - .milliseconds(1))
                _ = await poller.turn()
                #expect(try await world.schedule()?.runs == run + 1)
                await world.clock.advance(by: .milliseconds(1))
            }
        }
    }

    @Test("OUT-3 a daily poll keeps to the local time when the clocks change")
    func daily() async throws {
        try await withWorld { world in
            let schedule = Schedule.daily(hour: 3, minute: 0, timeZone: "Europe/Berlin")
            try await world.setOutbound(schedule: schedule)
            let poller = world.poller()
            _ = try await world.poll(poller)
            var times: Set<Int64> = []
            // The clock begins in January 2027; the clocks go forward on 28 March.
            for _ in 0..<80 {
                let next = try #require(try await world.schedule()).nextAt
                times.insert(next.milliseconds % 86_400_000 / 3_600_000)
                #expect(next == schedule.next(after: world.clock.now()))
                await world.clock.advance(by: next.since(world.clock.now()))
                _ = await poller.turn()
            }
            #expect(try await world.schedule()?.runs == 81)
            #expect(times == [1, 2])
        }
    }

    @Test("OUT-3 runs that were missed are made up for by one")
    func missed() async throws {
        try await withWorld { world in
            try await world.setOutbound(schedule: .every(hours: 2))
            let poller = world.poller()
            _ = try await world.poll(poller)
            await world.clock.advance(by: .seconds(9 * 3600))
            _ = try await world.poll(poller)
            #expect(try await world.schedule()?.nextAt == world.clock.now().advanced(by: .seconds(2 * 3600)))
            _ = await poller.turn()
            #expect(try await world.schedule()?.runs == 2)
            // One that is only late keeps to its hours.
            await world.clock.advance(by: .seconds(3 * 3600))
            _ = try await world.poll(poller)
            #expect(try await world.schedule()?.nextAt == world.clock.now().advanced(by: .seconds(3600)))
        }
    }

    @Test("OUT-3 a job that is removed polls no more, and one that is scheduled anew starts at once")
    func rescheduled() async throws {
        try await withWorld { world in
            try await world.setOutbound(schedule: .every(hours: 12))
            let poller = world.poller()
            _ = try await world.poll(poller)
            await world.clock.advance(by: .seconds(60))
            try await world.setOutbound(schedule: .every(hours: 1))
            _ = try await world.poll(poller)
            #expect(try await world.schedule()?.nextAt == world.clock.now().advanced(by: .seconds(3600)))

            try await world.setOutbound(schedule: nil)
            let calls = await world.calls {
                _ = await poller.turn()
                await world.clock.advance(by: .seconds(86_400))
                _ = await poller.turn()
            }
            #expect(calls == 0)
            #expect(try await world.schedule() == nil)
            try await world.setOutbound(schedule: .every(hours: 12))
            _ = try await world.poll(poller)
        }
    }

    @Test("OUT-3 Sync now makes the next run due at once")
    func now() async throws {
        try await withWorld { world in
            try await world.setOutbound(schedule: .every(hours: 12))
            let poller = world.poller()
            _ = try await world.poll(poller)
            await world.clock.advance(by: .seconds(60))
            #expect(try await world.store.makeDue(World.name, now: world.clock.now()))
            _ = try await world.poll(poller)
        }
    }

    @Test("OUT-3 any number of pollers, and each run happens once")
    func manyPollers() async throws {
        try await withWorld { world in
            try await world.setOutbound()
            let ids = await world.addRecords(3)
            let pollers = ["a", "b", "c"].map { world.poller(holder: $0) }
            for run in 1...5 {
                let pages = await world.pages(.contact) {
                    await withTaskGroup(of: Void.self) { group in
                        for poller in pollers { group.addTask { _ = await poller.turn() } }
                    }
                }
                #expect(try await world.schedule()?.runs == run)
                // The first run has a first pass, too.
                #expect(pages == (run == 1 ? 2 : 1))
                for id in ids { await world.salesforce.edit("Contact", id: id, ["Phone": .string("\(run)")]) }
                await world.clock.advance(by: .seconds(3600))
            }
        }
    }

    @Test("GEN-4 nothing is polled while the integration is paused; a run that was due meanwhile comes on resuming")
    func paused() async throws {
        try await withWorld { world in
            try await world.setOutbound()
            let poller = world.poller()
            _ = try await world.poll(poller)
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            let calls = await world.calls {
                for _ in 0..<5 {
                    await world.clock.advance(by: .seconds(3600))
                    _ = await poller.turn()
                }
            }
            #expect(calls == 0)
            try await world.store.setState(World.name, .active, now: world.clock.now())
            _ = try await world.poll(poller)

            try await world.store.setState(World.name, .disconnected, now: world.clock.now())
            await world.clock.advance(by: .seconds(3600))
            let late = await world.calls { _ = await poller.turn() }
            #expect(late == 0)
        }
    }

    @Test("GEN-4 a pause in the middle of a run breaks it off at a page; resuming goes on there")
    func pausedMidway() async throws {
        try await withWorld { world in
            _ = await world.addRecords(4500)
            await world.clock.advance(by: .seconds(3600))
            try await world.setOutbound([.contact: .criteria(.all([]))])
            let (store, clock) = (world.store, world.clock)
            let network = PageWatch(world.wire, after: 1, of: .contact) {
                try? await store.setState(World.name, .paused, now: clock.now())
            }
            let poller = world.poller(transport: network)
            for _ in 0..<2 {
                _ = await poller.turn()
                let pass = try #require(try await world.objectPoll(.contact)?.pass)
                #expect(pass.isFirst && pass.afterID != nil)
                #expect(try await world.schedule()?.published == 2000)
                #expect(try await world.schedule()?.startedAt != nil)
            }
            try await store.setState(World.name, .active, now: clock.now())
            let published = try await world.poll(poller).map(\.key.recordID)
            #expect(published.count == 4500 && Set(published).count == 4500)
        }
    }
}
