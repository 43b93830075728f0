public import Contracts
import Synchronization

/// What must hold in every run. The names are what `tandem simulate` prints.
public enum Invariant: String, Sendable, Hashable, Codable, CaseIterable {
    case changesAppliedOrExplained = "every change is applied or explained"
    case sidesEqual = "both sides are equal on every mapped field, up to the rules"
    case nothingTwice = "no record exists twice"
    case onlyDueWrites = "no record is written that was not due"
    case noEcho = "no traffic once everything is in step"
    case nothingWaitsForever = "nothing waits for ever"
    case noResurrection = "no deleted record comes back"
    case windowKept = "no change waits longer, and no more changes wait, than the window allows"
    case rateKept = "requests a second to marketing stay within the limit"
    case quotaKept = "calls to the CRM stay within the quota"
    case onlyMappedFields = "nothing unmapped is written"
    case marksShown = "tags and sync status say what is so"
    case mergesAgree = "each merge decision is what the rules say"
    case activitiesKept = "every activity is recorded once, and copied once where it is to be"
    case deletionsApproved = "no run ends more links than it may unless somebody approved"
    case workersGoOn = "no worker gives up by itself"
}

/// A rule that did not hold.
public struct Violation: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    public var invariant: Invariant
    public var detail: String
    public var at: Timestamp

    public var description: String { "\(invariant.rawValue): \(detail) (at \(at.iso8601))" }
}

/// Keeps the first violation, which ends the run.
final class Referee: Sendable {
    private let clock: SimulatedClock
    private let trace: Trace
    private let first = Mutex<Violation?>(nil)

    init(clock: SimulatedClock, trace: Trace) {
        self.clock = clock
        self.trace = trace
    }

    var violation: Violation? { first.withLock { $0 } }

    func fail(_ invariant: Invariant, _ detail: String) {
        trace.note("referee", "VIOLATED \(invariant.rawValue): \(detail)")
        let found = Violation(invariant: invariant, detail: detail, at: clock.now())
        first.withLock { $0 = $0 ?? found }
    }
}
