import Connectors
import Contracts
import Testing

@Suite("Virtual clock")
struct VirtualClockTests {
    @Test("Sleepers wake when their time has come, not before")
    func wakes() async throws {
        let clock = VirtualClock(now: Timestamp(seconds: 100))
        let sleeper = Task {
            try await clock.sleep(until: Timestamp(seconds: 110))
            return clock.now()
        }
        await clock.waitForSleepers()
        await clock.advance(by: .seconds(9))
        #expect(await clock.sleepers == 1)
        await clock.advance(by: .seconds(1))
        #expect(try await sleeper.value == Timestamp(seconds: 110))
        #expect(await clock.advanceToNextSleeper() == false)
    }

    @Test("A deadline that has passed does not sleep, a cancelled sleeper wakes at once")
    func edges() async throws {
        let clock = VirtualClock(now: Timestamp(seconds: 100))
        try await clock.sleep(until: Timestamp(seconds: 100))
        let sleeper = Task { try await clock.sleep(until: .distantFuture) }
        await clock.waitForSleepers()
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(await clock.sleepers == 0)
    }
}
