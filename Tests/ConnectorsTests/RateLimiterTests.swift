import Connectors
import Contracts
import Testing

@Suite("Rate limiter")
struct RateLimiterTests {
    @Test("OUT-9 never more than the allowance in any second, and no slower than it must be", arguments: [1, 5, 10])
    func window(perSecond: Int) async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: perSecond, clock: clock)
        let requests = (0..<perSecond * 4).map { _ in
            Task {
                try await limiter.acquire()
                return clock.now()
            }
        }
        // Four allowances take three waits, whatever their size.
        for _ in 0..<3 {
            await clock.waitForSleepers()
            await clock.advanceToNextSleeper()
        }
        var times: [Timestamp] = []
        for request in requests { times.append(try await request.value) }
        times.sort()
        for (earlier, later) in zip(times, times.dropFirst(perSecond)) { #expect(later.since(earlier) > .seconds(1)) }
        let whole = try #require(times.last).since(try #require(times.first))
        #expect(whole < .milliseconds(3300))
    }

    @Test("OUT-9 a pause holds everyone, also those already waiting, and is never shortened")
    func pause() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 1, clock: clock)
        try await limiter.acquire()
        let end = clock.now().advanced(by: .seconds(30))
        async let waiting: Timestamp = {
            try await limiter.acquire()
            return clock.now()
        }()
        await clock.waitForSleepers()
        await limiter.pause(until: end)
        await limiter.pause(until: clock.now().advanced(by: .seconds(3)))
        await clock.advance(by: .seconds(2))
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        #expect(try await waiting == end)
    }

    @Test("Waiters pass in the order they came, and a cancelled one gives up its place")
    func orderAndCancellation() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 1, clock: clock)
        try await limiter.acquire()
        let log = Log()
        let head = Task {
            try await limiter.acquire()
            await log.add("head")
        }
        await clock.waitForSleepers()
        let cancelled = Task { try await limiter.acquire() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        let last = Task {
            try await limiter.acquire()
            await log.add("last")
        }
        await clock.advanceToNextSleeper()
        try await head.value
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        try await last.value
        #expect(await log.lines == ["head", "last"])
    }

    @Test("A cancelled head of the queue makes room for the next")
    func cancelledHead() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 1, clock: clock)
        try await limiter.acquire()
        let head = Task { try await limiter.acquire() }
        await clock.waitForSleepers()
        let next = Task { try await limiter.acquire() }
        head.cancel()
        await #expect(throws: CancellationError.self) { try await head.value }
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        try await next.value
    }
}

/// What happened, in order.
actor Log {
    private(set) var lines: [String] = []

    func add(_ line: String) { lines.append(line) }
}
