public import Contracts

/// Keeps a vendor's limit of requests per second, in the order the requests came (OUT-9).
///
/// A request counts from when it is let through until a second after its answer came. The vendor counted it somewhere in
/// between, so however long requests travel, it never sees more than the allowance in any second of its own. With a
/// ``RateBudget`` the same holds for all processes that share it: a request then has one of its slots as well, for just as long.
public actor RateLimiter {
    private static let window: Duration = .seconds(1)
    /// Allowances above are those of emulators; sharing them would cost more than it keeps.
    private static let mostSharedPerSecond = 50
    /// A slot of another process comes free when its request is answered, of which nobody tells.
    private static let longestSharedWait: Duration = .milliseconds(250)

    private let requestsPerSecond: Int
    private let clock: any WallClock
    private let budget: (any RateBudget)?
    /// Slots taken for those who wait, and slots of requests in flight.
    private var spareSlots: [Int] = []
    private var usedSlots: [Int] = []
    private var inFlight = 0
    /// When the answers came that still count, oldest first.
    private var answered: [Timestamp] = []
    private var pausedUntil: Timestamp = .distantPast
    private var queue: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    private var isHeadTaken = false
    private var headAwaitingAnswer: CheckedContinuation<Void, Never>?
    private var nextID = 0

    /// - Parameter budget: what this limiter shares with those of other processes; without effect above 50 requests a second.
    public init(requestsPerSecond: Int, clock: any WallClock, budget: (any RateBudget)? = nil) {
        self.requestsPerSecond = max(1, requestsPerSecond)
        self.clock = clock
        self.budget = requestsPerSecond > Self.mostSharedPerSecond ? nil : budget
    }

    /// Returns when the caller may send one request; ``finish()`` must follow when it is answered or has failed.
    ///
    /// Throws `CancellationError`, or the `SyncError` of a shared budget that cannot be asked: then nothing may be sent.
    public func acquire() async throws {
        try await takeHead()
        do {
            while try await !isFree() {}
        } catch {
            await leaveHead()
            throw error
        }
        inFlight += 1
        await leaveHead()
    }

    /// The request of an ``acquire()`` has ended.
    public func finish() async {
        let now = clock.now()
        inFlight -= 1
        answered.append(now)
        headAwaitingAnswer?.resume()
        headAwaitingAnswer = nil
        // Which of the slots it was does not matter, only how many are taken: the oldest would be lost first.
        if !usedSlots.isEmpty { await free([usedSlots.removeFirst()], at: now) }
    }

    /// How many requests wait behind the one whose turn is next.
    package var waiting: Int { queue.count }

    /// Lets nothing through before `moment`: what a vendor's 429 asks for. Never shortens a pause.
    public func pause(until moment: Timestamp) async {
        pausedUntil = max(pausedUntil, moment)
        await budget?.pause(until: moment)
    }

    /// Whether a request may go now; else waits until it may be worth asking again.
    private func isFree() async throws -> Bool {
        try Task.checkCancellation()
        let now = clock.now()
        answered.removeAll { $0.advanced(by: Self.window) < now }
        if pausedUntil > now {
            await returnSpareSlots()
            try await clock.sleep(until: pausedUntil)
        } else if inFlight + answered.count < requestsPerSecond {
            return try await hasSlot(now)
        } else if let oldest = answered.first {
            try await clock.sleep(until: oldest.advanced(by: Self.window + .milliseconds(1)))
        } else {
            await nextAnswer()
        }
        return false
    }

    // MARK: What is shared

    /// Whether the head has a slot, if it needs one; else takes some, or waits until it may be worth asking again.
    private func hasSlot(_ now: Timestamp) async throws -> Bool {
        guard let budget else { return true }
        if let slot = spareSlots.popLast() {
            usedSlots.append(slot)
            return true
        }
        switch try await budget.take(min(1 + queue.count, requestsPerSecond - inFlight - answered.count), now: now) {
        case .taken(let slots): spareSlots = slots
        case .wait(let moment):
            let soon = clock.now().advanced(by: .milliseconds(1))
            try await clock.sleep(until: max(soon, min(moment, now.advanced(by: Self.longestSharedWait))))
        }
        // Meanwhile the vendor may have asked for a pause: the head looks again.
        return false
    }

    /// Frees slots whatever becomes of the caller: one that is not freed is lost until its guard runs out.
    private func free(_ slots: [Int], at moment: Timestamp) async {
        guard let budget, !slots.isEmpty else { return }
        // Clocks are read in whole milliseconds, rounded down.
        await Task { await budget.free(slots, at: moment.advanced(by: .milliseconds(1))) }.value
    }

    /// Gives slots back for which no request is left. They were not used, so they may be free at once.
    private func returnSpareSlots() async {
        let unused = spareSlots
        spareSlots = []
        await free(unused, at: clock.now().advanced(by: .zero - Self.window))
    }

    // MARK: Waiting

    private func nextAnswer() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { headAwaitingAnswer = $0 }
        } onCancel: {
            Task { await self.cancelHead() }
        }
    }

    private func cancelHead() {
        // The handler may come late, when the next head waits here: it just looks again.
        headAwaitingAnswer?.resume()
        headAwaitingAnswer = nil
    }

    // Only the head of the queue watches the clock; the others wait for their turn to be the head.

    private func takeHead() async throws {
        guard isHeadTaken else {
            isHeadTaken = true
            return
        }
        let id = nextID
        nextID += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { queue.append((id, $0)) }
        } onCancel: {
            Task { await self.cancel(id) }
        }
    }

    private func leaveHead() async {
        if queue.isEmpty { await returnSpareSlots() }
        guard queue.isEmpty else { return queue.removeFirst().continuation.resume() }
        isHeadTaken = false
    }

    private func cancel(_ id: Int) {
        guard let index = queue.firstIndex(where: { $0.id == id }) else { return }
        queue.remove(at: index).continuation.resume(throwing: CancellationError())
    }
}
