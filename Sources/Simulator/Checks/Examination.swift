import Contracts
import Store
import SyncCore

/// Compares everything once nothing is under way any more: what users did, by the diary, with what both vendors hold.
///
/// Where it asks for less than everything, and why, is said at ``FieldJudge`` for values and at ``CalmFacts`` for pairs; besides:
/// - A field that was mapped, or got its rule, after all edits is a full run's to bring in line (MAP-8).
/// - After a conversion, a merge or a deletion the CRM record may hold what no user typed: then the sides only have to be equal.
/// - A person found by their address takes what the record has, so nothing is asked of who wins a first meeting for marketing.
struct Examination: Sendable {
    /// How many findings a run is told of.
    private static let most = 5

    let world: SimulatedWorld
    let diary: Diary

    func run() async {
        do {
            let facts = try await gather()
            let values = ValueCheck(facts: facts)
            let findings = ExistenceCheck(facts: facts).findings() + values.findings() + MarkCheck(facts: facts).findings()
            for finding in findings.prefix(Self.most) {
                world.referee.fail(finding.invariant, try await words(finding, facts))
            }
            for finding in try await ActivityCheck(world: world, facts: facts).findings().prefix(Self.most) {
                world.referee.fail(.activitiesKept, finding)
            }
            try await judgeRuns()
            world.ledger.settle(values.agreements())
            world.trace.note("examination", "\(facts.pairs.count) pairs, \(findings.count) findings")
        } catch {
            world.referee.fail(.workersGoOn, "the store can not be read: \(error)")
        }
    }

    /// OUT-8: where the settings let no run end a link by itself, somebody approved each that did.
    private func judgeRuns() async throws(StoreError) {
        let settings = world.setting.runs
        guard settings.deletionShare == 0 else { return }
        for run in try await world.store.runs(of: SimulatedWorld.integration, limit: 100)
        where run.state == .finished && run.gone > settings.deletionFloor && !run.isApproved {
            world.referee.fail(.deletionsApproved, "run \(run.id) ended \(run.gone) links and nobody approved")
        }
    }

    private func gather() async throws(StoreError) -> CalmFacts {
        let sides = await Sides(of: world.ledger.seat)
        world.ledger.note(sides)
        var facts = CalmFacts(
            now: world.clock.now(), notes: diary.notes, sides: sides, books: world.ledger.books,
            marksEdits: world.setting.marksEdits, marksSelect: world.setting.contactSelection == .marked)
        let name = SimulatedWorld.integration
        let contacts = facts.books.entries.keys.filter { $0.object == nil }.map(\.id).sorted()
        facts.links = try await world.store.links(integration: name, marketingIDs: contacts)
        for direction in Direction.allCases {
            for row in try await world.store.parked(integration: name, direction: direction, limit: 1000) {
                let object = direction == .inbound ? nil : CRMObject(rawValue: row.key.object)
                facts.parked[RecordName(object, row.key.recordID)] = row.error
            }
        }
        return facts
    }

    /// The finding with all that helps to understand it.
    private func words(_ finding: Finding, _ facts: CalmFacts) async throws(StoreError) -> String {
        let people = Set(finding.records.compactMap(facts.person)).sorted().map(String.init).joined(separator: ", ")
        var words = "person \(people), \(finding.records.map(\.description).joined(separator: " and ")): \(finding.text)"
        for record in finding.records { words += try await story(of: record, facts) }
        return words
    }

    /// What Tandem says about a record.
    private func story(of record: RecordName, _ facts: CalmFacts) async throws(StoreError) -> String {
        let name = SimulatedWorld.integration
        var lines: [String] = []
        if record.object == nil {
            for (object, link) in (facts.links[record.id] ?? [:]).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                let ending = link.endedBy.map { " by \($0.rawValue)" } ?? ""
                let overruled = link.overruled.isEmpty ? "" : ", overruled \(link.overruled.sorted())"
                lines.append("link with \(object) \(link.crmID ?? "?"): \(link.state)\(ending)\(overruled)")
            }
        }
        if let error = facts.parked[record] { lines.append("parked: \(error.code) \(error.message)") }
        let history =
            if let object = record.object {
                try await world.store.history(integration: name, crmID: record.id, object: object, limit: 6)
            } else {
                try await world.store.history(integration: name, marketingID: record.id, limit: 6)
            }
        for entry in history.reversed() {
            let decisions = entry.details == .null ? "" : " \(String(decoding: entry.details.serialized(), as: UTF8.self))"
            lines.append("\(entry.at.iso8601) \(entry.direction) \(entry.outcome) \(entry.code ?? "")\(decisions)")
        }
        return lines.map { "\n    \(record): \($0)" }.joined()
    }
}
