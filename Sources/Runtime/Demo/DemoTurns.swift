import Sandbox
import Store
import SyncCore

// The later chapters: what happens to whole records, and a value that never comes to rest.

extension DemoStory {
    /// Conversions, merges, deletions, opportunities and accounts.
    func reorganise(_ records: DemoRecords) async throws {
        var counts = DemoCounts()
        for (index, id) in records.leads.enumerated() where index % 20 == 5 {
            let deal = index % 40 == 5 ? "First order \(index)" : nil
            if await salesforce.convertLead(id, opportunity: deal) != nil { counts.converted += 1 }
        }
        for index in records.contacts.indices where index % 40 == 7 {
            // Both are known to marketing, or only the one that goes.
            let winner = index % 80 == 7 ? records.contacts[index - 1] : records.others.dropFirst(index / 80).first
            guard let winner else { continue }
            if await salesforce.merge("Contact", winner: winner, loser: records.contacts[index]) { counts.merged += 1 }
        }
        for (index, id) in records.contacts.enumerated() where index % 40 == 11 {
            if await salesforce.delete("Contact", id: id) { counts.deleted += 1 }
        }
        for (index, id) in records.contacts.enumerated() where index % 10 == 2 {
            if await insertOpportunity(index, contact: id) { counts.opportunities += 1 }
        }
        await editAccounts()
        await screen.step(
            "in Salesforce \(counts.converted.grouped) leads are converted, \(counts.merged.grouped) contacts merged, "
                + "\(counts.deleted.grouped) deleted, \(counts.opportunities.grouped) opportunities opened; accounts change on "
                + "both sides")
        try await world.settle(showProgress)
        let published = try await world.poll(showProgress)
        await screen.line("  the poll found \(published.grouped) records to deliver")
    }

    private func insertOpportunity(_ index: Int, contact: String) async -> Bool {
        let account = await salesforce.record("Contact", id: contact)?["AccountId"] ?? .null
        let opportunity: [String: SandboxValue] = [
            "Name": .string("Order \(index)"), "StageName": index % 20 == 2 ? "Prospecting" : "Closed Won",
            "CloseDate": "2031-03-31", "Amount": .number(1250.5 + Double(index)), "ContactId": .string(contact),
            "AccountId": account,
        ]
        return await salesforce.insert("Opportunity", opportunity) != nil
    }

    private func editAccounts() async {
        for (index, account) in await salesforce.records("Account").prefix(2).enumerated() {
            guard let id = account["Id"]?.text, let name = account["Name"]?.text else { continue }
            if index == 0 {
                await salesforce.edit("Account", id: id, ["Website": "https://www.example.com/moved"])
            } else if let other = await marketing.accounts().first(where: { $0.value.name == name }) {
                await marketing.editAccount(other.key) { $0.url = "https://www.example.com/new" }
            }
        }
    }

    /// An automation on either side writes one phone number its own way: a loop, were it not noticed.
    func quarrel() async throws {
        await screen.step("one contact's phone number is rewritten by an automation of either vendor after each write")
        var values = DemoPeople.contested.crmValues
        values["LeadSource"] = "Web"
        await salesforce.insert("Contact", values)
        var published: [Int] = []
        while published.count < Self.mostPolls, published.suffix(2) != [0, 0] {
            // One after the other: the write's own webhook and the automation's bear the same second.
            published.append(try await world.poll(webhooksAtOnce: 1, showProgress))
        }
        await screen.line("  records found poll by poll: " + published.map(\.grouped).joined(separator: ", "))
        let before = (crm: await salesforce.counters(), account: await marketing.counters())
        _ = try await world.poll(showProgress)
        let after = (crm: await salesforce.counters(), account: await marketing.counters())
        await screen.line(
            "  both sides are at rest: one more poll costs \(after.crm.apiCalls - before.crm.apiCalls) Salesforce calls for 4 "
                + "objects and \(after.account.apiCalls - before.account.apiCalls) ActiveCampaign requests")
    }

    private static let mostPolls = 20
}

/// What was done in Salesforce.
private struct DemoCounts {
    var converted = 0
    var merged = 0
    var deleted = 0
    var opportunities = 0
}
