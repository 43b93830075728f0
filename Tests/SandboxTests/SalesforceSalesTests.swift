import Sandbox
import Testing

@Suite("Salesforce emulator: accounts, opportunities, conversions and merges")
struct SalesforceSalesTests {
    @Test("MAP-4 accounts are created in collections and in composite calls, and described")
    func accounts() async {
        let client = await SalesforceClient()
        let accounts = SalesforceClient.collection(
            "Account",
            [
                ["Name": "Acme", "AnnualRevenue": 12.4, "Industry": "Energy", "BillingCity": "Oslo"], ["Phone": "1"],
                ["Name": "Best", "NumberOfEmployees": 7],
            ])
        let made = await client.send("POST", "/composite/sobjects", accounts).json
        #expect(made?[0]?["id"]?.text?.hasPrefix("001") == true)
        #expect(made?[1]?["errors"]?[0]?["statusCode"] == "REQUIRED_FIELD_MISSING")
        let part: SandboxValue = [
            "method": "POST", "url": "/services/data/v62.0/composite/sobjects", "referenceId": "accounts", "body": accounts,
        ]
        let composite = await client.send("POST", "/composite", ["compositeRequest": [part]]).json
        #expect(composite?["compositeResponse"]?[0]?["body"]?[2]?["success"] == true)
        let found = await client.query(
            "SELECT AnnualRevenue FROM Account WHERE BillingCity = 'oslo' AND NumberOfEmployees = null")
        #expect(found.json?["records"]?.array?.compactMap { $0["AnnualRevenue"]?.double } == [12, 12])
        let fields = await client.send("GET", "/sobjects/Account/describe").json?["fields"]?.array ?? []
        #expect(fields.first { $0["name"] == "Name" }?["nillable"] == false)
        #expect(fields.first { $0["name"] == "ParentId" }?["relationshipName"] == "Parent")
        #expect(!fields.contains { $0["custom"] == true })
    }

    @Test(
        "a reference has to lead to a record of the right kind",
        arguments: [("Contact", "FIELD_INTEGRITY_EXCEPTION"), ("Account", "INVALID_CROSS_REFERENCE_KEY")])
    func references(object: String, code: String) async {
        let client = await SalesforceClient()
        let name = object == "Account" ? "Name" : "LastName"
        let id = await client.sandbox.insert(object, [name: "Gone"]) ?? ""
        await client.sandbox.delete(object, id: id)
        #expect(await client.create([["LastName": "B", "AccountId": .string(id)]]).code() == code)
    }

