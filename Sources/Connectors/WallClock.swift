public import Contracts

/// The system's time, as a port: everything that waits or stamps asks here, so that a test can turn the hands.
public protocol WallClock: Sendable {
    func now() -> Timestamp
    /// Returns at `deadline` or throws `CancellationError` when the task is cancelled first.
    func sleep(until deadline: Timestamp) async throws
}
