import Connectors
import Contracts
import SyncCore
import Testing

@Suite("A rate limit shared by processes")
struct SharedRateTests {
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

    @Test("OUT-9 several limiters on one budget never exceed the allowance in any second of the vendor's", arguments: 0..<24)
    func window(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed + 1)
        let clock = VirtualClock()
        let perSecond = Int.random(in: 1...6, using: &random)
        let budget = SharedBudget(limit: perSecond)
        let limiters = (0..<Int.random(in: 2...4, using: &random)).map { _ in
            RateLimiter(requestsPerSecond: perSecond, clock: clock, budget: budget)
        }
        let journeys = (0..<30).map { _ in
            (
                limiter: limiters.randomElement(using: &random) ?? limiters[0], there: Int64.random(in: 0...900, using: &random),
                back: Int64.random(in: 0...900, using: &random)
            )
        }
        let seen = try await turning(clock) {
            try await withThrowingTaskGroup(of: Timestamp.self) { group in
                for (limiter, there, back) in journeys {
                    group.addTask {
                        try await limiter.acquire()
                        try await clock.sleep(until: clock.now().advanced(by: .milliseconds(there)))
                        let arrival = clock.now()
                        try await clock.sleep(until: clock.now().advanced(by: .milliseconds(back)))
                        await limiter.finish()
                        return arrival
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }.sorted()
            }
        }
        #expect(seen.count == 30)
        for (earlier, later) in zip(seen, seen.dropFirst(perSecond)) { #expect(later.since(earlier) > .seconds(1)) }
    }

    @Test("OUT-9 a pause that one process was asked for holds the others")
    func pause() async throws {
        let clock = VirtualClock()
        let budget = SharedBudget(limit: 5)
        let asked = RateLimiter(requestsPerSecond: 5, clock: clock, budget: budget)
        let other = RateLimiter(requestsPerSecond: 5, clock: clock, budget: budget)
        let end = clock.now().advanced(by: .seconds(30))
        await asked.pause(until: end)
        let passed = try await turning(clock) {
            try await other.acquire()
            return clock.now()
        }
        #expect(passed >= end)
    }

    @Test("Those who wait are provided for in one go, in the order they came")
    func several() async throws {
        let clock = VirtualClock()
        let budget = SharedBudget(limit: 5)
        let limiter = RateLimiter(requestsPerSecond: 5, clock: clock, budget: budget)
        await budget.hold()
        let log = Log()
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<4 {
            tasks.append(
                Task {
                    try await limiter.acquire()
                    await log.add("\(index)")
                })
            if index == 0 { await budget.waitUntilHeld() }
            while await limiter.waiting < index { await Task.yield() }
        }
        await budget.release()
        for task in tasks { try await task.value }
        // The first came alone; the next one in turn takes for the two behind it as well.
        #expect(await budget.wanted == [1, 3])
        #expect(await log.lines.sorted() == ["0", "1", "2", "3"])
        #expect(await budget.free(at: clock.now()) == 1)
    }

    @Test("Slots taken for requests that gave up are free again at once")
    func returned() async throws {
        let clock = VirtualClock()
        let budget = SharedBudget(limit: 5)
        let limiter = RateLimiter(requestsPerSecond: 5, clock: clock, budget: budget)
        await budget.hold()
        let first = Task { try await limiter.acquire() }
        await budget.waitUntilHeld()
        let second = Task { try await limiter.acquire() }
        let impatient = Task { try await limiter.acquire() }
        while await limiter.waiting < 2 { await Task.yield() }
        await budget.release(andHoldNext: true)
        try await first.value
        // The second is about to get a slot for itself and one for the third.
        await budget.waitUntilHeld()
        impatient.cancel()
        await #expect(throws: CancellationError.self) { try await impatient.value }
        await budget.release()
        try await second.value
        await clock.advance(by: .milliseconds(1))
        #expect(await budget.wanted == [1, 2])
        #expect(await budget.free(at: clock.now()) == 3)
    }

    @Test("A budget that cannot be asked is the request's error, never leave to send; the next one asks again")
    func unavailable() async throws {
        let budget = SharedBudget(limit: 5)
        let limiter = RateLimiter(requestsPerSecond: 5, clock: VirtualClock(), budget: budget)
        await budget.setClosed(true)
        await #expect(throws: SyncError(.transient, code: "store-busy", message: "the store is busy")) {
            try await limiter.acquire()
        }
        await budget.setClosed(false)
        try await limiter.acquire()
    }

    @Test("A slot comes free one second after the answer, also when the caller was cancelled meanwhile")
    func freed() async throws {
        let clock = VirtualClock()
        let budget = SharedBudget(limit: 2)
        let limiter = RateLimiter(requestsPerSecond: 2, clock: clock, budget: budget)
        let request = Task {
            try await limiter.acquire()
            try? await clock.sleep(until: .distantFuture)
            await limiter.finish()
        }
        await clock.waitForSleepers()
        #expect(await budget.free(at: clock.now()) == 1)
        request.cancel()
        try await request.value
        #expect(await budget.wasFreedByCancelled == false)
        await clock.advance(by: .seconds(1))
        #expect(await budget.free(at: clock.now()) == 1)
        await clock.advance(by: .milliseconds(1))
        #expect(await budget.free(at: clock.now()) == 2)
    }

    @Test("Above 50 requests a second the own rule alone applies", arguments: [(50, 1), (51, 0)])
    func emulators(perSecond: Int, asked: Int) async throws {
        let budget = SharedBudget(limit: perSecond)
        let limiter = RateLimiter(requestsPerSecond: perSecond, clock: VirtualClock(), budget: budget)
        try await limiter.acquire()
        await limiter.finish()
        #expect(await budget.wanted.count == asked)
    }
}
