public import Contracts

/// Lets at most so many requests per second through, in the order they came (OUT-9).
///
/// Bursts pass at once until the allowance of the sliding second is used. The window is a little longer than a second,
/// so that requests bunching up on their way still arrive inside the vendor's limit.
public actor RateLimiter {
    private static let window: Duration = .milliseconds(1050)

    private let requestsPerSecond: Int
    private let clock: any WallClock
    /// The latest passes, oldest first; never more than the allowance.
    private var passes: [Timestamp] = []
    private var pausedUntil: Timestamp = .distantPast
    private var queue: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    private var isHeadTaken = false
    private var nextID = 0

    public init(requestsPerSecond: Int, clock: any WallClock) {
        self.requestsPerSecond = max(1, requestsPerSecond)
        self.clock = clock
    }

    /// Returns when the caller may send one request.
    public func acquire() async throws(CancellationError) {
        do {
            try await takeHead()
            defer { leaveHead() }
            while true {
                try Task.checkCancellation()
                let now = clock.now()
                let free = freeAt()
                guard free > now else { break }
                try await clock.sleep(until: free)
            }
            passes.append(clock.now())
            if passes.count > requestsPerSecond { passes.removeFirst() }
        } catch {
            throw CancellationError()
        }
    }

    /// Lets nothing through before `moment`: what a vendor's 429 asks for. Never shortens a pause.
    public func pause(until moment: Timestamp) {
        pausedUntil = max(pausedUntil, moment)
    }

    private func freeAt() -> Timestamp {
        guard passes.count >= requestsPerSecond, let oldest = passes.first else { return pausedUntil }
        return max(oldest.advanced(by: Self.window), pausedUntil)
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
