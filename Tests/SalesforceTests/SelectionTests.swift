import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Salesforce

@Suite("Selections, previews and states of Salesforce records")
struct SelectionTests {
    private static let waiting = "Waiting for next sync"

    private static func selected(_ object: CRMObject, _ selection: Selection, since: Timestamp) -> CRMFeedRequest {
        CRMFeedRequest(object: object, scope: .selected(selection, since: since), fields: [])
    }

    /// Leads: an old one, one of each kind of selection, one that Tandem made, one deleted and one converted.
    private struct Leads {
        let org = EmulatedOrg()
        var since = Timestamp.distantPast
        var ids: [String: String] = [:]

        init() async throws {
            await add("old")
            await org.clock.advance(by: .seconds(60))
            since = org.clock.now()
            await add("new")
            await add("marked", ["Tandem_Sync_Status__c": .string(SelectionTests.waiting)])
            await add("web", ["LeadSource": "Web"])
            await add("ours", ["Tandem_Id__c": "acme:1", "Tandem_Sync_Status__c": "Synced successfully"])
            let hot: [String: SandboxValue] = ["LeadSource": "Web", "Tandem_Sync_Status__c": .string(SelectionTests.waiting)]
            await add("deleted", hot)
            await add("converted", hot)
            await org.sandbox.delete("Lead", id: try #require(ids["deleted"]))
            try #require(await org.sandbox.convertLead(try #require(ids["converted"])) != nil)
        }

        private mutating func add(_ name: String, _ values: [String: SandboxValue] = [:]) async {
            ids[name] = await org.sandbox.insert("Lead", SandboxValue.person(name, values))
        }

        func names(_ records: [CRMRecord]) -> Set<String> {
            Set(records.compactMap { record in ids.first { $0.value == record.id }?.key })
        }
    }

    @Test(
        "OUT-1 a first poll has what is selected and what carries our ID; deleted and converted leads are not selected",
        arguments: [
            (Selection.none, Set()), (.newFromNowOn, ["new", "marked", "web"]), (.marked, ["marked"]),
            (.criteria(.rule(FieldRule(field: "LeadSource", .equals, ["WEB"]))), ["web"]),
        ] as [(Selection, Set<String>)])
    func selections(selection: Selection, expected: Set<String>) async throws {
        let leads = try await Leads()
        let crm = try leads.org.crm()
        let page = try await crm.page(Self.selected(.lead, selection, since: leads.since))
        #expect(leads.names(page.records) == expected.union(["ours"]))
        let cost = try await leads.org.cost {
            // It is new as well.
            let matching = selection == .newFromNowOn ? expected.union(["ours"]) : expected
            let preview = try await crm.preview(selection, of: .lead, since: leads.since, fields: ["LastName"], sample: 2)
            #expect(preview.count == matching.count)
            #expect(preview.sample.count == min(2, preview.count))
            #expect(leads.names(preview.sample).isSubset(of: matching))
            #expect(preview.sample.allSatisfy { $0.values["LastName"] != nil })
        }
        #expect(cost == (selection == .none ? 0 : 1))
    }

    @Test("OUT-1 a first poll pages by id and meets every record once")
    func keyset() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let ids = await org.sandbox.load("Contact", rows: (0..<4500).map { SandboxValue.contact("C\($0)") })
        _ = try await crm.describe(.contact)
        let cost = try await org.cost {
            let pages = try await crm.pages(Self.selected(.contact, .newFromNowOn, since: .init(seconds: 0))) { _ in
                await org.clock.advance(by: .seconds(1))
                await org.sandbox.edit("Contact", id: ids[0], ["LastName": "New"])
            }
            #expect(pages.joined().map(\.id) == ids.sorted())
        }
        #expect(cost == 3)
    }

