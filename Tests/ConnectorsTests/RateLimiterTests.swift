import Connectors
import Contracts
import Testing

@Suite("Rate limiter")
struct RateLimiterTests {
    /// Runs `work` while the clock is turned whenever somebody waits for it.
    private func turning<Value>(_ clock: VirtualClock, _ work: () async throws -> Value) async rethrows -> Value {
        let turner = Task {
            while !Task.isCancelled {
                await clock.waitForSleepers()
                await clock.advanceToNextSleeper()
            }
        }
        defer { turner.cancel() }
        return try await work()
    }

    @Test(
        "OUT-9 the vendor never sees more than the allowance in any second, however long requests travel", arguments: [1, 5, 10])
    func window(perSecond: Int) async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: perSecond, clock: clock)
        let seen = try await turning(clock) {
            try await withThrowingTaskGroup(of: Timestamp.self) { group in
                for index in 0..<perSecond * 6 {
                    group.addTask {
                        try await limiter.acquire()
                        // Every third request reaches the vendor late.
                        if index % 3 == 0 { try await clock.sleep(until: clock.now().advanced(by: .milliseconds(700))) }
                        let arrival = clock.now()
                        await limiter.finish()
                        return arrival
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }.sorted()
            }
        }
        for (earlier, later) in zip(seen, seen.dropFirst(perSecond)) { #expect(later.since(earlier) > .seconds(1)) }
    }

    @Test("A burst up to the allowance does not wait")
    func burst() async throws {
        let limiter = RateLimiter(requestsPerSecond: 5, clock: VirtualClock())
        for _ in 0..<5 {
            try await limiter.acquire()
            await limiter.finish()
        }
    }

    @Test("Requests in flight count: the next waits for an answer first")
    func inFlight() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 1, clock: clock)
        try await limiter.acquire()
        let next = Task {
            try await limiter.acquire()
            return clock.now()
        }
        await clock.advance(by: .seconds(60))
        let answered = clock.now()
        await limiter.finish()
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
        #expect(try await next.value.since(answered) > .seconds(1))
    }

    @Test("OUT-9 a pause holds everyone, also those already waiting, and is never shortened")
    func pause() async throws {
        let clock = VirtualClock()
        let limiter = RateLimiter(requestsPerSecond: 1, clock: clock)
        try await limiter.acquire()
        await limiter.finish()
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
        await limiter.finish()
        let log = Log()
        let head = Task {
            try await limiter.acquire()
            await log.add("head")
            await limiter.finish()
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
        await limiter.finish()
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
