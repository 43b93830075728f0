import Connectors
import Contracts
import Store
import SyncCore
import Synchronization

/// IN-9: once the CRM's day is used up to a work's share, no turn of that work begins until the reading is too old to go by.
///
/// Judged by the reading that the processes share. A turn that had begun may go on for a while, and a process that stood still
/// goes on with what it was doing.
final class BudgetWitness: TrafficWitness {
    /// How long a reading counts, less what clocks may differ by.
    private static let validity = Duration.seconds(890)
    /// How long a turn may take.
    private static let turn = Duration.seconds(180)

    private let seat: WitnessSeat
    /// Since when readings that count say so.
    private let scarce = Mutex<[APIBudget.Work: Timestamp]>([:])

    init(_ seat: WitnessSeat) { self.seat = seat }

    func sees(_ call: CRMCall, from process: String) async {
        let now = seat.clock.now()
        guard let usage = try? await seat.store.usage(of: SimulatedWorld.integration) else { return }
        let isFresh = now.since(usage.at) < Self.validity
        let since = scarce.withLock { scarce in
            for work in APIBudget.Work.allCases {
                let isScarce = isFresh && usage.used * 100 >= usage.limit * APIBudget().share(of: work)
                scarce[work] = isScarce ? scarce[work] ?? now : nil
            }
            return Self.work(of: process).flatMap { scarce[$0] }
        }
        guard let since, now.since(since) > Self.turn, !seat.diary.isDisturbed(from: since, to: now, by: [.process, .pause])
        else { return }
        seat.referee.fail(
            .quotaKept,
            "\(process) calls the CRM, of whose \(usage.limit) calls a day \(usage.used) are used since \(since.iso8601)")
    }

    /// What processes of that name are there for; `nil` where a manager waits for the answer.
    private static func work(of process: String) -> APIBudget.Work? {
        switch process.split(separator: "-").first.flatMap({ Role(rawValue: String($0)) }) {
        case .inbound: .inbound
        case .outbound, .recorder: .outbound
        case .runner: .backfill
        case .gateway, nil: nil
        }
    }
}
