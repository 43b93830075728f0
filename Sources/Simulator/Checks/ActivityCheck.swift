import Contracts
import Sandbox
import Store
import SyncCore

/// Whether what people did in marketing is kept (ACT-4): each visit of a page once, the newest first, and where the settings ask
/// for it once in the CRM too, for everybody who is linked.
struct ActivityCheck: Sendable {
    private static let most = 1000

    let world: SimulatedWorld
    let facts: CalmFacts

    /// In words.
    func findings() async throws(StoreError) -> [String] {
        guard world.setting.hasRecorders else { return [] }
        let copies = world.setting.mirrorsActivities ? await copies() : [:]
        var known: Set<String> = []
        var findings: [String] = []
        let visits = Dictionary(grouping: facts.notes.visits, by: \.contactID)
        for contact in Set(visits.keys).union(facts.links.keys).sorted() {
            let page = try await world.store.activities(
                of: .person(marketingID: contact), integration: SimulatedWorld.integration, limit: Self.most)
            findings += complaints(of: contact, visits[contact] ?? [], page.activities)
            guard world.setting.mirrorsActivities else { continue }
            let keys = page.activities.map { "\(SimulatedWorld.integration):\(contact):\($0.activityID)" }
            known.formUnion(keys)
            // What the CRM refused may have been parked while the record was away.
            guard isLinked(contact), try await world.store.mirrorDepth(integration: SimulatedWorld.integration).parked == 0 else {
                continue
            }
            let missing = keys.count { copies[$0] == nil }
            if missing > 0 { findings.append("\(missing) of \(keys.count) activities of contact \(contact) are not in the CRM") }
        }
        findings += copies.filter { $0.value > 1 || !known.contains($0.key) }.keys.sorted().map { "\($0) is a copy too many" }
        return findings
    }

    private func complaints(of contact: String, _ visits: [Diary.Visit], _ kept: [StoredActivity]) -> [String] {
        func text(_ moment: Timestamp, _ url: String) -> String { "\(moment.iso8601) \(url)" }
        let due = Set(visits.map { text($0.moment, $0.url) }).sorted()
        let there = kept.map { text($0.occurredAt, $0.details[.url] ?? "") }
        var complaints: [String] = []
        if there.sorted() != due {
            complaints.append("contact \(contact) visited \(due), and recorded is \(there.sorted())")
        }
        if kept.map(\.occurredAt) != kept.map(\.occurredAt).sorted(by: >) {
            complaints.append("the activities of contact \(contact) are listed out of order: \(there)")
        }
        return complaints
    }

    private func isLinked(_ contact: String) -> Bool {
        (facts.links[contact] ?? [:]).contains { $0.key.isPerson && $0.value.state == .linked }
    }

    /// How many there are of each in the CRM.
    private func copies() async -> [String: Int] {
        let rows = await world.salesforce.records(SalesforceObject.marketingActivity.name)
        return rows.reduce(into: [:]) { $0[$1["Tandem_Id__c"]?.text ?? "", default: 0] += 1 }
    }
}
