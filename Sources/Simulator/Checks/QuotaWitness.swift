import Connectors
import Contracts
import Synchronization

/// IN-9: once the org says that the day's calls are used up, it is only probed now and then until some are free.
final class QuotaWitness: TrafficWitness {
    /// An honest client waits a quarter of an hour; each process and direction finds out for itself, and a manager's change of
    /// settings or a restart makes them look again.
    private static let window = Duration.seconds(14 * 60)
    private static let mostProbes = 8
    /// The calls of one turn are one probe: the descriptions of several objects, say.
    private static let turn = Duration.seconds(20)

    private struct Probe {
        var at: Timestamp
        var process: String
    }

    private let seat: WitnessSeat
    /// Refused lately, oldest first.
    private let probes = Mutex<[Probe]>([])

    init(_ seat: WitnessSeat) { self.seat = seat }

    func sees(_ answer: CRMAnswer?, to call: CRMCall, of process: String) async {
        guard let answer else { return }
        let now = seat.clock.now()
        guard answer.refusal == "REQUEST_LIMIT_EXCEEDED", answer.message?.contains("TotalRequests") == true else {
            // Let in: there is quota again.
            if answer.status < 400 { probes.withLock { $0 = [] } }
            return
        }
        let count = probes.withLock { probes in
            probes.removeAll { now.since($0.at) > Self.window }
            if !probes.contains(where: { $0.process == process && now.since($0.at) < Self.turn }) {
                probes.append(Probe(at: now, process: process))
            }
            return probes.count
        }
        guard count > Self.mostProbes else { return }
        seat.referee.fail(.quotaKept, "\(count) attempts in \(Self.window) though the quota is used up; the last is \(process)'s")
    }
}
