import Connectors
import Contracts
import Sandbox
import SyncCore
import Synchronization

/// IN-1: a change waits no longer than the window's interval, or until so many records wait; and no call is larger than the
/// vendors take.
///
/// Judged by the writes: one that brings an edit of long ago came too late. What never comes is the examinations' to find.
final class WindowWitness: TrafficWitness {
    private let seat: WitnessSeat
    /// Since when each CRM record is known to be linked.
    private let linked = Mutex<[String: Timestamp]>([:])
    /// When the CRM last refused a write to a record.
    private let refused = Mutex<[String: Timestamp]>([:])
    /// When each CRM record was last shown to wait for the next sync.
    private let waiting = Mutex<[String: Timestamp]>([:])

    init(_ seat: WitnessSeat) { self.seat = seat }

    /// Webhooks travel for some seconds, workers look at the queue every so often, and the other direction may have its turn.
    private var slack: Duration { seat.setting.pollInterval * 2 + seat.setting.lease * 2 + .seconds(90) }

    func sees(_ call: CRMCall, from process: String) async {
        let heavy = call.parts.count
        if heavy > 5 { fail("\(process) sends \(heavy) parts in one call, where 5 fit") }
        for (number, rows) in Dictionary(grouping: call.rows, by: \.part).sorted(by: { $0.key < $1.key }) where rows.count > 200 {
            fail("\(process) sends \(rows.count) records in part \(number), where 200 fit")
        }
        for row in call.rows where !row.isUpsert { checkAge(row, process) }
    }

    func sees(_ call: MarketingCall, from process: String) async {
        if call.contacts.count > 250 { fail("\(process) imports \(call.contacts.count) people at once, where 250 fit") }
    }

    func sees(_ answer: CRMAnswer?, to call: CRMCall, of process: String) async {
        let now = seat.clock.now()
        let owned = (answer?.found ?? []).filter { $0.person != nil }.map(\.id)
        linked.withLock { linked in for id in owned where linked[id] == nil { linked[id] = now } }
        let due = (answer?.found ?? []).filter(\.isWaiting).map(\.id)
        waiting.withLock { waiting in for id in due { waiting[id] = now } }
        for row in call.rows {
            guard let id = row.id, answer?.result(of: row)?.isSuccess != true else { continue }
            refused.withLock { $0[id] = now }
        }
    }

    // MARK: How old a change is

    private func checkAge(_ row: CRMCall.Row, _ process: String) {
        guard let id = row.id, let since = linked.withLock({ $0[id] }) else { return }
        let now = seat.clock.now()
        for (name, value) in row.values.sorted(by: { $0.key < $1.key }) {
            guard let field = PersonField(crm: name), let edit = edit(field, value, of: row, after: since) else { continue }
            let due = due(edit)
            guard now > due, !isExcused(edit, id: id, until: now) else { continue }
            fail("\(process) writes \(field) of \(row.object) \(id) \(now.since(edit.seen)) after the edit")
        }
    }

    /// The last edit that gave the field that value, if it was made once the record was linked.
    private func edit(_ field: PersonField, _ value: SandboxValue, of row: CRMCall.Row, after since: Timestamp) -> Diary.Edit? {
        let edits = seat.diary.edits
        guard
            let edit = edits.last(where: {
                $0.side == .marketing && !$0.isSilent && $0.field == field && field.plain($0.value) == field.plain(value)
            }),
            edit.seen > since
        else { return nil }
        return edit
    }

    /// When the flush must have begun, and be done: the interval after the edit, or as soon as enough others wait, too.
    private func due(_ edit: Diary.Edit) -> Timestamp {
        let window = seat.setting.window
        var waiting: Set<String> = []
        for other in seat.diary.edits where other.side == .marketing && !other.isSilent && other.seen >= edit.seen {
            waiting.insert(other.recordID)
            if waiting.count >= window.records {
                return min(other.seen, edit.seen.advanced(by: window.interval)).advanced(by: slack)
            }
        }
        return edit.seen.advanced(by: window.interval + slack)
    }

    /// Excused are: times of faults and pauses, with some time to recover; a mapping that is new, for which the old value counts
    /// from then on; people whose records came, went or turned into others, which outbound has to see first; records that the CRM
    /// refused; and what is only to fill empty fields: ignored while the record waited (IN-6), it fills with a later change.
    private func isExcused(_ edit: Diary.Edit, id: String, until now: Timestamp) -> Bool {
        let diary = seat.diary
        let before = edit.seen.advanced(by: .seconds(-1200))
        if diary.isDisturbed(from: before, to: now) { return true }
        if diary.mappings.contains(where: { $0.moment >= before }) { return true }
        if let wait = waiting.withLock({ $0[id] }), wait >= edit.seen,
            seat.rules(for: edit.field, since: before).contains(.fillEmptyOnly)
        {
            return true
        }
        if let refusal = refused.withLock({ $0[id] }), refusal >= edit.seen { return true }
        return diary.events.contains { $0.person == edit.person && $0.moment >= before }
    }

    private func fail(_ what: String) { seat.referee.fail(.windowKept, what) }
}
