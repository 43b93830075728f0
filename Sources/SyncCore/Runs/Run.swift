public import Contracts

/// What a run is for.
public enum RunKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Makes everybody known who is selected (RUN-2).
    case initial
    /// Reads everything on both sides: updates what differs, finds deletions and drift (RUN-1, RUN-4).
    case full
    /// Takes what changed since the last poll, at once (*Sync now*).
    case incremental
    /// Carries newly mapped fields over (MAP-8).
    case backfill

    /// Whether marketing's people are read as well as the CRM's records.
    public var readsMarketing: Bool { self == .full || self == .backfill }
}

/// Where a run stands.
public enum RunState: String, Sendable, Hashable, Codable, CaseIterable {
    /// Its turn has not come.
    case waiting
    /// Its chunks are being read.
    case reading
    /// What was read is compared with the links.
    case comparing
    /// It found so much gone that somebody has to approve it (OUT-8).
    case held
    case finished
    case failed
    case cancelled

    public var isOver: Bool { self == .finished || self == .failed || self == .cancelled }
}

/// How many records a run has dealt with; each that was read is one of the other three in the end.
public struct RunCounts: Sendable, Hashable, Codable {
    public var read: Int
    /// Handed over to be written.
    public var written: Int
    /// Nothing is to be done for them.
    public var skipped: Int
    public var failed: Int

    public init(read: Int = 0, written: Int = 0, skipped: Int = 0, failed: Int = 0) {
        self.read = read
        self.written = written
        self.skipped = skipped
        self.failed = failed
    }

    public static func + (left: RunCounts, right: RunCounts) -> RunCounts {
        RunCounts(
            read: left.read + right.read, written: left.written + right.written, skipped: left.skipped + right.skipped,
            failed: left.failed + right.failed)
    }
}

/// One run of an integration, as it is kept (RUN-3).
public struct Run: Sendable, Hashable {
    public var id: Int64
    public var integration: String
    public var kind: RunKind
    public var state: RunState
    /// The CRM fields that a backfill carries over, by object.
    public var fields: [CRMObject: [String]]
    public var requestedAt: Timestamp
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// Set while it is paused.
    public var pausedAt: Timestamp?
    /// How long it was paused before.
    public var pausedFor: Duration
    public var counts: RunCounts
    /// How many records there are to read, as far as is known.
    public var expected: Int?
    /// How many links were found to have lost a side.
    public var gone: Int
    /// Whether somebody approved that these links end.
    public var isApproved: Bool
    /// Why it failed, or is held.
    public var reason: SyncError?

    public init(id: Int64, integration: String, kind: RunKind, fields: [CRMObject: [String]] = [:], requestedAt: Timestamp) {
        self.id = id
        self.integration = integration
        self.kind = kind
        self.fields = fields
        self.requestedAt = requestedAt
        state = .waiting
        pausedFor = .zero
        counts = RunCounts()
        gone = 0
        isApproved = false
    }
}

/// What somebody wants of a run that was begun.
public enum RunControl: String, Sendable, Hashable, Codable, CaseIterable { case pause, resume, cancel, approve }

/// Why a run does not do what somebody wants of it.
public struct RunRefusal: Error, Sendable, Hashable {
    public var reason: String

    public init(reason: String) { self.reason = reason }
}

extension Run {
    /// The run once it obeys the order. One that is obeyed already changes nothing: orders may come twice.
    public func obeying(_ order: RunControl, now: Timestamp) throws(RunRefusal) -> Run {
        var run = self
        guard !state.isOver else {
            if order == .cancel, state == .cancelled { return self }
            throw RunRefusal(reason: "run \(id) is \(state.rawValue)")
        }
        switch order {
        case .pause: run.pausedAt = pausedAt ?? now
        case .resume:
            if let pausedAt { run.pausedFor += max(.zero, now.since(pausedAt)) }
            run.pausedAt = nil
        case .cancel: run = run.ended(.cancelled, now: now)
        case .approve:
            guard state == .held || isApproved else {
                throw RunRefusal(reason: "run \(id) is \(state.rawValue): there is nothing to approve")
            }
            if state == .held { (run.state, run.reason) = (.comparing, nil) }
            run.isApproved = true
        }
        return run
    }

    /// The run with its turn come.
    public func started(now: Timestamp) -> Run {
        var run = self
        (run.state, run.startedAt) = (.reading, startedAt ?? now)
        return run
    }

    public func ended(_ state: RunState, reason: SyncError? = nil, now: Timestamp) -> Run {
        var run = self
        (run.state, run.reason, run.finishedAt) = (state, reason, now)
        if let pausedAt { run.pausedFor += max(.zero, now.since(pausedAt)) }
        run.pausedAt = nil
        return run
    }

    /// Whether runners may work on it now.
    public var isAtWork: Bool { !state.isOver && state != .held && pausedAt == nil }

    /// How long it has been at work, pauses left out; zero before it began.
    public func workingTime(now: Timestamp) -> Duration {
        guard let startedAt else { return .zero }
        let end = finishedAt ?? pausedAt ?? now
        return max(.zero, end.since(startedAt) - pausedFor)
    }

    /// Records read a second; `nil` before the first.
    public func rate(now: Timestamp) -> Double? {
        let seconds = Double(workingTime(now: now).components.seconds)
        return counts.read > 0 && seconds > 0 ? Double(counts.read) / seconds : nil
    }

    /// How long the rest takes at this rate; `nil` where nobody can tell.
    public func timeLeft(now: Timestamp) -> Duration? {
        guard state == .reading, let rate = rate(now: now), let expected else { return nil }
        return .seconds(Int64((Double(max(0, expected - counts.read)) / rate).rounded(.up)))
    }
}
