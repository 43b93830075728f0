import Contracts
import Foundation
import Playground
import Sandbox
import Store
import SyncCore

/// The demo's people who were in Salesforce first, by record id.
struct DemoRecords: Sendable {
    var contacts: [String] = []
    var leads: [String] = []
    /// Contacts that the selection leaves out.
    var others: [String] = []

    /// Contacts that edits, merges, deletions and opportunities pass by.
    var calm: [String] {
        contacts.enumerated().filter { $0.offset % 25 > 12 && [3, 4].contains($0.offset % 10) }.map(\.element)
    }
}

// MARK: From marketing

extension DemoStory {
    /// People of the marketing account whom an automation sends to Salesforce; their ids.
    func sendToSalesforce(_ people: [DemoPerson]) async throws -> [String] {
        let fields = fields
        await marketing.importContacts(
            people.map { person in
                ActiveCampaignSandbox.Person(
                    email: person.email, firstName: person.firstName, lastName: person.lastName, phone: person.phone,
                    account: person.company,
                    fields: [
                        fields.income: person.income, fields.birthDate: person.birthDate, fields.occupation: person.occupation,
                    ])
            })
        await marketing.addHook(url: world.hookURL(), events: Playground.hookEvents)
        let ids = await marketing.people().keys.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        let known = await insertKnown(people)
        await screen.step(
            "\(ids.count.grouped) people are in ActiveCampaign, \(known.grouped) of them in Salesforce too; an automation sends "
                + "them, half as contacts, half as leads")
        for (index, id) in ids.enumerated() {
            let action: AutomationAction.Action = index.isMultiple(of: 2) ? .createContact : .createLead
            await marketing.runAutomation(contact: id, step: .webhook(url: world.hookURL(action)))
        }
        try await world.settle(showProgress)
        return ids
    }

    /// Some are in Salesforce already: they are linked by their email, not created a second time.
    private func insertKnown(_ people: [DemoPerson]) async -> Int {
        var known = 0
        for (index, person) in people.enumerated() where (8...9).contains(index % 100) && !person.email.isEmpty {
            var values: [String: SandboxValue] = ["LastName": .string(person.lastName), "Email": .string(person.email)]
            if !index.isMultiple(of: 2) { values["Company"] = "Known before" }
            if await salesforce.insert(index.isMultiple(of: 2) ? "Contact" : "Lead", values) != nil { known += 1 }
        }
        return known
    }
}

// MARK: From the CRM

extension DemoStory {
    /// People of the CRM whom a run or the poll finds and marketing gets to know; their records.
    func sendToMarketing(_ people: [DemoPerson]) async throws -> DemoRecords {
        let accounts = await insertAccounts()
        let numbered = Array(people.enumerated())
        let first = await insert(numbered.prefix(people.count / 2), accounts)
        await screen.step(
            "\((people.count / 2).grouped) people are in Salesforce; an initial run takes those selected: contacts from the web "
                + "and new leads, not \(first.others.count.grouped) other contacts")
        let run = try await world.run(.initial, showProgress)
        await show("run initial \(Playground.integration)", line(run))

        let later = await insert(numbered.dropFirst(people.count / 2), accounts)
        await screen.step("\((people.count - people.count / 2).grouped) more come to Salesforce; then the scheduled poll")
        let published = try await world.poll(showProgress)
        let imports = await marketing.counters().calls["POST /import/bulk_import", default: 0]
        await screen.line(
            "  the poll found \(published.grouped) records to deliver; \(imports.grouped) bulk imports created the people, with "
                + "tags and custom fields")
        return DemoRecords(
            contacts: first.contacts + later.contacts, leads: first.leads + later.leads, others: first.others + later.others)
    }

    /// The ids of an account for each company.
    private func insertAccounts() async -> [String] {
        var accounts: [String] = []
        for company in Set(self.people.map(\.company)).sorted() where !company.isEmpty {
            let account: [String: SandboxValue] = [
                "Name": .string(company), "Website": .string("https://www.example.com/\(accounts.count)"),
            ]
            if let id = await salesforce.insert("Account", account) { accounts.append(id) }
        }
        return accounts
    }

    private func insert(
        _ people: ArraySlice<EnumeratedSequence<[DemoPerson]>.Element>, _ accounts: [String]
    ) async -> DemoRecords {
        var rows: [DemoRecords.Kind: [[String: SandboxValue]]] = [:]
        for (index, person) in people {
            let kind: DemoRecords.Kind = index % 4 == 3 ? .lead : index % 10 == 5 ? .other : .contact
            var values = person.crmValues
            // One without an email address does not sync (GEN-2).
            if index % 50 == 6 { values["Email"] = nil }
            switch kind {
            case .contact: values["LeadSource"] = "Web"
            case .other: values["LeadSource"] = "Other"
            case .lead: values["Company"] = .string(person.company.isEmpty ? "Self-employed" : person.company)
            }
            if kind != .lead, !accounts.isEmpty { values["AccountId"] = .string(accounts[index % accounts.count]) }
            rows[kind, default: []].append(values)
        }
        // Loaded in one go: more records of one stamp than a page holds.
        return DemoRecords(
            contacts: await salesforce.load("Contact", rows: rows[.contact] ?? []),
            leads: await salesforce.load("Lead", rows: rows[.lead] ?? []),
            others: await salesforce.load("Contact", rows: rows[.other] ?? []))
    }
}

extension DemoRecords {
    fileprivate enum Kind { case contact, lead, other }
}

extension DemoPerson {
    /// As a CRM holds a person: what is not a number or a day is left out.
    var crmValues: [String: SandboxValue] {
        var values: [String: SandboxValue] = [
            "FirstName": .string(firstName), "LastName": .string(lastName), "Email": .string(email), "Phone": .string(phone),
            "Occupation__c": .string(occupation),
        ]
        if case .number(let income)? = try? convert(.string(income), to: .currency(precision: 18, scale: 2)),
            let number = Double(income.description)
        {
            values["AnnualIncome__c"] = .number(number)
        }
        if case .date(let day)? = try? convert(.string(birthDate), to: .date, hints: ConversionHints(dateOrder: .monthDayYear)) {
            values["BirthDate__c"] = .string(day.description)
        }
        return values.filter { $0.value != .string("") }
    }
}
