public import Connectors
public import Contracts

/// Lets one loop sleep until a moment or until somebody has news for it, whichever comes first.
///
/// News that comes while nobody waits is kept: the next wait returns at once. A wait may also return for no reason, so
/// whoever waits looks again at what there is to do.
public actor WakeUp {
    private var hasNews = false
    private var waiter: CheckedContinuation<Void, Never>?

    public init() {}

    /// Ends the wait under way, or the next one.
    public func wake() {
        if let waiter {
            self.waiter = nil
            waiter.resume()
        } else {
            hasNews = true
        }
    }

    /// Waits for news or for `deadline`. Returns early when the task is cancelled.
    public nonisolated func wait(until deadline: Timestamp, clock: any WallClock) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await clock.sleep(until: deadline) }
            group.addTask { await self.news() }
            await group.next()
            group.cancelAll()
        }
    }

    private func news() async {
        if hasNews {
            hasNews = false
            return
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { waiter = continuation }
            }
        } onCancel: {
            Task { await self.endWait() }
        }
    }

    private func endWait() {
        waiter?.resume()
        waiter = nil
    }
}
