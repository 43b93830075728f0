import Contracts

/// Says what a mapped field of a pair of records may hold once everything is at rest: from what users did to it on both sides,
/// and from what each side was seen to hold and when. Knows nothing of how Tandem decides.
///
/// | users edited it since both sides agreed | what must stand |
/// |---|---|
/// | nowhere | the value agreed on |
/// | on one side | the last value there |
/// | on both, the later edit by someone who saw the earlier one | the later |
/// | on both, unseen | the CRM's, or marketing's where the mapping says so |
///
/// What else may stand, and why:
/// - While the CRM record waits for the next sync its values win (IN-6): then what it held while it waited. The same goes for
///   another record of the person, which had its turn before it was gone.
/// - Neither vendor writes on condition that nothing has changed. An edit that a write overtook which was decided just before it
///   is gone for all who look later, and counts as never made.
/// - A record that gets to know a person by their address writes all its values to them in one call, also those that are only
///   filled afterwards: reading every stranger first would double the calls. Its blanks are not written, so they may be filled.
/// - Blanks, and values that were there before, do not tell whether the other side's user saw them: then either edit.
/// - Where the answer to the write that brought a value may have got lost, Tandem cannot know that it was there: then either
///   edit.
struct FieldJudge: Sendable {
    enum Rule: Sendable, Hashable {
        case crmWins, marketingWins
        /// Each side keeps what it has, and a blank is filled.
        case fillEmptyOnly
        /// The rule changed meanwhile, or the records got to each other by a merge, a conversion or an address: any value that
        /// one of them had, as long as both have the same.
        case anyOfTheirs
    }

    struct Edit: Sendable, Hashable {
        /// When others could see it.
        var moment: Timestamp
        var side: Side
        /// The contact's id in marketing, or the CRM record's.
        var recordID: String
        var value: String
        /// Until when a write may arrive that was decided before the edit.
        var blindUntil: Timestamp
        /// Whether that is so late because a process stood still: then what it brings may be an older value of the same side, by
        /// way of the other.
        var isBlindForLong = false
    }

    /// A side was seen to hold a value from that moment on.
    struct Sight: Sendable, Hashable {
        var moment: Timestamp
        var value: String
        /// Whether the answer to the write that brought it may have got lost.
        var isInDoubt = false
    }

    /// A CRM record waited for the next sync.
    struct Wait: Sendable, Hashable {
        var span: ClosedRange<Timestamp>
        /// What the record had in the field, in order of time.
        var held: [Sight]
    }

    var rule: Rule
    /// What both sides held at the last calm; `nil` when they were not paired yet.
    var agreed: String?
    /// Since then, in order of time.
    var edits: [Edit]
    var sights: [Side: [Sight]]
    /// When the CRM record got to know the person.
    var met: Timestamp?
    /// The times in which the CRM record waited for the next sync.
    var waits: [ClosedRange<Timestamp>] = []
    /// Those of other CRM records that were the person's since the last calm.
    var otherWaits: [Wait] = []

    /// What is wrong with the values that the sides hold; `nil` when nothing is.
    func complaint(marketing: String, crm: String) -> (invariant: Invariant, text: String)? {
        if rule == .fillEmptyOnly { return complaintOfFilling(marketing: marketing, crm: crm) }
        guard marketing == crm else { return (.sidesEqual, "the sides differ") }
        let allowed = allowed
        if allowed.contains(crm) { return nil }
        let wanted = allowed.sorted().map { "\"\($0)\"" }.joined(separator: " or ")
        return (.changesAppliedOrExplained, "both sides should hold \(wanted)")
    }

    /// The values that may stand on both sides.
    var allowed: Set<String> {
        if rule == .anyOfTheirs { return Set(edits.map(\.value) + sights.values.flatMap { $0.map(\.value) } + [agreed ?? ""]) }
        // Whether an edit was overtaken cannot be seen for sure.
        return allowed(after: edits).union(allowed(after: standing))
    }

    private func allowed(after edits: [Edit]) -> Set<String> {
        let marketing = edits.last { $0.side == .marketing }
        let crm = edits.last { $0.side == .crm }
        var allowed: Set<String> =
            switch (marketing, crm) {
            case (nil, nil): [agreed ?? ""]
            case (let edit?, nil), (nil, let edit?): [edit.value]
            case (let marketing?, let crm?): winners(marketing, crm)
            }
        if let marketing { allowed.formUnion(overruling(marketing)) }
        if let marketing, let crm, wasOverruled(marketing, before: crm.moment) { allowed.insert(crm.value) }
        return allowed
    }