    @Test("MAP-5 an opportunity's stage says whether it is closed and won")
    func stages() async throws {
        let client = await SalesforceClient()
        let made = await client.send(
            "POST", "/sobjects/Opportunity",
            ["Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 1234.565])
        let id = try #require(made.json?["id"]?.text)
        let row = "/sobjects/Opportunity/\(id)"
        let open = await client.send("GET", row).json
        #expect(open?["Amount"] == 1234.57)
        #expect(open?["IsClosed"] == false)
        #expect(open?["Probability"] == 10)
        #expect(await client.send("PATCH", row, ["StageName": "Closed Won"]).status == 204)
        let won = await client.send("GET", row).json
        #expect(won?["IsWon"] == true)
        #expect(won?["Probability"] == 100)
        #expect(await client.send("PATCH", row, ["IsClosed": false]).code() == "INVALID_FIELD_FOR_INSERT_UPDATE")
        #expect(await client.send("POST", "/sobjects/Opportunity", ["Name": "Deal"]).code() == "REQUIRED_FIELD_MISSING")
    }

    @Test("MAP-5 an opportunity has one primary contact, made with it or by a role")
    func roles() async throws {
        let client = await SalesforceClient()
        let people = await client.sandbox.load("Contact", rows: [["LastName": "A"], ["LastName": "B"]])
        let deal = try #require(
            await client.sandbox.insert(
                "Opportunity",
                ["Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31", "ContactId": .string(people[0])]))
        func primary() async -> [String?] {
            await client.query(
                "SELECT ContactId FROM OpportunityContactRole WHERE IsPrimary = true AND OpportunityId = '\(deal)'"
            )
            .json?["records"]?.array?.map { $0["ContactId"]?.text } ?? []
        }
        #expect(await primary() == [people[0]])
        let role: SandboxValue = ["OpportunityId": .string(deal), "ContactId": .string(people[1]), "IsPrimary": true]
        #expect(await client.send("POST", "/sobjects/OpportunityContactRole", role).status == 201)
        #expect(await primary() == [people[1]])
        let read = await client.query("SELECT ContactId FROM Opportunity WHERE Id = '\(deal)'").json
        #expect(read?["records"]?[0]?["ContactId"]?.text == people[1])
        let change = await client.send("PATCH", "/sobjects/Opportunity/\(deal)", ["ContactId": .string(people[0])])
        #expect(change.code() == "INVALID_FIELD_FOR_INSERT_UPDATE")
        #expect(await client.query("SELECT Contact.Name FROM Opportunity").code() == "INVALID_FIELD")
    }

    // MARK: Conversion

    private func lead(_ client: SalesforceClient, company: String = "Acme") async -> String {
        await client.sandbox.insert(
            "Lead",
            [
                "LastName": "Lee", "FirstName": "Ann", "Company": .string(company), "Email": "ann@acme.test", "Phone": "1",
                "City": "Oslo", "Tandem_Id__c": "ann",
            ]) ?? ""
    }

    @Test("OUT-5 conversion makes a contact and an account, or takes the account of exactly that name")
    func conversion() async throws {
        let client = await SalesforceClient()
        let known = try #require(await client.sandbox.insert("Account", ["Name": "Acme"]))
        let (first, second) = (
            await lead(client), await client.sandbox.insert("Lead", ["LastName": "B", "Company": "ACME"]) ?? ""
        )
        client.clock.advance(seconds: 60)
        let contact = try #require(await client.sandbox.convertLead(first, opportunity: "Deal"))
        let person = await client.sandbox.record("Contact", id: contact)
        #expect(person?["MailingCity"] == "Oslo")
        #expect(person?["AccountId"]?.text == known)
        #expect(person?["Tandem_Id__c"] == nil)
        let converted = await client.sandbox.record("Lead", id: first)
        #expect(converted?["ConvertedAccountId"]?.text == known)
        #expect(converted?["ConvertedDate"] == "2026-09-21")
        let deal = try #require(converted?["ConvertedOpportunityId"]?.text)
        #expect(await client.sandbox.record("Opportunity", id: deal)?["ContactId"]?.text == contact)
        let stamp: SandboxValue = "2026-09-21T14:14:20.000+0000"
        for row in [converted, person, await client.sandbox.record("Account", id: known)] {
            #expect(row?["SystemModstamp"] == stamp)
        }
        #expect(await client.sandbox.convertLead(first) == nil)
        await client.sandbox.convertLead(second)
        #expect(await client.sandbox.records("Account").compactMap { $0["Name"]?.text } == ["Acme", "ACME"])
    }

    @Test("OUT-5 conversion into a contact that exists fills its blanks and leaves the rest")
    func conversionIntoContact() async throws {
        let client = await SalesforceClient()
        let account = try #require(await client.sandbox.insert("Account", ["Name": "Other"]))
        let contact = try #require(
            await client.sandbox.insert("Contact", ["LastName": "Leigh", "Phone": "9", "AccountId": .string(account)]))
        let lead = await lead(client)
        #expect(await client.sandbox.convertLead(lead, into: String(contact.prefix(15))) == contact)
        let person = await client.sandbox.record("Contact", id: contact)
        #expect(person?["LastName"] == "Leigh")
        #expect(person?["Phone"] == "9")
        #expect(person?["Email"] == "ann@acme.test")
        #expect(await client.sandbox.record("Lead", id: lead)?["ConvertedAccountId"]?.text == account)
        #expect(await client.sandbox.count("Account") == 1)
        #expect(await client.sandbox.count("Contact") == 1)
    }

    @Test("a conversion that a rule refuses changes nothing")
    func refusedConversion() async throws {
        let client = await SalesforceClient { options in
            options.rules.validation = { $0.object == "Opportunity" ? .init("No deals today") : nil }
        }
        let lead = await lead(client)
        #expect(await client.sandbox.convertLead(lead, opportunity: "Deal") == nil)
        #expect(await client.sandbox.convertLead(lead, into: "0035e0000000001AAA") == nil)
        #expect(await client.sandbox.record("Lead", id: lead)?["IsConverted"] == false)
        #expect(await client.sandbox.count("Contact") == 0)
        #expect(await client.sandbox.count("Account") == 0)
    }

    // MARK: Merging and undeleting

