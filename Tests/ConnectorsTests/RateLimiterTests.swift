import Connectors
import Contracts
import Testing

@Suite("Rate limiter")
struct RateLimiterTests {
    @Test("OUT-9 the allowance passes at once, the next waits until the window frees")
    func window() async throws {
        let clock = VirtualClock()
        let start = clock.now()
        let limiter = RateLimiter(requestsPerSecond: 5, clock: clock)
        for _ in 0..<5 { try await limiter.acquire() }
        async let sixth: Timestamp = {
            try await limiter.acquire()
            return clock.now()
        }()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        #expect(try await sixth.since(start) >= .seconds(1))
    }
}
