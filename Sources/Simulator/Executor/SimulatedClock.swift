public import Connectors
public import Contracts
import Synchronization

/// Virtual time: it stands still while anything is ready to run, and jumps to the next sleeper when nothing is.
///
/// Unlike `VirtualClock` it is turned from outside of any task, by whoever runs the tasks; the mutex is never waited for.
public final class SimulatedClock: WallClock {
    private struct Sleeper {
        let deadline: Timestamp
        let id: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        /// Ordered by deadline, then by who came first; the next one is the last.
        var sleepers: [Sleeper] = []
        var nextID = 0
    }

    private let state: Mutex<State>

    public init(now: Timestamp) { state = Mutex(State(now: now)) }

    public func now() -> Timestamp { state.withLock(\.now) }

    public func sleep(until deadline: Timestamp) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let sleeper = Sleeper(deadline: deadline, id: id, continuation: continuation)
                state.withLock { state in
                    let place = state.sleepers.partitioningIndex { ($0.deadline, $0.id) < (deadline, id) }
                    state.sleepers.insert(sleeper, at: place)
                }
            }
        } onCancel: {
            wake(id)
        }
    }

    /// Moves to the earliest deadline and wakes who waits for it; `false` when nobody sleeps.
    func advance() -> Bool {
        let next = state.withLock { state -> Sleeper? in
            guard let next = state.sleepers.popLast() else { return nil }
            state.now = max(state.now, next.deadline)
            return next
        }
        next?.continuation.resume()
        return next != nil
    }

    private func wake(_ id: Int) {
        let cancelled = state.withLock { state in
            state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
        }
        cancelled?.continuation.resume(throwing: CancellationError())
    }
}

extension Array {
    /// The first place whose element fulfils `isAfter`, which must be false for all before it and true for all after.
    fileprivate func partitioningIndex(_ isAfter: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