    @Test("OUT-8 a merge deletes the loser, names its master, and hands over what referred to it")
    func merge() async throws {
        let client = await SalesforceClient()
        let accounts = await client.sandbox.load("Account", rows: [["Name": "Acme"], ["Name": "Acme Inc"]])
        let person = try #require(
            await client.sandbox.insert("Contact", ["LastName": "A", "AccountId": .string(accounts[1])]))
        client.clock.advance(seconds: 5)
        #expect(await client.sandbox.merge("Account", winner: accounts[0], loser: accounts[1], taking: ["Phone": "1"]))
        let all = await client.send("GET", "/queryAll", query: "q=SELECT+Id,IsDeleted,MasterRecordId,Phone+FROM+Account").json
        #expect(all?["records"]?[0]?["Phone"] == "1")
        #expect(all?["records"]?[1]?["IsDeleted"] == true)
        #expect(all?["records"]?[1]?["MasterRecordId"]?.text == accounts[0])
        let moved = await client.sandbox.record("Contact", id: person)
        #expect(moved?["AccountId"]?.text == accounts[0])
        #expect(moved?["SystemModstamp"] == "2026-09-21T14:13:25.000+0000")
        #expect(await !client.sandbox.merge("Account", winner: accounts[0], loser: accounts[1]))
    }

    @Test("OUT-8 the winner may take the loser's unique key; a refused merge changes nothing")
    func mergeKeys() async throws {
        let client = await SalesforceClient()
        let rows: [[String: SandboxValue]] = [["LastName": "A"], ["LastName": "B", "Tandem_Id__c": "k"]]
        let ids = await client.sandbox.load("Contact", rows: rows)
        #expect(await !client.sandbox.merge("Contact", winner: ids[0], loser: ids[1], taking: ["LastName": ""]))
        #expect(await client.sandbox.count("Contact") == 2)
        #expect(await client.sandbox.merge("Contact", winner: ids[0], loser: ids[1], taking: ["Tandem_Id__c": "k"]))
        #expect(await client.sandbox.records("Contact").map { $0["Tandem_Id__c"] } == ["k"])
        #expect(await !client.sandbox.undelete("Contact", id: ids[1]))
    }

    @Test("OUT-8 an undeleted record is back, with a new stamp")
    func undelete() async throws {
        let client = await SalesforceClient()
        let id = try #require(await client.sandbox.insert("Contact", ["LastName": "A", "Email": "a@acme.test"]))
        #expect(await !client.sandbox.undelete("Contact", id: id))
        await client.sandbox.delete("Contact", id: id)
        client.clock.advance(seconds: 5)
        #expect(await client.sandbox.undelete("Contact", id: id))
        let found = await client.query("SELECT SystemModstamp FROM Contact WHERE Email = 'a@acme.test'").json?["records"]?[0]
        #expect(found?["SystemModstamp"] == "2026-09-21T14:13:25.000+0000")
    }

    // MARK: The org's flows

    @Test("OUT-1 the flow marks what people save, new records where it is set up so, and nothing that Tandem writes")
    func flow() async throws {
        for marksNew in [false, true] {
            let client = await SalesforceClient { options in
                options.rules.syncStatusField = "Tandem_Sync_Status__c"
                options.rules.marksNewRecords = marksNew
            }
            let own = await client.create([["LastName": "A"]]).json?[0]?["id"]?.text ?? ""
            let theirs = try #require(await client.sandbox.insert("Contact", ["LastName": "B"]))
            let account = try #require(await client.sandbox.insert("Account", ["Name": "C"]))
            let mark: SandboxValue? = "Waiting for next sync"
            let newMark = marksNew ? mark : .none
            #expect(await client.sandbox.record("Contact", id: own)?["Tandem_Sync_Status__c"] == nil)
            #expect(await client.sandbox.record("Contact", id: theirs)?["Tandem_Sync_Status__c"] == newMark)
            #expect(await client.sandbox.record("Account", id: account)?["Tandem_Sync_Status__c"] == nil)
            let edit = try #require(await client.sandbox.editLate("Contact", id: own, ["Phone": "1"]))
            await client.sandbox.commit(edit)
            #expect(await client.sandbox.record("Contact", id: own)?["Tandem_Sync_Status__c"] == mark)
        }
    }

    @Test(
        "GEN-5 the tidying automation rewrites what has just been written, once",
        arguments: [
            ("LastName", "o'BRIEN smith", "O'Brien Smith"), ("FirstName", "Ann", "Ann"),
            ("Phone", "555-010-0100", "(555) 010-0100"),
            ("MobilePhone", "+1 555 010 0100", "(555) 010-0100"), ("Phone", "(555) 010-0100", "(555) 010-0100"),
            ("Phone", "+47 22 33 44", "+47 22 33 44"), ("Fax", "2555 010 0100", "2555 010 0100"),
        ])
    func tidying(field: String, written: String, kept: String) async {
        let client = await SalesforceClient { $0.rules.automation = SalesforceRules.tidyingAutomation }
        var values: [String: SandboxValue] = ["LastName": "Lee"]
        values[field] = .string(written)
        #expect(await client.create([values]).json?[0]?["success"] == true)
        let record = await client.sandbox.records("Contact").first
        #expect(record?[field]?.text == kept)
        let editor = written == kept ? SalesforceUser.integration : SalesforceUser.person
        #expect(record?["LastModifiedById"]?.text == editor)
    }
}
