import Sandbox
import Testing

@Suite("Salesforce emulator: the operators of SOQL")
struct SalesforceSOQLTests {
    /// Four contacts named 1 to 4; the fourth has no values.
    private func contacts() async -> SalesforceClient {
        let client = await SalesforceClient { options in
            options.objects = [
                .contact.adding([
                    .number("Score__c"), .plain("SeenAt__c", .datetime), .picklist("Topics__c", ["A", "B", "C"], multi: true),
                ]), .account,
            ]
        }
        await client.sandbox.load(
            "Contact",
            rows: [
                [
                    "LastName": "1", "Title": "Alpha", "Score__c": 1, "Birthdate": "2000-01-01", "DoNotCall": true,
                    "SeenAt__c": "2026-01-01T00:00:00Z", "Topics__c": "A;B",
                ],
                [
                    "LastName": "2", "Title": "beta", "Score__c": 2, "Birthdate": "2000-01-02",
                    "SeenAt__c": "2026-01-02T00:00:00Z", "Topics__c": "B",
                ],
                [
                    "LastName": "3", "Title": "100% ber_ry", "Score__c": 3, "Birthdate": "2000-01-03",
                    "SeenAt__c": "2026-01-03T00:00:00Z", "Topics__c": "C",
                ],
                ["LastName": "4"],
            ])
        return client
    }

    @Test("OUT-7 pages by id find every row once, in either direction, late and deleted ones where they belong")
    func pagesByID() async throws {
        let client = await SalesforceClient()
        await client.sandbox.load("Contact", rows: (0..<5).map { ["LastName": .string(String($0))] })
        let late = try #require(await client.sandbox.insertLate("Contact", ["LastName": "late"]))
        await client.sandbox.load("Contact", rows: (5..<9).map { ["LastName": .string(String($0))] })
        #expect(await client.sandbox.commit(late))
        let ids = await client.sandbox.records("Contact").compactMap { $0["Id"]?.text }
        #expect(ids.count == 10 && ids == ids.sorted() && ids[5] == late.id)
        await client.sandbox.delete("Contact", id: ids[3])
        func page(_ condition: String, _ order: String) async -> [String] {
            let answer = await client.query("SELECT Id FROM Contact WHERE \(condition) ORDER BY Id \(order)")
            return answer.json?["records"]?.array?.compactMap { $0["Id"]?.text } ?? []
        }
        #expect(await page("Id > '\(ids[1])'", "LIMIT 3") == [ids[2], ids[4], ids[5]])
        #expect(await page("Id > '\(ids[1].prefix(15))' AND LastName != '4'", "LIMIT 2") == [ids[2], ids[5]])
        #expect(await page("Id >= '\(ids[1])' AND Id < '\(ids[4])'", "") == [ids[1], ids[2]])
        #expect(await page("Id <= '\(ids[1])'", "DESC LIMIT 1") == [ids[1]])
        #expect(await page("Id < '\(ids[5])'", "DESC, LastName LIMIT 2 OFFSET 1") == [ids[2], ids[1]])
        #expect(await page("Id > '\(ids[4])' AND Id < '\(ids[4])'", "").isEmpty)
        #expect(await page("Id > '\(ids[9])'", "LIMIT \(Int.max)").isEmpty)
        #expect(await page("(Id > '\(ids[8])' OR LastName = '0')", "") == [ids[0], ids[9]])
        #expect(await page("Id > '\(ids[6])'", "LIMIT 0").isEmpty)
    }

