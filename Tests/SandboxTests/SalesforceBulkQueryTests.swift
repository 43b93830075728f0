import Sandbox
import Testing

@Suite("Salesforce emulator: bulk query jobs")
struct SalesforceBulkQueryTests {
    /// An org with contacts named 0, 1, 2 …
    private func org(_ count: Int = 0, _ change: (inout SalesforceOptions) -> Void = { _ in }) async -> SalesforceClient {
        let client = await SalesforceClient(change)
        await client.sandbox.load("Contact", rows: (0..<count).map { ["LastName": .string(String($0))] })
        return client
    }

    @Test("a job waits, is worked on and complete by the org's clock; results come last, and it can be deleted then")
    func states() async {
        let client = await org(2) { $0.bulk.latency = 60_000 }
        let created = await client.send(
            "POST", "/jobs/query", ["operation": "query", "query": "SELECT Id FROM Contact"])
        #expect(created.status == 200)
        #expect(created.json?["state"] == "UploadComplete" && created.json?["object"] == "Contact")
        #expect(created.json?["apiVersion"] == 62.0 && created.json?["id"]?.text?.hasPrefix("750") == true)
        let id = created.json?["id"]?.text ?? ""
        for (seconds, state) in [(Int64(29), "UploadComplete"), (1, "InProgress"), (29, "InProgress")] {
            client.clock.advance(seconds: seconds)
            #expect(await client.job("query", id)?["state"]?.text == state)
            #expect(await client.send("GET", "/jobs/query/\(id)/results").code() == "INVALIDJOBSTATE")
            #expect(await client.send("DELETE", "/jobs/query/\(id)").code() == "INVALIDJOBSTATE")
        }
        client.clock.advance(seconds: 1)
        let done = await client.job("query", id)
        #expect(done?["state"] == "JobComplete" && done?["numberRecordsProcessed"] == 2 && done?["jobType"] == "V2Query")
        #expect(await client.results(id).count == 3)
        #expect(await client.set("Aborted", "query", id).code() == "INVALIDJOBSTATE")
        #expect(await client.send("DELETE", "/jobs/query/\(id)").status == 204)
        #expect(await client.send("GET", "/jobs/query/\(id)").status == 404)
    }

