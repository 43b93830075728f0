public import Contracts

import struct Foundation.Date

/// The machine's clock.
public struct SystemClock: WallClock {
    public init() {}

    public func now() -> Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    public func sleep(until deadline: Timestamp) async throws {
        // The one place that really waits: everything else goes through the port, so that a test can turn the hands.
        try await Task.sleep(for: max(deadline.since(now()), .zero))
    }
}
