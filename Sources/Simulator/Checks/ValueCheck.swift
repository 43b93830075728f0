import Contracts
import SyncCore

/// Whether every pair holds the values that users gave it, on both sides.
struct ValueCheck: Sendable {
    /// How long a write may be under way: decided before an edit, it may arrive after it.
    private static let journey = Duration.seconds(5)

    let facts: CalmFacts

    func findings() -> [Finding] { facts.pairs.filter { facts.excuse(for: $0) == nil }.flatMap(findings) }

    /// The values that both sides of every pair hold alike.
    func agreements() -> [Pair: [PersonField: String]] {
        let pairs = facts.pairs.map { pair in
            let (marketing, crm) = (facts.sides.contacts[pair.contactID], facts.record(pair.record))
            let fields = mapping(of: pair).fields.filter { marketing?[$0] == crm?[$0] }
            return (pair, Dictionary(uniqueKeysWithValues: fields.map { ($0, crm?[$0] ?? "") }))
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }

    private func findings(_ pair: Pair) -> [Finding] {
        guard let marketing = facts.sides.contacts[pair.contactID], let crm = facts.record(pair.record) else { return [] }
        return mapping(of: pair).fields.compactMap { field in
            guard let judge = judge(field, of: pair),
                let complaint = judge.complaint(marketing: marketing[field], crm: crm[field])
            else { return nil }
            let text = """
                \(field.rawValue) is "\(marketing[field])" in marketing and "\(crm[field])" in the CRM: \(complaint.text). \
                Rule \(judge.rule); agreed on \(judge.agreed.map { "\"\($0)\"" } ?? "nothing"); edits: \(words(judge.edits)); \
                seen in marketing: \(words(judge.sights[.marketing])); in the CRM: \(words(judge.sights[.crm])); \
                waited: \(words(judge.waits)), other records: \(words(judge.otherWaits.map(\.span)))
                """
            return Finding(
                invariant: complaint.invariant, records: [RecordName(nil, pair.contactID), pair.record], text: text)
        }
    }

    private func words(_ edits: [FieldJudge.Edit]) -> String {
        edits.map { "\($0.moment.iso8601) \($0.side.rawValue) \"\($0.value)\"" }.joined(separator: ", ")
    }

    private func words(_ sights: [FieldJudge.Sight]?) -> String {
        (sights ?? []).suffix(6).map { "\($0.moment.iso8601) \"\($0.value)\"" }.joined(separator: ", ")
    }

    private func words(_ waits: [ClosedRange<Timestamp>]) -> String {
        waits.map { "\($0.lowerBound.iso8601)…\($0.upperBound.iso8601)" }.joined(separator: ", ")
    }

    // MARK: What the judge has to know

    /// The judge of a field; `nil` when nothing can be asked of it yet.
    private func judge(_ field: PersonField, of pair: Pair) -> FieldJudge? {
        let agreement = facts.books.agreements[pair]
        let agreed = agreement?.values[field]
        let records = records(of: pair, isNew: agreed == nil)
        let edits = edits(of: field, pair, records, since: agreed == nil ? .distantPast : agreement?.moment ?? .distantPast)
        let start = agreed == nil ? edits.first?.moment ?? facts.now : agreement?.moment ?? facts.now
        let editors = Set(edits.filter { $0.side == .crm }.map(\.recordID)).subtracting([pair.record.id])
        let others = agreed == nil ? records.count - 1 : editors.count
        guard let rule = rule(of: field, pair, edits, since: start, isPaired: agreed != nil, others: others) else { return nil }
        return FieldJudge(
            rule: rule, agreed: agreed, edits: edits,
            sights: [
                .marketing: sights(of: field, RecordName(nil, pair.contactID)), .crm: sights(of: field, pair.record),
            ],
            met: pairedSince(pair), waits: waits(of: pair.record),
            otherWaits: otherWaits(field, pair, since: agreed == nil ? .distantPast : start))
    }

    /// The CRM records whose values the pair may have: its own; before they agreed on anything all that were the contact's; and a
    /// lead's turn may have come after a contact's, whose values went first.
    private func records(of pair: Pair, isNew: Bool) -> Set<String> {
        let others = facts.books.entries.keys.filter { name in
            (isNew ? name.object != nil : name.object == .contact && pair.record.object == .lead)
                && facts.books.states(of: name).contains { $0.contactID == pair.contactID }
        }
        let nameless = isNew ? strangers(of: pair.contactID) : []
        return Set(others.map(\.id)).union(nameless).union([pair.record.id])
    }

    /// CRM records that never named the contact and yet brought it values: nobody else gave it those. Their answer got lost.
    private func strangers(of contact: String) -> Set<String> {
        let states = facts.books.states(of: RecordName(nil, contact))
        let own = facts.notes.edits.filter { $0.side == .marketing && $0.recordID == contact }
        let brought = facts.notes.edits.filter { edit in
            let value = PersonState.plain(edit.value, edit.field)
            guard edit.side == .crm, !value.isEmpty, states.contains(where: { $0[edit.field] == value }) else { return false }
            return !own.contains { $0.field == edit.field && PersonState.plain($0.value, $0.field) == value }
        }
        return Set(brought.map(\.recordID))
    }

    /// In the order in which others could see them.
    private func edits(
        of field: PersonField, _ pair: Pair, _ records: Set<String>, since start: Timestamp
    ) -> [FieldJudge.Edit] {
        let edits = facts.notes.edits.filter { edit in
            edit.field == field && edit.seen > start
                && (edit.side == .marketing ? edit.recordID == pair.contactID : records.contains(edit.recordID))
        }
        return edits.enumerated().sorted { ($0.element.seen, $0.offset) < ($1.element.seen, $1.offset) }.map { _, edit in
            let blindUntil = edit.isSilent ? facts.now : blindness(after: edit.seen)
            return FieldJudge.Edit(
                moment: edit.seen, side: edit.side, recordID: edit.recordID, value: PersonState.plain(edit.value, field),
                blindUntil: blindUntil, isBlindForLong: blindUntil > edit.seen.advanced(by: Self.journey))
        }
    }

    /// A process that stands still keeps what it was about to write until it goes on.
    private func blindness(after moment: Timestamp) -> Timestamp {
        let end = moment.advanced(by: Self.journey)
        let thaws = facts.notes.disturbances.filter { $0.kind == .process && $0.from <= end }.map { $0.until ?? facts.now }
        return thaws.filter { $0 >= moment }.map { $0.advanced(by: Self.journey) }.reduce(end, max)
    }

    private func sights(of field: PersonField, _ name: RecordName) -> [FieldJudge.Sight] {
        var sights: [FieldJudge.Sight] = []
        for entry in facts.books.entries[name] ?? [] {
            guard let state = entry.state, sights.last?.value != state[field] else { continue }
            // The CRM shows when it was written, and what: there nothing is in doubt for long.
            let isInDoubt = name.object == nil && isTroubled(at: entry.moment)
            sights.append(FieldJudge.Sight(moment: entry.moment, value: state[field], isInDoubt: isInDoubt))
        }
        return sights
    }

    /// Whether what marketing answers at that moment may not get through.
    private func isTroubled(at moment: Timestamp) -> Bool {
        facts.notes.disturbances.contains { disturbance in
            disturbance.mayLoseMarketingAnswers && disturbance.from <= moment && moment <= disturbance.until ?? facts.now
        }
    }

    /// From each edit or mark by a user until Tandem says that it is synced.
    private func waits(of record: RecordName) -> [ClosedRange<Timestamp>] {
        let entries = facts.books.entries[record] ?? []
        let marks = facts.notes.events.filter { event in
            switch event.kind {
            case .marked(_, record.id): true
            case .inserted(.contact, record.id, isSelected: true): facts.marksSelect
            default: false
            }
        }.map(\.moment)
        let edits = facts.notes.edits.filter { facts.marksEdits && $0.recordID == record.id && $0.side == .crm && !$0.isSilent }
        return (marks + edits.map(\.seen)).sorted().map { start in
            let end = entries.first { $0.moment > start && $0.state?.isWaiting != true }?.moment
            return start...(end ?? facts.now)
        }
    }

    /// What other records of the person held while they waited; by now they may be gone. A lead has no turn beside a contact.
    private func otherWaits(_ field: PersonField, _ pair: Pair, since start: Timestamp) -> [FieldJudge.Wait] {
        let others = facts.books.entries.filter { name, entries in
            name != pair.record && (name.object == .contact || name.object == .lead && pair.record.object == .lead)
                && entries.contains { $0.moment > start && $0.state?.contactID == pair.contactID }
        }
        return others.keys.sorted().flatMap { name in
            let edits = edits(of: field, pair, [name.id], since: .distantPast).filter { $0.side == .crm }
            let edited = edits.map { FieldJudge.Sight(moment: $0.moment, value: $0.value) }
            let held = (sights(of: field, name) + edited).sorted { $0.moment < $1.moment }
            return waits(of: name).map { FieldJudge.Wait(span: $0, held: held) }
        }
    }

    // MARK: Rules

    private func mapping(of pair: Pair) -> (fields: [PersonField], variant: MappingVariant) {
        let variant = facts.notes.mappings.last?.variant ?? .standard
        return (variant.fields(of: pair.record.object ?? .contact), variant)
    }

    /// What is asked of a field. `nil`: nothing, because the mapping or its rule is newer than all that was done, and what was
    /// there before is a full run's to carry over (MAP-8).
    private func rule(
        of field: PersonField, _ pair: Pair, _ edits: [FieldJudge.Edit], since start: Timestamp, isPaired: Bool, others: Int
    ) -> FieldJudge.Rule? {
        let object = pair.record.object ?? .contact
        let before = facts.notes.mappings.last { $0.moment <= start }?.variant ?? .standard
        let changes = facts.notes.mappings.filter { $0.moment > start }
        let rules = Set(([before] + changes.map(\.variant)).map { Self.rule(of: field, object, $0) })
        guard let now = Self.rule(of: field, object, changes.last?.variant ?? before) else { return nil }
        let isUpset = others > 0 || isUpset(pair, since: isPaired ? start : .distantPast)
        if rules.count == 1, !isUpset {
            // A person found by their address takes what the record has.
            let meet = !isPaired && Set(edits.map(\.side)).count == 2
            return now == .marketingWins && meet ? .anyOfTheirs : now
        }
        if now == .fillEmptyOnly { return nil }
        if rules.count == 1 { return .anyOfTheirs }
        let paired = pairedSince(pair)
        let last = max(changes.last?.moment ?? start, paired)
        // A lead's edits do not flow to a person who is a contact as well (IN-5).
        let asking = edits.filter { object != .contact || $0.side == .marketing || $0.recordID == pair.record.id }
        return asking.contains { $0.moment > last } ? .anyOfTheirs : nil
    }

    private static func rule(of field: PersonField, _ object: CRMObject, _ variant: MappingVariant) -> FieldJudge.Rule? {
        switch variant.mappings[object].first(where: { $0.crm == field.crmName })?.rule {
        case .crmWins: .crmWins
        case .marketingWins: .marketingWins
        case .fillEmptyOnly: .fillEmptyOnly
        default: nil
        }
    }

    private func pairedSince(_ pair: Pair) -> Timestamp {
        facts.books.entries[pair.record]?.first { $0.state?.contactID == pair.contactID }?.moment ?? facts.now
    }

    /// Whether the CRM record became another than it was.
    private func isUpset(_ pair: Pair, since start: Timestamp) -> Bool {
        facts.notes.events.contains { event in
            guard event.moment >= start else { return false }
            return switch event.kind {
            case .merged(_, let winner, let loser): [winner, loser].contains(pair.record.id)
            case .converted(_, let contact): contact == pair.record.id
            case .deleted(_, let id), .undeleted(_, let id): id == pair.record.id
            case .signedUp, .contactDeleted, .asked, .inserted, .marked: false
            }
        }
    }
}
