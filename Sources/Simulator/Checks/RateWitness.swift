import Connectors
import Contracts
import Sandbox
import Synchronization

/// OUT-9: however many processes there are, the account sees no more requests in any second than it allows.
final class RateWitness: TrafficWitness {
    private let seat: WitnessSeat
    /// When the requests of the last second came.
    private let recent = Mutex<[Timestamp]>([])
    /// How many requests the account says it refused for coming too fast; played faults are not among them.
    private let refused = Mutex(0)

    init(_ seat: WitnessSeat) { self.seat = seat }

    /// The pace is counted by the processes' clocks: where they disagree by seconds, so many requests may come too early.
    private var isJudged: Bool { seat.setting.hasOneClock }

    func sees(_ call: MarketingCall, from process: String) async {
        let now = seat.clock.now()
        let count = recent.withLock { recent in
            recent.removeAll { now.since($0) >= .seconds(1) }
            recent.append(now)
            return recent.count
        }
        guard isJudged, count > seat.setting.requestsPerSecond else { return }
        seat.referee.fail(
            .rateKept,
            "\(count) requests within a second, where \(seat.setting.requestsPerSecond) may come; the last is \(process)'s")
    }

    func sees(_ answer: MarketingAnswer?, to call: MarketingCall, of process: String) async {
        let throttled = await seat.marketing.counters().throttled
        let isNew = refused.withLock { refused in
            defer { refused = throttled }
            return throttled > refused
        }
        if isNew, isJudged {
            seat.referee.fail(.rateKept, "the account refused \(process)'s \(call.method) \(call.path) as too fast")
        }
    }
}
