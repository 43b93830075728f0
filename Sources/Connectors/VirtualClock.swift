public import Contracts
import Synchronization

/// A clock whose hands move only when told: for tests and for the simulator.
public actor VirtualClock: WallClock {
    private struct Sleeper {
        let deadline: Timestamp
        let continuation: CheckedContinuation<Void, any Error>
    }

    // Atomic because `now()` is asked without waiting for the actor.
    private nonisolated let milliseconds: Atomic<Int64>
    private var asleep: [Int: Sleeper] = [:]
    private var watchers: [Int: (count: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
    private var nextID = 0

    public init(now: Timestamp = Timestamp(seconds: 1_800_000_000)) {
        milliseconds = Atomic(now.milliseconds)
    }

    public nonisolated func now() -> Timestamp {
        Timestamp(milliseconds: milliseconds.load(ordering: .sequentiallyConsistent))
    }

    public func sleep(until deadline: Timestamp) async throws {
        try Task.checkCancellation()
        guard deadline > now() else { return }
        let id = nextID
        nextID += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                asleep[id] = Sleeper(deadline: deadline, continuation: continuation)
                notifyWatchers()
            }
        } onCancel: {
            // Runs after the registration above at the earliest, since both need the actor.
            Task { await self.cancel(id) }
        }
    }

    /// How many tasks are asleep.
    public var sleepers: Int { asleep.count }

    /// Returns as soon as at least `count` tasks are asleep, or the calling task is cancelled.
    public func waitForSleepers(_ count: Int = 1) async {
        guard asleep.count < count else { return }
        let id = nextID
        nextID += 1
        await withTaskCancellationHandler {
            await withCheckedContinuation { watchers[id] = (count, $0) }
        } onCancel: {
            Task { await self.release(watcher: id) }
        }
    }

    /// Moves the hands forward and wakes all whose time has come, in the order of their deadlines.
    public func advance(by duration: Duration) {
        turn(to: now().advanced(by: duration))
    }

    /// Moves the hands to the earliest deadline and wakes those who wait for it; `false` when nobody is asleep.
    @discardableResult
    public func advanceToNextSleeper() -> Bool {
        guard let next = asleep.values.map(\.deadline).min() else { return false }
        turn(to: next)
        return true
    }

    private func turn(to moment: Timestamp) {
        milliseconds.store(max(moment, now()).milliseconds, ordering: .sequentiallyConsistent)
        let due = asleep.filter { $0.value.deadline <= now() }
            .sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
        for (id, sleeper) in due {
            asleep[id] = nil
            sleeper.continuation.resume()
        }
    }

    private func cancel(_ id: Int) {
        asleep.removeValue(forKey: id)?.continuation.resume(throwing: CancellationError())
    }

    private func notifyWatchers() {
        for (id, watcher) in watchers where watcher.count <= asleep.count { release(watcher: id) }
    }

    private func release(watcher id: Int) {
        watchers.removeValue(forKey: id)?.continuation.resume()
    }
}