    @Test(
        "every operator on every type; nulls are unequal, unordered and in no list",
        arguments: [
            ("Title = 'ALPHA'", "1"), ("Title != 'alpha'", "2 3 4"), ("Title < 'b'", "1 3"), ("Title <= 'BETA'", "1 2 3"),
            ("Title > 'alpha'", "2"), ("Title >= 'alpha'", "1 2"), ("Title IN ('alpha', 'BETA')", "1 2"),
            ("Title NOT IN ('alpha')", "2 3 4"), ("Title = null", "4"), ("Title != null", "1 2 3"), ("Title IN (null)", "4"),
            ("Title LIKE 'AL%'", "1"), ("Title LIKE '%t_'", "2"), (#"Title LIKE '%\%%'"#, "3"), (#"Title LIKE '%r\_r%'"#, "3"),
            (#"Title LIKE '%l\_h%'"#, ""), ("Title LIKE '%'", "1 2 3"), ("NOT (Title LIKE 'a%')", "2 3 4"),
            ("Score__c = 2", "2"), ("Score__c != 2", "1 3 4"), ("Score__c < 2", "1"), ("Score__c <= 2.0", "1 2"),
            ("Score__c > 2", "3"), ("Score__c >= 2e0", "2 3"), ("Score__c IN (1, 3)", "1 3"), ("Score__c NOT IN (1, 3)", "2 4"),
            ("Score__c = null", "4"), ("Score__c > -1", "1 2 3"), ("NOT Score__c > 1", "1 4"),
            ("Birthdate = 2000-01-02", "2"), ("Birthdate != 2000-01-02", "1 3 4"), ("Birthdate < 2000-01-02", "1"),
            ("Birthdate <= 2000-01-02", "1 2"), ("Birthdate > 2000-01-02", "3"), ("Birthdate >= 2000-01-02", "2 3"),
            ("Birthdate IN (2000-01-01)", "1"), ("SeenAt__c = 2026-01-02T01:00:00+01:00", "2"),
            ("SeenAt__c != 2026-01-02T00:00:00Z", "1 3 4"), ("SeenAt__c < 2026-01-02T00:00:00.000Z", "1"),
            ("SeenAt__c <= 2026-01-02T00:00:00Z", "1 2"), ("SeenAt__c > 2026-01-02T00:00:00Z", "3"),
            ("SeenAt__c >= 2026-01-02T00:00:00Z", "2 3"), ("DoNotCall = true", "1"), ("DoNotCall != true", "2 3 4"),
            ("DoNotCall = FALSE", "2 3 4"), ("Topics__c INCLUDES ('A')", "1"), ("Topics__c INCLUDES ('B;A')", "1"),
            ("Topics__c INCLUDES ('A', 'C')", "1 3"), ("Topics__c EXCLUDES ('B')", "3 4"), ("Topics__c = 'A;B'", "1"),
            ("(Score__c = 1 OR (Score__c = 2 AND Title = 'beta')) AND NOT (DoNotCall = true OR Title = null)", "2"),
            ("NOT (NOT Title = 'beta')", "2"), ("Score__c > 0 AND (Title = 'beta' OR Title = null)", "2"),
        ])
    func operators(condition: String, names: String) async {
        let client = await contacts()
        let answer = await client.query("SELECT LastName FROM Contact WHERE \(condition) ORDER BY LastName")
        let found = answer.json?["records"]?.array?.compactMap { $0["LastName"]?.text }.joined(separator: " ")
        #expect(found == names, "\(answer.json ?? .null)")
        let count = await client.query("SELECT COUNT() FROM Contact WHERE \(condition)").json?["totalSize"]
        #expect(count == .integer(Int64(names.split(separator: " ").count)))
    }

    @Test(
        "an operator or literal that does not fit the field's type is refused",
        arguments: [
            ("Score__c = '2'", "field 'Score__c' must be of type double and should not be enclosed in quotes"),
            ("Score__c IN (1, 'x')", "must be of type double"), ("Title = 2", "must be of type string and should be enclosed"),
            ("Birthdate > '2000-01-01'", "must be of type date and should not be"),
            ("Birthdate > 2000-01-01T00:00:00Z", "must be of type date"), ("SeenAt__c > 2000-01-01", "must be of type dateTime"),
            ("DoNotCall = 'true'", "must be of type boolean"), ("DoNotCall > true", "invalid operator on boolean field"),
            ("Score__c LIKE '1%'", "invalid operator on double field"), ("Id LIKE '003%'", "invalid operator on id field"),
            ("SeenAt__c LIKE '2%'", "invalid operator on datetime field"),
            ("Topics__c LIKE 'A%'", "invalid operator on multipicklist field"), ("Title INCLUDES ('A')", "includes or excludes"),
            ("Topics__c INCLUDES (null)", "must be of type string"), ("Owner.Name = 'x'", "understand relationship 'Owner'"),
            ("Account.Nope = 'x'", "No such column 'Nope' on entity 'Account'"),
        ])
    func types(condition: String, message: String) async {
        let client = await contacts()
        let answer = await client.query("SELECT Id FROM Contact WHERE " + condition)
        #expect(answer.status == 400)
        #expect(answer.code() == "INVALID_FIELD")
        #expect(answer.json?[0]?["message"]?.text?.contains(message) == true, "\(answer.json ?? .null)")
    }

    @Test(
        "what is not well formed is refused",
        arguments: [
            "Title LIKE 5", #"Title = '\%'"#, "Score__c = 0x10", "Score__c = nan", "Score__c = 1 2", "Title = ''' ", "Title =",
            "(Title = 'a'", "Title INCLUDES 'a'", "Title IN ()", #"Title = 'a\"#, #"Title LIKE '\uD800'"#,
            "A.B.C.D.E.F.G = 1", "Account..Name = 'x'",
        ])
    func malformed(condition: String) async {
        let client = await contacts()
        let answer = await client.query("SELECT Id FROM Contact WHERE " + condition)
        #expect(answer.status == 400)
        #expect(answer.code() == (condition.hasPrefix("Account") ? "INVALID_FIELD" : "MALFORMED_QUERY"))
    }

    @Test("MAP-4 a parent's field is selected, filtered and sorted by; without a parent it is null")
    func parents() async {
        let client = await contacts()
        let acme = await client.sandbox.insert("Account", ["Name": "Acme", "BillingCity": "Oslo"]) ?? ""
        let best = await client.sandbox.insert("Account", ["Name": "Best", "ParentId": .string(acme)]) ?? ""
        let ids = await client.sandbox.records("Contact").compactMap { $0["Id"]?.text }
        await client.sandbox.edit("Contact", id: ids[0], ["AccountId": .string(best)])
        await client.sandbox.edit("Contact", id: ids[1], ["AccountId": .string(acme)])
        func rows(_ rest: String) async -> [SandboxValue] {
            await client.query("SELECT LastName, Account.Name, account.parent.billingcity FROM Contact " + rest)
                .json?["records"]?.array ?? []
        }
        let all = await rows("ORDER BY Account.Name DESC NULLS LAST, LastName DESC")
        #expect(all.map { $0["LastName"]?.text } == ["1", "2", "4", "3"])
        #expect(all[0]["Account"]?["attributes"]?["url"]?.text == "/services/data/v62.0/sobjects/Account/\(best)")
        #expect(all[0]["Account"]?["Name"] == "Best")
        #expect(all[0]["Account"]?["Parent"]?["BillingCity"] == "Oslo")
        #expect(all[1]["Account"]?["Parent"] == .null)
        #expect(all[2]["Account"] == .null)
        #expect(await rows("WHERE Account.Name = 'ACME'").count == 1)
        #expect(await rows("WHERE Account.Name = null").count == 2)
        #expect(await rows("WHERE Contact.Account.Parent.Name LIKE 'ac%'").count == 1)
        let twice = await client.query("SELECT Account.Name, account.name FROM Contact")
        #expect(twice.code() == "MALFORMED_QUERY")
    }

    @Test("OUT-7 keyset pages over one stamp lose and repeat nothing, in one call a page")
    func keyset() async {
        let client = await SalesforceClient()
        let rows = (0..<450).map { ["LastName": SandboxValue.string("P\($0)")] }
        let ids = await client.sandbox.load("Contact", rows: rows)
        #expect(ids.count == 450)
        #expect(Set(await client.sandbox.records("Contact").map { $0["SystemModstamp"] }).count == 1)
        var seen: [String] = []
        var cursor = ""
        while true {
            let stamp = "2026-09-21T14:13:20Z"
            let after = cursor.isEmpty ? "" : "AND (SystemModstamp > \(stamp) OR Id > '\(cursor)')"
            let page =
                await client.query(
                    "SELECT Id FROM Contact WHERE SystemModstamp >= \(stamp) \(after) ORDER BY SystemModstamp ASC, Id ASC LIMIT 200"
                ).json?["records"]?.array?.compactMap { $0["Id"]?.text } ?? []
            guard let last = page.last else { break }
            seen += page
            cursor = last
        }
        #expect(seen == ids.sorted())
        #expect(await client.sandbox.counters().queries == ["Contact": 4])
    }

    @Test("queryAll has the deleted, also as a part of a composite call and on further pages")
    func deleted() async {
        let client = await SalesforceClient()
        let ids = await client.sandbox.load("Lead", rows: (0..<250).map { ["LastName": .string("L\($0)"), "Company": "C"] })
        #expect(await client.sandbox.merge("Lead", winner: ids[0], loser: ids[1]))
        let soql = SalesforceClient.encoded("SELECT Id, IsDeleted, MasterRecordId FROM Lead ORDER BY Id DESC")
        let headers = ["sforce-query-options": "batchSize=200"]
        let part: SandboxValue = [
            "method": "GET", "url": .string("/services/data/v62.0/queryAll?q=" + soql), "referenceId": "changes",
        ]
        let answer = await client.send("POST", "/composite", ["compositeRequest": [part]], headers: headers).json
        let first = answer?["compositeResponse"]?[0]?["body"]
        #expect(first?["totalSize"] == 250)
        #expect(first?["records"]?.array?.count == 200)
        await client.sandbox.delete("Lead", id: ids[5])
        let next = first?["nextRecordsUrl"]?.text ?? ""
        #expect(next.hasPrefix("/services/data/v62.0/query/0r8"))
        let second = await client.send("GET", String(next.dropFirst("/services/data/v62.0".count)), headers: headers).json
        #expect(second?["done"] == true)
        let rest = second?["records"]?.array ?? []
        #expect(rest.count == 50)
        #expect(rest.first { $0["Id"]?.text == ids[1] }?["MasterRecordId"]?.text == ids[0])
        #expect(rest.first { $0["Id"]?.text == ids[5] }?["IsDeleted"] == true)
        #expect(await client.query("SELECT COUNT() FROM Lead").json?["totalSize"] == 248)
        let counters = await client.sandbox.counters()
        #expect(counters.parts["GET /queryAll"] == 1)
        #expect(counters.queries == ["Lead": 3])
    }
}
