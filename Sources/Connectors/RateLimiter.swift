public import Contracts

/// Keeps a vendor's limit of requests per second, in the order the requests came (OUT-9).
///
/// A request counts from when it is let through until a second after its answer came. The vendor counted it somewhere in
/// between, so however long requests travel, it never sees more than the allowance in any second of its own.
public actor RateLimiter {
    private static let window: Duration = .seconds(1)

    private let requestsPerSecond: Int
    private let clock: any WallClock
    private var inFlight = 0
    /// When the answers came that still count, oldest first.
    private var answered: [Timestamp] = []
    private var pausedUntil: Timestamp = .distantPast
    private var queue: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    private var isHeadTaken = false
    private var headAwaitingAnswer: CheckedContinuation<Void, Never>?
    private var nextID = 0

    public init(requestsPerSecond: Int, clock: any WallClock) {
        self.requestsPerSecond = max(1, requestsPerSecond)
        self.clock = clock
    }

    /// Returns when the caller may send one request; ``finish()`` must follow when it is answered or has failed.
    public func acquire() async throws(CancellationError) {
        do {
            try await takeHead()
            defer { leaveHead() }
            while try await !isFree() {}
            inFlight += 1
        } catch {
            throw CancellationError()
        }
    }

    /// The request of an ``acquire()`` has ended.
    public func finish() {
        inFlight -= 1
        answered.append(clock.now())
        headAwaitingAnswer?.resume()
        headAwaitingAnswer = nil
    }

    /// Lets nothing through before `moment`: what a vendor's 429 asks for. Never shortens a pause.
    public func pause(until moment: Timestamp) {
        pausedUntil = max(pausedUntil, moment)
    }

    /// Whether a request may go now; else waits until it may be worth asking again.
    private func isFree() async throws -> Bool {
        try Task.checkCancellation()
        let now = clock.now()
        answered.removeAll { $0.advanced(by: Self.window) < now }
        if pausedUntil > now {
            try await clock.sleep(until: pausedUntil)
        } else if inFlight + answered.count < requestsPerSecond {
            return true
        } else if let oldest = answered.first {
            try await clock.sleep(until: oldest.advanced(by: Self.window + .milliseconds(1)))
        } else {
            await nextAnswer()
        }
        return false
    }

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

    private func leaveHead() {
        guard queue.isEmpty else { return queue.removeFirst().continuation.resume() }
        isHeadTaken = false
    }

    private func cancel(_ id: Int) {
        guard let index = queue.firstIndex(where: { $0.id == id }) else { return }
        queue.remove(at: index).continuation.resume(throwing: CancellationError())
    }
}
