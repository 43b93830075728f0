import ArgumentParser
import Contracts
import Playground
import Sandbox
import Store
import SyncCore

// What people get from marketing and do there, as their CRM records show it (ACT).

extension DemoStory {
    /// A campaign and what becomes of it; how many activities there were.
    func playCampaign(_ records: DemoRecords) async throws -> Int {
        let readers = try await linked(records.contacts)
        guard let hero = try await linked(records.calm).first ?? readers.first else { return 0 }
        let campaign = await marketing.addCampaign("Spring news", subject: "Spring is here")
        await screen.step(
            "a campaign goes to \(readers.count.grouped) contacts; some open it and click, one replies, visits the site and goes "
                + "through an automation")
        var told = 0
        for (index, reader) in readers.enumerated() where reader.marketingID != hero.marketingID {
            told += await tell(.sent, campaign, reader, minutesAgo: 120)
            if index.isMultiple(of: 3) { told += await tell(.opened, campaign, reader, minutesAgo: 90) }
            if index.isMultiple(of: 9) { told += await tell(.clicked(Self.offer), campaign, reader, minutesAgo: 89) }
        }
        try await world.settle(showProgress)
        told += try await follow(hero, campaign)

        let (kept, doubles) = (total("tandem_activities_recorded_total"), total("tandem_activities_duplicate_total"))
        await screen.line(
            "  \(kept.grouped) activities are recorded; \(doubles.grouped) came a second time, for the webhook "
                + "of replies is set up twice, and is recorded once")
        let arguments = [Playground.integration, "contact/\(hero.crmID)"]
        await show(
            "activities " + arguments.joined(separator: " "), try await ActivitiesCommand.parse(arguments).text(from: store))
        return told
    }

    /// Contacts of the CRM whom marketing knows.
    func linked(_ contacts: [String]) async throws -> [DemoPair] {
        let links = try await store.links(integration: Playground.integration, crmIDs: contacts, object: .contact)
        return contacts.compactMap { id in
            links[id].flatMap { $0.state == .linked ? DemoPair(crmID: id, marketingID: $0.marketingID) : nil }
        }
    }

    /// All that one person does.
    private func follow(_ person: DemoPair, _ campaign: String) async throws -> Int {
        await marketing.addHook(url: world.hookURL(), events: ["reply"])
        var told = await tell(.sent, campaign, person, minutesAgo: 120)
        told += await tell(.opened, campaign, person, minutesAgo: 45)
        told += await tell(.clicked(Self.offer), campaign, person, minutesAgo: 44)
        told += await tell(.replied("Please call me about twelve bikes."), campaign, person, minutesAgo: 5)
        let steps: [(Activity.Kind, [String: String])] = [
            (.pageVisited, ["url": "https://www.example.com/pricing"]), (.automationEntered, ["name": "Welcome series"]),
            (.eventTracked, ["name": "Test ride booked", "value": "Saturday"]),
            (.automationCompleted, ["name": "Welcome series"]),
        ]
        for (kind, words) in steps {
            let step = ActiveCampaignSandbox.AutomationStep.webhook(url: world.stepURL(kind, words))
            if await marketing.runAutomation(contact: person.marketingID, step: step) { told += 1 }
        }
        // A step has no time but that of its arrival: one after the other.
        try await world.settle(webhooksAtOnce: 1, showProgress)
        return told
    }

    private func tell(
        _ event: ActiveCampaignCampaignEvent, _ campaign: String, _ person: DemoPair, minutesAgo: Int64
    ) async -> Int {
        await marketing.tell(event, of: campaign, contact: person.marketingID, secondsAgo: minutesAgo * 60) ? 1 : 0
    }

    private func total(_ metric: String) -> Int { Int(world.cluster.metrics.total(of: metric)) }

    private static let offer = "https://www.example.com/spring-offer"
}

/// A contact of the CRM and the person it is linked with.
struct DemoPair: Sendable {
    var crmID: String
    var marketingID: String
}
