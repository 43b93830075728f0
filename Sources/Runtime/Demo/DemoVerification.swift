import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore

/// Compares the two vendors field by field, from their own data, and asks the store to explain each difference.
struct DemoVerification {
    let world: DemoWorld
    /// How many activities marketing told of, however often.
    let activities: Int

    func compare() async throws -> DemoTally {
        let sides = try await DemoSides(of: world)
        let profile = Profile(name: sides.settings.profile)
        var tally = DemoTally()
        for object in CRMObject.people {
            for link in sides.links[object] ?? [] where link.state != .ended {
                PersonComparison(sides: sides, profile: profile, link: link).compare(&tally)
            }
        }
        for link in sides.links[.account] ?? [] where link.state != .ended { compareAccount(link, sides, &tally) }
        compareOpportunities(sides, &tally)
        lookForStrangers(sides, &tally)
        try await countActivities(&tally)
        return tally
    }

    /// ACT-4: each that was told of is kept once.
    private func countActivities(_ tally: inout DemoTally) async throws {
        tally.activities = try await world.cluster.store.activityCounts(integration: Playground.integration).values.reduce(0, +)
        guard tally.activities != activities else { return }
        tally.unexplained.append("\(tally.activities) activities are kept, \(activities) happened")
    }

    private func compareAccount(_ link: Link, _ sides: DemoSides, _ tally: inout DemoTally) {
        tally.accounts += 1
        guard let company = sides.companies[link.marketingID], let record = link.crmID.flatMap({ sides.records[.account]?[$0] })
        else { return tally.unexplained.append("account \(link.marketingID) is linked and missing on a side") }
        for mapping in sides.settings.mappings(of: .account) {
            let text = mapping.marketing == "name" ? company.name : company.url
            let isEqual = sides.areEqual(text, record[mapping.crm], mapping, .account)
            tally.add(isEqual, "account \(link.marketingID).\(mapping.marketing)")
        }
    }

    /// MAP-5: every opportunity has its four fields and its person in marketing.
    private func compareOpportunities(_ sides: DemoSides, _ tally: inout DemoTally) {
        let people = Dictionary(
            (sides.links[.contact] ?? []).filter { $0.state != .ended }.compactMap { link in
                link.crmID.map { ($0, link.marketingID) }
            },
            uniquingKeysWith: { $1 })
        for (id, record) in sides.records[.opportunity] ?? [:] {
            guard let person = record["ContactId"]?.text.flatMap({ people[$0] }) else {
                tally.explained["opportunities of nobody who syncs", default: 0] += 1
                continue
            }
            guard let copy = sides.opportunities[id] else {
                tally.unexplained.append("opportunity \(id) is not in ActiveCampaign")
                continue
            }
            tally.opportunities += 1
            for (field, key) in [("Name", "name"), ("StageName", "stage"), ("CloseDate", "close-date")] {
                tally.add(copy.fields[key]?.text == record[field]?.text, "opportunity \(id).\(field)")
            }
            let amount = copy.fields["amount"]?.looseText.flatMap(Double.init)
            tally.add(amount == record["Amount"]?.double, "opportunity \(id).Amount")
            tally.add(copy.relationships["primary-contact"] == [person], "the person of opportunity \(id)")
        }
        for id in Set(sides.opportunities.keys).subtracting((sides.records[.opportunity] ?? [:]).keys) {
            tally.unexplained.append("opportunity \(id) is in ActiveCampaign only")
        }
    }

    /// Nothing exists twice, and whatever exists without a link is there for a reason.
    private func lookForStrangers(_ sides: DemoSides, _ tally: inout DemoTally) {
        for object in CRMObject.people {
            let live = (sides.links[object] ?? []).filter { $0.state != .ended }.compactMap(\.crmID)
            for (id, links) in Dictionary(grouping: live, by: { $0 }) where links.count > 1 {
                tally.unexplained.append("\(object) \(id) is linked \(links.count) times")
            }
            for (id, record) in sides.records[object] ?? [:] where !live.contains(id) {
                let excuse = record["IsConverted"] == true ? "converted" : sides.excuses["\(object.rawValue)/\(id)"]
                if let reason = excuse ?? (isSelected(record, object) ? nil : "not selected") {
                    tally.onlyInCRM[reason, default: 0] += 1
                } else {
                    tally.unexplained.append("\(object) \(id) exists in Salesforce only")
                }
            }
        }
        let links = Dictionary(grouping: CRMObject.people.flatMap { sides.links[$0] ?? [] }, by: \.marketingID)
        for id in sides.people.keys where !(links[id] ?? []).contains(where: { $0.state != .ended }) {
            tally.people += 1
            let ended = links[id]?.compactMap { $0.endedBy?.rawValue }.max().map { "link ended: \($0)" }
            if let reason = ended ?? sides.excuses["marketing/\(id)"] {
                tally.onlyInMarketing[reason, default: 0] += 1
            } else {
                tally.unexplained.append("contact \(id) exists in ActiveCampaign only")
            }
        }
    }