    /// Whether a wait of the CRM record settled marketing's edit before that moment: what the CRM's users do then is no conflict
    /// with it.
    private func wasOverruled(_ edit: Edit, before moment: Timestamp) -> Bool {
        guard (sights[.marketing] ?? []).last(where: { $0.moment <= moment })?.value != edit.value else { return false }
        return (waits + otherWaits.map(\.span)).contains { $0.upperBound >= edit.moment && $0.upperBound <= moment }
    }

    /// What may stand instead of marketing's edit: what a CRM record held while it waited.
    private func overruling(_ edit: Edit) -> [String] {
        let edited = edits.filter { $0.side == .crm }.map { Sight(moment: $0.moment, value: $0.value) }
        let first = Sight(moment: .distantPast, value: agreed ?? "")
        let held = [first] + ((sights[.crm] ?? []) + edited).sorted { $0.moment < $1.moment }
        let waits = waits.map { Wait(span: $0, held: held) } + otherWaits
        return waits.filter { $0.span.upperBound >= edit.moment }.flatMap { wait in
            let start = max(edit.moment, wait.span.lowerBound)
            let before = wait.held.last { $0.moment <= start }
            let then = wait.held.filter { $0.moment > start && $0.moment < wait.span.upperBound }
            return ([before].compactMap(\.self) + then).map(\.value)
        }
    }

    /// The edits without those at the end of a side that a write may have overtaken.
    private var standing: [Edit] {
        var standing = edits
        while let place = standing.lastIndex(where: { edit in
            edit == standing.last { $0.side == edit.side } && wasOvertaken(edit)
        }) {
            standing.remove(at: place)
        }
        return standing
    }

    private func wasOvertaken(_ edit: Edit) -> Bool {
        let own = Set(edits.filter { $0.side == edit.side && !(edit.isBlindForLong && $0.moment < edit.moment) }.map(\.value))
        let others = edits.filter { $0.side != edit.side || edit.isBlindForLong }.map(\.value)
        return (sights[edit.side] ?? []).contains { sight in
            sight.moment >= edit.moment && sight.moment <= edit.blindUntil && !own.contains(sight.value)
                && others.contains(sight.value)
        }
    }

    private func winners(_ marketing: Edit, _ crm: Edit) -> Set<String> {
        if crm.value.isEmpty, precedesMeeting(crm) { return [marketing.value, crm.value] }
        let (earlier, later) = marketing.moment < crm.moment ? (marketing, crm) : (crm, marketing)
        let byRule = rule == .marketingWins ? marketing : crm
        guard later.moment > earlier.moment else { return [byRule.value] }
        guard isTelling(earlier.value) else { return [marketing.value, crm.value] }
        let seen = (sights[later.side] ?? []).filter { sight in
            sight.value == earlier.value && sight.moment >= earlier.moment && sight.moment <= later.moment
        }
        if seen.isEmpty { return [byRule.value] }
        return seen.contains { !$0.isInDoubt } ? [later.value] : [later.value, byRule.value]
    }

    /// Whether an edit was made before the CRM record got to know the person.
    private func precedesMeeting(_ edit: Edit) -> Bool {
        guard agreed == nil, let met else { return false }
        return edit.moment <= met
    }

    /// Whether a value, where it is seen, can only have come from one edit.
    private func isTelling(_ value: String) -> Bool {
        !value.isEmpty && value != agreed && edits.count { $0.value == value } == 1
    }

    /// Whether the CRM record may have had the value when it got to know the person.
    private func wasBrought(_ value: String) -> Bool {
        !value.isEmpty && edits.contains { $0.side == .crm && $0.value == value && precedesMeeting($0) }
    }

    private func complaintOfFilling(marketing: String, crm: String) -> (invariant: Invariant, text: String)? {
        for (side, value) in [(Side.marketing, marketing), (.crm, crm)] {
            guard let last = standing.last(where: { $0.side == side }), !last.value.isEmpty, last.value != value else { continue }
            if side == .marketing, overruling(last).contains(value) { continue }
            if side == .marketing, precedesMeeting(last), wasBrought(value) { continue }
            return (.changesAppliedOrExplained, "only empty values are filled, and \(side.rawValue)'s was \"\(last.value)\"")
        }
        guard marketing.isEmpty != crm.isEmpty else { return nil }
        let full = crm.isEmpty ? Side.marketing : .crm
        guard edits.contains(where: { $0.side == full }) else { return nil }
        return (.sidesEqual, "the empty side was not filled")
    }
}