    @Test("RUN-4 a full pass meets every living record once, with an email or not, and knows before how many there are")
    func everything() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        var ids = await org.sandbox.load(
            "Contact", rows: (0..<2500).map { SandboxValue.contact("C\($0)", $0 == 7 ? [:] : ["Email": .string("c\($0)@b.c")]) })
        await org.sandbox.delete("Contact", id: ids.remove(at: 3))
        _ = try await crm.describe(.contact)
        let cost = try await org.cost {
            let pages = try await crm.pages(CRMFeedRequest(object: .contact, scope: .all, fields: []))
            #expect(pages.joined().map(\.id) == ids.sorted())
            let request = CRMExportRequest(object: .contact, scope: .all, fields: [])
            #expect(try await crm.count(request) == ids.count)
        }
        #expect(cost == 3)
        let nobody = CRMExportRequest(object: .account, scope: .selected(.none, since: org.clock.now()), fields: [])
        #expect(try await crm.count(nobody) == 0)
    }

    @Test("MAP-4, MAP-5 a first poll has all opportunities and no account by itself")
    func related() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        await org.sandbox.insert("Account", ["Name": "Acme"])
        let opportunity = try #require(
            await org.sandbox.insert(
                "Opportunity", ["Name": "Deal", "StageName": "Prospecting", "CloseDate": "2027-02-01", "Amount": 12.5]))
        var request = Self.selected(.opportunity, .none, since: .init(seconds: 0))
        request.fields = ["Name", "Amount", "StageName", "CloseDate"]
        let records = try await crm.page(request).records
        #expect(records.map(\.id) == [opportunity])
        #expect(records.first?.values["CloseDate"] == .date(CalendarDate(year: 2027, month: 2, day: 1)))
        _ = try await crm.describe(.account)
        let cost = try await org.cost {
            let page = try await crm.page(Self.selected(.account, .none, since: .init(seconds: 0)))
            #expect(page.records.isEmpty && page.next == nil)
        }
        #expect(cost == 0)
    }

    @Test("A batch of all four objects is re-read in one call, deleted records included")
    func states() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let account = try #require(await org.sandbox.insert("Account", ["Name": "Acme"]))
        let contact = try #require(
            await org.sandbox.insert("Contact", SandboxValue.contact("Lee", ["AccountId": .string(account)])))
        let gone = try #require(await org.sandbox.insert("Lead", SandboxValue.person("Gone")))
        await org.sandbox.delete("Lead", id: gone)
        let opportunity = try #require(
            await org.sandbox.insert(
                "Opportunity",
                ["Name": "Deal", "StageName": "Prospecting", "CloseDate": "2027-02-01", "AccountId": .string(account)]))
        for object in CRMObject.allCases { _ = try await crm.describe(object) }
        // An id of 15 characters, one that nothing has, and one that cannot be any.
        let short = String(contact.prefix(15))
        let cost = try await org.cost {
            let result = try await crm.states(
                of: [
                    .contact: [contact, short, "003000000000000AAA", "x'y"], .lead: [gone], .account: [account],
                    .opportunity: [opportunity],
                ],
                fields: [.contact: ["LastName", CRMRecord.accountNameField], .account: ["Name"], .opportunity: ["Name"]])
            #expect(result.failures.isEmpty)
            #expect(result.byID[.contact].map { Set($0.keys) } == [contact, short])
            #expect(result.byID[.contact]?[short]?.values == ["LastName": .text("Lee"), "Account.Name": .text("Acme")])
            #expect(result.byID[.contact]?[contact]?.accountID == account)
            #expect(result.byID[.lead]?[gone]?.isDeleted == true)
            #expect(result.byID[.account]?[account]?.stamp == org.clock.now())
            #expect(result.byID[.opportunity]?[opportunity]?.accountID == account)
        }
        #expect(cost == 1)
    }

    @Test("What one object cannot be read for is its own failure")
    func contained() async throws {
        let org = EmulatedOrg()
        let lead = try #require(await org.sandbox.insert("Lead", SandboxValue.person("Lee")))
        let contact = try #require(await org.sandbox.insert("Contact", SandboxValue.contact("Lee")))
        let result = try await org.crm().states(
            of: [.lead: [lead], .contact: [contact]], fields: [.contact: ["Nothing__c"], .lead: ["LastName"]])
        #expect(result.failures[.contact]?.fields == ["Nothing__c"])
        #expect(result.byID[.lead]?[lead] != nil && result.byID[.contact] == nil)
    }

    @Test("MAP-5 an opportunity is about its primary contact, else about its first")
    func opportunityContacts() async throws {
        let org = EmulatedOrg()
        var contacts: [SandboxValue] = []
        for name in ["A", "B", "C"] {
            contacts.append(.string(try #require(await org.sandbox.insert("Contact", SandboxValue.contact(name)))))
        }
        var ids: [String] = []
        for name in ["Primary", "First", "None"] {
            ids.append(
                try #require(
                    await org.sandbox.insert(
                        "Opportunity", ["Name": .string(name), "StageName": "Prospecting", "CloseDate": "2027-02-01"])))
        }
        let roles = [(0, 0, false), (0, 1, true), (1, 2, false), (1, 0, false)]
        for (opportunity, contact, isPrimary) in roles {
            let role: [String: SandboxValue] = [
                "OpportunityId": .string(ids[opportunity]), "ContactId": contacts[contact], "IsPrimary": .bool(isPrimary),
            ]
            try #require(await org.sandbox.insert("OpportunityContactRole", role) != nil)
        }
        let crm = try org.crm()
        try await crm.probe()
        let cost = try await org.cost {
            let found = try await crm.contacts(ofOpportunities: ids + ["x'y"])
            #expect(found == [ids[0]: contacts[1].text, ids[1]: contacts[2].text].compactMapValues(\.self))
        }
        #expect(cost == 1)
        #expect(try await crm.contacts(ofOpportunities: []).isEmpty)
    }
}