    /// As the demo's settings have it: contacts from the web, and every lead.
    private func isSelected(_ record: [String: SandboxValue], _ object: CRMObject) -> Bool {
        object == .lead || record["LeadSource"] == "Web"
    }
}

/// One person and the record they are linked with.
private struct PersonComparison {
    let sides: DemoSides
    let profile: Profile
    let link: Link

    private var name: String { "contact \(link.marketingID) and \(link.object) \(link.crmID ?? "")" }
    private var excuse: String? {
        sides.excuses["marketing/\(link.marketingID)"] ?? sides.excuses["\(link.object.rawValue)/\(link.crmID ?? "")"]
    }

    func compare(_ tally: inout DemoTally) {
        tally.people += 1
        guard let person = sides.people[link.marketingID], let record = link.crmID.flatMap({ sides.records[link.object]?[$0] })
        else { return tally.unexplained.append("\(name) are linked, and one is missing") }
        for mapping in sides.settings.mappings(of: link.object) {
            let isEqual = sides.areEqual(sides.value(mapping.marketing, of: person), record[mapping.crm], mapping, link.object)
            tally.add(isEqual, "\(name): \(mapping.crm) differs", excuse: excuse(for: mapping))
        }
        tally.add(
            record["Tandem_Id__c"]?.text == link.externalID && record[Playground.statusField]?.text == profile.syncedStatus,
            "\(name): the record does not show that it is in step", excuse: excuse)
        tally.add(hasRightTags(person), "\(name): tags \(person.tags)", excuse: excuse)
        if link.object == .contact, let account = record["AccountId"]?.text {
            let isRelated = sides.records[.account]?[account]?["Name"]?.text == person.account
            tally.add(isRelated, "\(name): the account", excuse: excuse ?? link.relation?.error.map { "relation: \($0.code)" })
        }
    }

    private func excuse(for mapping: FieldMapping) -> String? {
        if link.trails[mapping.crm]?.isFrozen == true { return "frozen, for it kept bouncing" }
        return excuse
    }

    /// OUT-4, IN-4: one of the profile's tags, and after a conversion the one that says so.
    private func hasRightTags(_ person: ActiveCampaignSandbox.Person) -> Bool {
        let wasConverted = (sides.links[.lead] ?? []).contains { $0.marketingID == link.marketingID && $0.endedBy == .converted }
        guard wasConverted else { return profile.isOpen(to: person.tags) }
        let given = CRMObject.people.compactMap { profile.createdFromTag(for: $0) }
        return person.tags.contains(profile.convertedTag) && !person.tags.contains { given.contains($0) }
    }
}

/// What a comparison found.
struct DemoTally {
    var people = 0
    var accounts = 0
    var opportunities = 0
    /// How many are kept.
    var activities = 0
    var equal = 0
    /// How many values differ, by the reason.
    var explained: [String: Int] = [:]
    /// How many people one side has alone, by the reason.
    var onlyInCRM: [String: Int] = [:]
    var onlyInMarketing: [String: Int] = [:]
    var unexplained: [String] = []

    var isProven: Bool { unexplained.isEmpty }

    mutating func add(_ isEqual: Bool, _ what: String, excuse: String? = nil) {
        if isEqual {
            equal += 1
        } else if let excuse {
            explained[excuse, default: 0] += 1
        } else {
            unexplained.append(what)
        }
    }

    var lines: [String] {
        let differing = explained.values.reduce(0, +)
        let compared = equal + differing + unexplained.count
        var lines = [
            "",
            "Compared \(compared.grouped) values of \(people.grouped) people, \(accounts.grouped) accounts and "
                + "\(opportunities.grouped) opportunities on both sides:",
            "  \(equal.grouped) equal, \(differing.grouped) differ with an explanation, \(unexplained.count.grouped) unexplained",
            "  \(activities.grouped) activities are kept",
        ]
        for (title, reasons) in [
            ("differs", explained), ("only in Salesforce", onlyInCRM), ("only in ActiveCampaign", onlyInMarketing),
        ]
        where !reasons.isEmpty {
            let words = reasons.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.grouped)" }
            lines.append("  \(title): " + words.joined(separator: " · "))
        }
        lines += unexplained.sorted().prefix(10).map { "  UNEXPLAINED: \($0)" }
        lines.append(isProven ? "Proven: every difference is explained." : "FAILED: there are unexplained differences.")
        return lines
    }
}
