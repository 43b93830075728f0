import Sandbox
import Testing

@Suite("Salesforce emulator: SOQL, composite and describe")
struct QueryTests {
    private func people() async -> SalesforceClient {
        let client = await SalesforceClient()
        for (index, name) in ["O'Brien", "Zoë", "a\\b", "Doe", "doe"].enumerated() {
            await client.sandbox.insert(
                "Contact", ["LastName": .string(name), "Email": .string("p\(index)@acme.test"), "DoNotCall": .bool(index > 2)])
            client.clock.advance(seconds: 1)
        }
        return client
    }

    @Test(
        "conditions",
        arguments: [
            (#"LastName = 'O\'Brien'"#, 1), (#"LastName = 'a\\b'"#, 1), ("LastName = 'DOE'", 2), ("LastName != 'DOE'", 3),
            ("Email IN ('P1@acme.test', 'p2@acme.test', 'none@x.y')", 2), ("Email NOT IN ('p1@acme.test')", 4),
            ("Phone = null", 5), ("Phone != null", 0), ("DoNotCall = true AND LastName = 'doe'", 2),
            ("LastName = 'Zoë' OR (DoNotCall = true AND Email = 'p4@acme.test')", 2), ("NOT LastName = 'doe'", 3),
            ("LastName LIKE '%o%'", 4), ("LastName LIKE 'd_e'", 2), ("CreatedDate >= 2026-09-21T14:13:22Z", 3),
            ("CreatedDate < 2026-09-21T09:13:22-05:00", 2), ("Email > 'p2@acme.test'", 2), ("Birthdate = 2000-01-01", 0),
        ])
    func conditions(condition: String, count: Int) async {
        let client = await people()
        let answer = await client.query("SELECT Id FROM Contact WHERE " + condition)
        #expect(answer.json?["records"]?.array?.count == count, "\(answer.json ?? .null)")
    }

    @Test(
        "what is not SOQL, or names what is not there, is refused",
        arguments: [
            ("SELECT Id FROM Contact WHERE LastName = 'a' AND Phone = 'b' OR Email = 'c'", "MALFORMED_QUERY"),
            (#"SELECT Id FROM Contact WHERE LastName = 'a\x'"#, "MALFORMED_QUERY"), ("SELECT FROM Contact", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact WHERE LastName = 'a", "MALFORMED_QUERY"), ("SELECT Id, id FROM Contact", "MALFORMED_QUERY"),
            ("SELECT Id FROM Contact LIMIT x", "MALFORMED_QUERY"), ("SELECT Id FROM Contact; DROP", "MALFORMED_QUERY"),
            ("SELECT Nope FROM Contact", "INVALID_FIELD"), ("SELECT Id FROM Contact WHERE Nope = 1", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE LastName = 5", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE DoNotCall = 'x'", "INVALID_FIELD"),
            ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"), ("SELECT Id FROM Nothing", "INVALID_TYPE"),
            ("SELECT Id FROM Contact WHERE Id = '1'", "INVALID_QUERY_FILTER_OPERATOR"),
            ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ])
    func refusals(soql: String, code: String) async {
        let client = await people()
        let answer = await client.query(soql)
        #expect(answer.status == 400)
        #expect(answer.code() == code)
    }

    @Test("bottomless nesting is refused instead of overflowing the stack", arguments: ["(", "NOT "])
    func nesting(opening: String) async {
        let client = await SalesforceClient()
        let soql = "SELECT Id FROM Contact WHERE " + String(repeating: opening, count: 1000) + "Phone = null"
        #expect(await client.query(soql).code() == "QUERY_TOO_COMPLICATED")
    }

    @Test("order, limit and offset; deleted rows only in queryAll; COUNT() has no rows")
    func order() async {
        let client = await people()
        let answer = await client.query("select lastname from contact order by LastName desc, CreatedDate desc limit 2 offset 1")
            .json
        #expect(answer?["records"]?.array?.compactMap { $0["LastName"]?.text } == ["O'Brien", "doe"])
        let id = await client.query("SELECT Id FROM Contact LIMIT 1").json?["records"]?[0]?["Id"]?.text ?? ""
        await client.sandbox.delete("Contact", id: id)
        #expect(await client.query("SELECT COUNT() FROM Contact").json?["totalSize"] == 4)
        let all = await client.send("GET", "/queryAll", query: "q=SELECT+Id+FROM+Contact+WHERE+IsDeleted=true").json
        #expect(all?["records"]?[0]?["Id"]?.text == id)
    }

    @Test("pages follow nextRecordsUrl, each one a call, and a locator dies after two days")
    func paging() async {
        let client = await SalesforceClient { $0.tokenLifetime = 3 * 86_400_000 }
        for number in 0..<450 { await client.sandbox.insert("Contact", ["LastName": .string("P\(number)")]) }
        let headers = ["sforce-query-options": "batchSize=200"]
        var page = await client.send("GET", "/query", query: "q=SELECT+LastName+FROM+Contact", headers: headers).json
        #expect(page?["totalSize"] == 450)
        var names = page?["records"]?.array?.compactMap { $0["LastName"]?.text } ?? []
        let second = page?["nextRecordsUrl"]?.text ?? ""
        while let next = page?["nextRecordsUrl"]?.text {
            page = await client.send("GET", String(next.dropFirst("/services/data/v62.0".count)), headers: headers).json
            names += page?["records"]?.array?.compactMap { $0["LastName"]?.text } ?? []
        }
        #expect(Set(names).count == 450)
        #expect(await client.sandbox.counters().apiCalls == 3)
        let again = String(second.dropFirst("/services/data/v62.0".count))
        client.clock.advance(seconds: 2 * 86_400 - 1)
        #expect(await client.send("GET", again).status == 200)
        client.clock.advance(seconds: 1)
        #expect(await client.send("GET", again).code() == "INVALID_QUERY_LOCATOR")
    }

    @Test("a composite call is one API call, its parts stand alone, at most five are heavy")
    func composite() async {
        let client = await people()
        func part(_ method: String, _ path: String, _ reference: String, _ body: SandboxValue = .null) -> SandboxValue {
            [
                "method": .string(method), "url": .string("/services/data/v62.0" + path), "referenceId": .string(reference),
                "body": body,
            ]
        }
        let query = "/query?q=" + SalesforceClient.encoded("SELECT Id FROM Contact WHERE LastName = 'O\\'Brien'")
        let answer = await client.send(
            "POST", "/composite",
            [
                "compositeRequest": [
                    part("GET", query, "q"), part("GET", "/query?q=SELECT+Nope+FROM+Lead", "bad"),
                    part(
                        "PATCH", "/composite/sobjects/Lead/Tandem_Id__c", "up",
                        SalesforceClient.collection(
                            "Lead", [["Tandem_Id__c": "1", "LastName": "L", "Company": "C"], ["Tandem_Id__c": "2"]])),
                ]
            ])
        let parts = answer.json?["compositeResponse"]
        #expect(parts?[0]?["body"]?["totalSize"] == 1)
        #expect(parts?[1]?["httpStatusCode"] == 400)
        #expect(parts?[1]?["body"]?[0]?["errorCode"] == "INVALID_FIELD")
        #expect(parts?[2]?["body"]?[0]?["created"] == true)
        #expect(parts?[2]?["body"]?[1]?["errors"]?[0]?["statusCode"] == "REQUIRED_FIELD_MISSING")
        #expect(answer.headers["sforce-limit-info"] == "api-usage=1/100000")
        let counters = await client.sandbox.counters()
        #expect(counters.calls["POST /composite"] == 1)
        #expect(counters.parts["PATCH /composite/sobjects/{object}/{field}"] == 1)
        #expect(counters.rowsCreated == 1)
        let six = SandboxValue.array((0..<6).map { part("GET", "/query?q=SELECT+Id+FROM+Lead", "q\($0)") })
        #expect(await client.send("POST", "/composite", ["compositeRequest": six]).status == 400)
        let many = SandboxValue.array((0..<26).map { part("GET", "/limits", "q\($0)") })
        #expect(await client.send("POST", "/composite", ["compositeRequest": many]).status == 400)
    }

    @Test("IN-9 the header counts every call; at the quota 403, and calls are free again a day later")
    func quota() async {
        let client = await SalesforceClient { options in
            options.dailyLimit = 2
            options.tokenLifetime = 3 * 86_400_000
        }
        #expect(await client.send("GET", "/limits").headers["sforce-limit-info"] == "api-usage=1/2")
        #expect(await client.send("GET", "/limits").json?["DailyApiRequests"]?["Remaining"] == 0)
        let refused = await client.send("GET", "/limits")
        #expect(refused.status == 403)
        #expect(refused.code() == "REQUEST_LIMIT_EXCEEDED")
        #expect(refused.headers["sforce-limit-info"] == "api-usage=2/2")
        client.clock.advance(seconds: 86_400)
        #expect(await client.send("GET", "/limits").status == 200)
    }

    @Test("describe tells types, lengths and duties; a hidden field is as good as gone")
    func describe() async {
        let client = await SalesforceClient()
        func field(_ name: String, _ object: String = "Contact") async -> SandboxValue? {
            await client.send("GET", "/sobjects/\(object)/describe").json?["fields"]?.array?.first { $0["name"]?.text == name }
        }
        let last = await field("LastName")
        #expect(last?["nillable"] == false)
        #expect(last?["length"] == 80)
        #expect(last?["byteLength"] == 240)
        let status = await field("Status", "Lead")
        #expect(status?["defaultedOnCreate"] == true)
        #expect(await field("Tandem_Id__c")?["unique"] == true)
        #expect(await field("Birthdate")?["type"] == "date")
        await client.sandbox.define(.number("AnnualIncome__c", .currency, precision: 12, scale: 2), on: "Contact")
        #expect(await field("AnnualIncome__c")?["type"] == "currency")
        #expect(await client.create([["LastName": "A", "AnnualIncome__c": 10.005]]).json?[0]?["success"] == true)
        #expect(await client.sandbox.records("Contact").first?["AnnualIncome__c"] == 10.01)
        await client.sandbox.hide("Email", on: "Contact")
        #expect(await field("Email") == nil)
        #expect(await client.query("SELECT Email FROM Contact").code() == "INVALID_FIELD")
        #expect(await client.create([["LastName": "A", "Email": "a@b.test"]]).code() == "INVALID_FIELD")
    }

    @Test("OUT-7 updated and deleted go by whole minutes and tell how far they reach")
    func replication() async {
        let client = await people()
        let id = await client.sandbox.records("Contact")[0]["Id"]?.text ?? ""
        client.clock.advance(seconds: 60)
        await client.sandbox.delete("Contact", id: id)
        client.clock.advance(seconds: 120)
        let window = "start=2026-09-21T14:13:00Z&end=2026-09-21T14:16:00%2B00:00"
        let updated = await client.send("GET", "/sobjects/Contact/updated", query: window).json
        #expect(updated?["ids"]?.array?.count == 4)
        #expect(updated?["latestDateCovered"] == "2026-09-21T14:16:00.000+0000")
        let deleted = await client.send("GET", "/sobjects/Contact/deleted", query: window).json
        #expect(deleted?["deletedRecords"]?[0]?["id"]?.text == id)
        let short = "start=2026-09-21T14:16:10Z&end=2026-09-21T14:16:50Z"
        #expect(await client.send("GET", "/sobjects/Contact/updated", query: short).code() == "INVALID_REPLICATION_DATE")
    }
}
