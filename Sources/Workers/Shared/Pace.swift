import Connectors
import Contracts
import Logging
import Store
public import SyncCore

/// How a drain paces itself.
public struct DrainSettings: Sendable {
    /// How long a lease lasts without renewal: after a crash, an integration waits so long for another worker.
    public var leaseTTL: Duration
    /// How often the store is looked at for what other processes put there: pauses, rows, released holds.
    public var pollInterval: Duration
    public var retry: RetryPolicy
    /// After this long, what marketing or the CRM told of before it was read has reached the queue: what differs still is drift.
    public var driftSettling: Duration

    public init(
        leaseTTL: Duration = .seconds(30), pollInterval: Duration = .seconds(1), retry: RetryPolicy = RetryPolicy(),
        driftSettling: Duration = .seconds(180)
    ) {
        self.leaseTTL = leaseTTL
        self.pollInterval = pollInterval
        self.retry = retry
        self.driftSettling = driftSettling
    }
}

/// When a worker of one integration takes its next turn: later and later while turns fail.
struct Pace: Sendable {
    let settings: DrainSettings
    let clock: any WallClock
    /// In 0..<1, spreads retries.
    let jitter: @Sendable () -> Double
    let logger: Logger
    private var failuresInARow = 0

    init(_ settings: DrainSettings, clock: any WallClock, jitter: @escaping @Sendable () -> Double, logger: Logger) {
        self.settings = settings
        self.clock = clock
        self.jitter = jitter
        self.logger = logger
    }

    /// There is nothing to do: whoever puts something there may be another process.
    var pollAgain: NextTurn { .at(clock.now().advanced(by: settings.pollInterval)) }

    /// Work was done; the next failure is the first one.
    mutating func succeeded() { failuresInARow = 0 }

    /// Until when a failure lets wait that concerns no record in particular.
    mutating func pause() -> Timestamp {
        failuresInARow += 1
        return settings.retry.pause(afterFailures: failuresInARow, now: clock.now(), jitter: jitter())
    }

    /// The turn that failed is taken again after a pause.
    mutating func failed(_ error: any Error, _ what: String) -> NextTurn {
        if let error = error as? StoreError {
            let level: Logger.Level = error.code == StoreError.leaseLostCode ? .notice : .error
            logger.log(level: level, "\(what) was given up", metadata: ["code": "\(error.code)", "error": "\(error.message)"])
        } else {
            logger.error("\(what) failed", metadata: ["error": "\(error)"])
        }
        return .at(pause())
    }
}

extension Logger {
    /// One whose lines name the integration.
    func naming(integration: String) -> Logger {
        var logger = self
        logger[metadataKey: "integration"] = "\(integration)"
        return logger
    }
}

extension RetryPolicy {
    /// When to go on after so many failures in a row that concern no record in particular.
    func pause(afterFailures count: Int, now: Timestamp, jitter: Double) -> Timestamp {
        let error = SyncError(.transient, code: "pause", message: "")
        guard case .retry(let at) = next(after: error, attempts: min(count, maxAttempts - 1), now: now, jitter: jitter) else {
            return now.advanced(by: cap)
        }
        return at
    }
}
