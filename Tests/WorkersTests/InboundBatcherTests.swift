import Connectors
import Contracts
import EventLog
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("The inbound worker as a whole")
struct InboundBatcherTests {
    @Test("IN-4 the worker carries an event from the log to the CRM and the tag to marketing, and ends when it is told to")
    func run() async throws {
        try await withWorld(window: BatchWindow(records: 1, interval: .seconds(600))) { world in
            let id = try await world.addPerson()
            let (writes, announce) = AsyncStream.makeStream(of: Void.self)
            await world.wire.after(.write) { announce.yield() }
            let batcher = world.batcher()
            let run = Task { try await batcher.run() }
            try await world.publish([world.creation(id)])
            for await _ in writes { break }
            run.cancel()
            _ = await run.result
            // What the cancellation cut short is finished by the next worker.
            await world.clock.advance(by: .seconds(60))
            await world.drainAll()
            while await world.tags.turn() == .now {}
            #expect(await world.salesforce.counters().rowsCreated == 1)
            #expect(try await world.link(id)?.state == .linked)
            #expect(await world.marketing.person(id: id)?.tags == ["added-to-salesforce-contact"])
        }
    }

    @Test("News that comes before the wait ends it at once, and news during it too")
    func wakeUp() async {
        let clock = VirtualClock()
        let wakeUp = WakeUp()
        let never = clock.now().advanced(by: .seconds(86_400))
        await wakeUp.wake()
        await wakeUp.wait(until: never, clock: clock)

        let waiting = Task { await wakeUp.wait(until: never, clock: clock) }
        await clock.waitForSleepers()
        await wakeUp.wake()
        await waiting.value
        #expect(clock.now() < never)
    }

    @Test("A wait ends at its deadline and when its task is cancelled", arguments: [true, false])
    func endOfWait(cancelled: Bool) async {
        let clock = VirtualClock()
        let wakeUp = WakeUp()
        let deadline = clock.now().advanced(by: .seconds(1))
        let waiting = Task { await wakeUp.wait(until: deadline, clock: clock) }
        await clock.waitForSleepers()
        if cancelled { waiting.cancel() } else { await clock.advance(by: .seconds(1)) }
        await waiting.value
        #expect((clock.now() == deadline) == !cancelled)
    }
}