    @Test("cells: everything quoted, no value empty, times in Z, big numbers in scientific form, parents by path")
    func cells() async throws {
        let client = await org {
            $0.objects = [.contact.adding([.number("Score__c"), .plain("SeenAt__c", .datetime)]), .account]
        }
        let account = try #require(await client.sandbox.insert("Account", ["Name": "Say \"Acme\", Inc."]))
        await client.sandbox.insert(
            "Contact",
            [
                "LastName": "Lee", "Description": "one\ntwo", "Score__c": 912_000_000, "DoNotCall": true,
                "SeenAt__c": "2026-01-02T03:04:05Z", "AccountId": .string(account), "Birthdate": "2000-01-31",
            ])
        let soql =
            "SELECT lastname, Phone, Description, Score__c, DoNotCall, SeenAt__c, Birthdate, Account.Name FROM Contact"
        let job = await client.queryJob(soql)
        let answer = await client.send("GET", "/jobs/query/\(job)/results")
        #expect(answer.headers["content-type"]?.hasPrefix("text/csv") == true)
        #expect(
            String(decoding: answer.body, as: UTF8.self) == """
                "LastName","Phone","Description","Score__c","DoNotCall","SeenAt__c","Birthdate","Account.Name"
                "Lee","","one
                two","9.12E8","true","2026-01-02T03:04:05.000Z","2000-01-31","Say ""Acme"", Inc."

                """)
        let other = await client.queryJob(
            "SELECT LastName, Phone FROM Contact", ["columnDelimiter": "PIPE", "lineEnding": "CRLF"])
        let piped = await client.send("GET", "/jobs/query/\(other)/results")
        #expect(String(decoding: piped.body, as: UTF8.self) == "\"LastName\"|\"Phone\"\r\n\"Lee\"|\"\"\r\n")
    }

    @Test("RUN-3 pages follow the locator to the literal null, none larger than asked or allowed, each row once")
    func pages() async {
        let client = await org(7) { $0.bulk.mostRowsPerPage = 3 }
        let job = await client.queryJob("SELECT LastName FROM Contact")
        var names: [String] = []
        var sizes: [String] = []
        var locator = ""
        repeat {
            let page = await client.send("GET", "/jobs/query/\(job)/results", query: "maxRecords=5" + locator)
            #expect(page.cells().first == ["LastName"])
            names += page.cells().dropFirst().map { $0[0] }
            sizes.append(page.headers["sforce-numberofrecords"] ?? "")
            locator = "&locator=" + (page.headers["sforce-locator"] ?? "")
        } while locator != "&locator=null" && sizes.count < 9
        #expect(sizes == ["3", "3", "1"])
        #expect(names.sorted() == (0..<7).map(String.init))
        #expect(await client.results(job, query: "maxRecords=2").count == 3)
        for locator in ["null", "MTAwMDA", "x!"] {
            let answer = await client.send("GET", "/jobs/query/\(job)/results", query: "locator=" + locator)
            #expect(answer.code() == "INVALID_QUERY_LOCATOR")
        }
        #expect(await client.send("GET", "/jobs/query/\(job)/results", query: "maxRecords=0").status == 400)
    }

    @Test("rows come in no order that can be relied on, unless the query names one; no rows are a header alone")
    func order() async {
        let client = await org(50)
        let ids = await client.sandbox.records("Contact").compactMap { $0["Id"]?.text }
        let unordered = await client.results(await client.queryJob("SELECT Id FROM Contact")).dropFirst().map { $0[0] }
        #expect(unordered != ids && unordered.sorted() == ids)
        let ordered = await client.results(await client.queryJob("SELECT Id FROM Contact ORDER BY Id DESC LIMIT 3"))
        #expect(ordered.dropFirst().map { $0[0] } == Array(ids.reversed().prefix(3)))
        let none = await client.queryJob("SELECT Id FROM Contact WHERE LastName = 'nobody'")
        let answer = await client.send("GET", "/jobs/query/\(none)/results")
        #expect(answer.cells() == [["Id"]])
        #expect(answer.headers["sforce-locator"] == "null" && answer.headers["sforce-numberofrecords"] == "0")
    }

    @Test("results stay what they were when the job was created; queryAll has the deleted rows, too")
    func snapshot() async throws {
        let client = await org()
        let account = try #require(await client.sandbox.insert("Account", ["Name": "Old Inc."]))
        let id = try #require(await client.sandbox.insert("Contact", ["LastName": "Old", "AccountId": .string(account)]))
        let gone = try #require(await client.sandbox.insert("Contact", ["LastName": "Gone"]))
        await client.sandbox.delete("Contact", id: gone)
        let soql = "SELECT LastName, IsDeleted, Account.Name FROM Contact ORDER BY LastName"
        let job = await client.queryJob(soql)
        let all = await client.queryJob(soql, operation: "queryAll")
        await client.sandbox.edit("Contact", id: id, ["LastName": "New"])
        await client.sandbox.edit("Account", id: account, ["Name": "New Inc."])
        await client.sandbox.insert("Contact", ["LastName": "Later"])
        #expect(await client.results(job).dropFirst() == [["Old", "false", "Old Inc."]])
        #expect(await client.results(all).dropFirst() == [["Gone", "true", ""], ["Old", "false", "Old Inc."]])
    }

    @Test(
        "what the Bulk API refuses of SOQL",
        arguments: [
            ("SELECT COUNT() FROM Contact", "API_ERROR"), ("SELECT COUNT(Id) FROM Contact", "API_ERROR"),
            ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR"),
            ("SELECT Title FROM Contact GROUP BY Title", "API_ERROR"), ("SELECT Id FROM Contact LIMIT 5 OFFSET 0", "API_ERROR"),
            ("SELECT MailingAddress FROM Contact", "API_ERROR"), ("SELECT Id FROM Opportunity", "INVALIDENTITY"),
            ("SELECT Nope__c FROM Contact", "INVALID_FIELD"), ("SELECT Id FROM Nothing", "INVALID_TYPE"),
            ("SELECT Id FROM", "MALFORMED_QUERY"),
        ])
    func refused(soql: String, code: String) async {
        let client = await org { $0.bulk.unsupportedObjects = ["Opportunity"] }
        let answer = await client.send("POST", "/jobs/query", ["operation": "query", "query": .string(soql)])
        #expect(answer.status == 400 && answer.code() == code)
        #expect(await client.send("GET", "/jobs/query").json?["records"] == [])
    }

    @Test("a request for a job that says too little or too much is refused")
    func malformed() async {
        let client = await org()
        for body: SandboxValue in [
            [:], ["operation": "query"], ["operation": "explain", "query": "SELECT Id FROM Contact"],
            ["operation": "query", "query": "SELECT Id FROM Contact", "columnDelimiter": "SPACE"],
            ["operation": "query", "query": "SELECT Id FROM Contact", "lineEnding": "CR"],
            ["operation": "query", "query": "SELECT Id FROM Contact", "contentType": "JSON"],
        ] {
            #expect(await client.send("POST", "/jobs/query", body).code() == "INVALIDJOB")
        }
        let id = await client.queryJob("SELECT Id FROM Contact")
        #expect(await client.set("UploadComplete", "query", id).code() == "INVALIDJOBSTATE")
        #expect(await client.send("PUT", "/jobs/query/\(id)").status == 405)
        #expect(await client.send("GET", "/jobs/query/\(id)/nothing").status == 404)
    }

    @Test("only the version of the API that created a job serves it")
    func version() async {
        let client = await org(1)
        let job = await client.queryJob("SELECT Id FROM Contact")
        for path in ["/jobs/query/\(job)", "/jobs/query/\(job)/results"] {
            #expect(await client.send("GET", path, version: "v61.0").status == 409)
            #expect(await client.send("GET", path).status == 200)
        }
    }

    @Test("the quota of query jobs is the org's own and rolls over a day; jobs are kept for seven")
    func quota() async {
        let client = await org(1) { $0.bulk.dailyQueryJobs = 1 }
        let job = await client.queryJob("SELECT Id FROM Contact")
        let second = await client.send("POST", "/jobs/query", ["operation": "query", "query": "SELECT Id FROM Contact"])
        #expect(second.status == 400 && second.code() == "LIMIT_EXCEEDED")
        #expect(await client.send("GET", "/limits").json?["DailyBulkV2QueryJobs"]?["Remaining"] == 0)
        client.clock.advance(seconds: 7 * 86_400 - 1)
        let fresh = await SalesforceClient.token(client.sandbox, SalesforceClient.refresh())["access_token"]?.text
        #expect(await client.send("GET", "/jobs/query/\(job)/results", token: fresh).status == 200)
        #expect(
            await client.send("POST", "/jobs/query", ["operation": "query", "query": "SELECT Id FROM Contact"], token: fresh)
                .status == 200)
        client.clock.advance(seconds: 1)
        #expect(await client.send("GET", "/jobs/query/\(job)/results", token: fresh).status == 404)
        #expect(await client.send("GET", "/jobs/query/\(job)", token: fresh).status == 404)
    }

    @Test("an aborted job has no results; the list tells of all jobs")
    func aborted() async {
        let client = await org(1) { $0.bulk.latency = 1000 }
        let job = await client.queryJob("SELECT Id FROM Contact")
        #expect(await client.set("Aborted", "query", job).json?["state"] == "Aborted")
        client.clock.advance(seconds: 5)
        #expect(await client.send("GET", "/jobs/query/\(job)/results").code() == "INVALIDJOBSTATE")
        let other = await client.queryJob("SELECT Id FROM Contact")
        let list = await client.send("GET", "/jobs/query").json
        #expect(list?["done"] == true && list?["nextRecordsUrl"] == .null)
        #expect(list?["records"]?.array?.map { $0["id"]?.text } == [job, other])
        #expect(await client.send("GET", "/jobs/query", query: "queryLocator=\(job)").json?["records"]?.array?.count == 1)
        #expect(await client.send("DELETE", "/jobs/query/\(job)").status == 204)
    }

    @Test("IN-9 every request is an API call, within the daily limit as any other")
    func calls() async {
        let client = await org(1) { $0.dailyLimit = 3 }
        let job = await client.queryJob("SELECT Id FROM Contact")
        _ = await client.job("query", job)
        let page = await client.send("GET", "/jobs/query/\(job)/results")
        #expect(page.headers["sforce-limit-info"] == "api-usage=3/3")
        #expect(await client.send("GET", "/jobs/query/\(job)").code() == "REQUEST_LIMIT_EXCEEDED")
        let counters = await client.sandbox.counters()
        #expect(counters.apiCalls == 3 && counters.rowsRead == 1)
        #expect(counters.calls["GET /jobs/query/{id}/results"] == 1 && counters.calls["GET /jobs/query/{id}"] == 2)
    }

    @Test("faults: a job that fails in the middle, one that is gone before its time, a page that breaks off")
    func faults() async {
        let client = await org(4)
        await client.sandbox.play(FaultPlan(rules: [.init(.failJob(afterRows: 3), method: "POST", when: .calls([1]))]))
        let failing = await client.queryJob("SELECT Id FROM Contact")
        let failed = await client.job("query", failing)
        #expect(failed?["state"] == "Failed" && failed?["numberRecordsProcessed"] == 3)
        #expect(failed?["errorMessage"]?.text?.isEmpty == false)
        #expect(await client.send("GET", "/jobs/query/\(failing)/results").code() == "INVALIDJOBSTATE")
        let job = await client.queryJob("SELECT Id FROM Contact")
        await client.sandbox.play(
            FaultPlan(rules: [
                .init(.cut(afterBytes: 30), path: "*/results", when: .calls([1])),
                .init(.loseJob, path: "*/results", when: .calls([3])),
            ]))
        guard case .cut(let answer, afterBytes: 30) = await client.reply("GET", "/jobs/query/\(job)/results") else {
            Issue.record("the page came whole")
            return
        }
        #expect(answer.cells().count == 5)
        #expect(await client.results(job).count == 5)
        #expect(await client.send("GET", "/jobs/query/\(job)/results").code() == "NOT_FOUND")
        #expect(await client.send("GET", "/jobs/query/\(job)").code() == "NOT_FOUND")
    }

    @Test("no part of a composite call can be a job")
    func composite() async {
        let client = await org()
        let part: SandboxValue = [
            "method": "GET", "url": "/services/data/v62.0/jobs/query", "referenceId": "a",
        ]
        #expect(await client.send("POST", "/composite", ["compositeRequest": [part]]).status == 404)
    }
}
