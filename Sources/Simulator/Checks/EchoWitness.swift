import Connectors
import Contracts
import Sandbox

/// GEN-5: a person in marketing is not written what the account holds already. Who decides to write goes by what both sides last
/// agreed on, so a write that changes nothing tells that Tandem's own write came back as a change.
///
/// Not judged: times of faults and what follows them, for what was in doubt is repeated; a person whose records came or went
/// lately, or came back until the next poll sees it, and times after a change of the mapping, for then nobody knows yet what the
/// sides agree on; a person of whom marketing told two edits of one second, for nobody knows the later.
struct EchoWitness: TrafficWitness {
    /// So long after it began trouble may still lead to repetitions.
    private static let aftermath = Duration.seconds(1800)
    /// The longest a poll lets wait for itself, and what it leads to.
    private static let poll = Duration.seconds(2 * 3600)

    let seat: WitnessSeat

    func sees(_ call: MarketingCall, from process: String) async {
        guard !call.isImport else { return }
        for contact in call.contacts {
            guard let id = contact.id, !isExcused(id), let held = await seat.marketing.person(id: id) else { continue }
            let values = contact.values.compactMap { key, value in
                seat.field(ofKey: key).map { (field: $0, value: $0.plain(value)) }
            }
            guard !values.isEmpty, values.allSatisfy({ $0.value == seat.value(of: $0.field, in: held) }) else { continue }
            let fields = values.map(\.field.rawValue).sorted().joined(separator: ", ")
            seat.referee.fail(.noEcho, "\(process) writes contact \(id) what it holds already: \(fields)")
        }
    }

    private func isExcused(_ contact: String) -> Bool {
        let diary = seat.diary
        let (now, people) = (seat.clock.now(), diary.people.filter { $0.contactIDs.contains(contact) }.map(\.number))
        let start = now.advanced(by: .zero - Self.aftermath)
        return diary.isDisturbed(from: start, to: now) || diary.mappings.contains { $0.moment > start }
            || diary.events.contains { people.contains($0.person) && now.since($0.moment) < Self.patience(for: $0) }
            || isContested(contact, since: start)
    }

    private static func patience(for event: Diary.Event) -> Duration {
        if case .undeleted = event.kind { poll } else { aftermath }
    }

    private func isContested(_ contact: String, since start: Timestamp) -> Bool {
        let edits = seat.diary.edits.filter { $0.side == .marketing && $0.recordID == contact && $0.seen > start }
        return Dictionary(grouping: edits, by: { $0.seen.milliseconds / 1000 }).values.contains { $0.count > 1 }
    }
}
