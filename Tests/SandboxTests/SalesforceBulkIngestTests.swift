import Sandbox
import Testing

@Suite("Salesforce emulator: bulk ingest jobs")
struct SalesforceBulkIngestTests {
    @Test("an upsert creates and changes under the org's own rules: empty leaves alone, #N/A clears, the flow runs")
    func upsert() async throws {
        let client = await SalesforceClient {
            $0.rules.automation = { $0.values["Title"] == nil ? ["Title": "Set by a flow"] : [:] }
        }
        let known = try #require(
            await client.sandbox.insert(
                "Contact", ["LastName": "B", "Tandem_Id__c": "k2", "Phone": "1", "Email": "b@acme.test", "Title": "T"]))
        client.clock.advance(seconds: 60)
        let job = await client.ingest(
            "upsert", key: "Tandem_Id__c",
            "Tandem_Id__c,LastName,Phone,Email,DoNotCall\nk1,A,5,a@acme.test,1\nK2,B2,#N/A,,FALSE\n")
        #expect(job?["state"] == "JobComplete" && job?["jobType"] == "V2Ingest")
        #expect(job?["numberRecordsProcessed"] == 2 && job?["numberRecordsFailed"] == 0)
        let rows = await client.rows("successfulResults", job)
        #expect(rows.map { $0["sf__Created"] } == ["true", "false"])
        #expect(rows.map { $0["Tandem_Id__c"] } == ["k1", "K2"])
        #expect(rows.last?["sf__Id"] == known)
        let created = await client.sandbox.record("Contact", id: rows.first?["sf__Id"] ?? "")
        #expect(created?["Title"] == "Set by a flow" && created?["DoNotCall"] == true)
        let changed = await client.sandbox.record("Contact", id: known)
        #expect(changed?["LastName"] == "B2" && changed?["Email"] == "b@acme.test")
        #expect((changed?["Phone"] ?? .null) == .null)
        #expect(changed?["SystemModstamp"] == created?["CreatedDate"] && changed?["SystemModstamp"] != changed?["CreatedDate"])
        let counters = await client.sandbox.counters()
        #expect(counters.rowsWritten == 2 && counters.rowsCreated == 1)
        #expect(await client.rows("failedResults", job).isEmpty)
        #expect(await client.rows("unprocessedrecords", job).isEmpty)
    }

    @Test("insert, update and delete; every row that fails says why")
    func operations() async throws {
        let client = await SalesforceClient()
        let inserted = await client.ingest(
            "insert",
            "LastName,Email,EmailBouncedDate\nA,a@acme.test,\n\"\",b@acme.test,\nC,nobody,\nD,,soon\n\"E, \"\"x\"\"\nF\",,\n")
        #expect(inserted?["numberRecordsProcessed"] == 5 && inserted?["numberRecordsFailed"] == 3)
        #expect(await client.sandbox.records("Contact").map { $0["LastName"] } == ["A", "E, \"x\"\nF"])
        let refused = await client.rows("failedResults", inserted)
        #expect(
            refused.map { $0["sf__Error"] } == [
                "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
                "INVALID_EMAIL_ADDRESS:Email: invalid email address: nobody:Email --",
                "INVALID_TYPE_ON_FIELD_IN_RECORD:Email Bounced Date: value not of required type: soon:EmailBouncedDate --",
            ])
        let id = try #require(await client.sandbox.records("Contact").first?["Id"]?.text)
        let updated = await client.ingest("update", "Id,LastName\n\(id.prefix(15)),Z\n003000000000000AAA,Y\n,X\nonly one cell\n")
        #expect(await client.rows("successfulResults", updated).map { $0["sf__Id"] } == [id])
        let failed = await client.rows("failedResults", updated)
        #expect(failed.map { $0["sf__Id"] } == ["", "", ""])
        #expect(failed.map { $0["sf__Error"]?.prefix { $0 != ":" } } == ["INVALID_INPUT", "MISSING_ARGUMENT", "NOT_FOUND"])
        let deleted = await client.ingest("delete", "Id\n\(id)\n\(id)\n")
        #expect(deleted?["numberRecordsFailed"] == 1)
        #expect(await client.rows("failedResults", deleted).first?["sf__Error"] == "ENTITY_IS_DELETED:entity is deleted:--")
        #expect(await client.sandbox.count("Contact") == 1)
    }

    @Test("results come in another order than the upload")
    func order() async {
        let client = await SalesforceClient()
        let names = (100..<150).map(String.init)
        let job = await client.ingest("insert", "LastName\n" + names.joined(separator: "\n"))
        let answer = await client.send("GET", "/jobs/ingest/\(job?["id"]?.text ?? "")/successfulResults")
        let told = answer.cells().dropFirst().compactMap(\.last)
        #expect(told != names && told.sorted() == names)
    }

    @Test("GEN-6 rows that share an external id are all refused, an id beside it as well")
    func repeated() async {
        let client = await SalesforceClient()
        let job = await client.ingest(
            "upsert", key: "Tandem_Id__c", "LastName,Tandem_Id__c,Id\nA,k,\nB,K,\nC,other,\nD,,\nE,e,003000000000000AAA\n")
        #expect(await client.rows("successfulResults", job).map { $0["LastName"] } == ["C"])
        let refused = await client.rows("failedResults", job).map { $0["sf__Error"] }
        #expect(
            refused == [
                "DUPLICATE_VALUE:Duplicate external id specified: k:Tandem_Id__c --",
                "DUPLICATE_VALUE:Duplicate external id specified: K:Tandem_Id__c --",
                "MISSING_ARGUMENT:Tandem_Id__c not specified:Tandem_Id__c --",
                "INVALID_FIELD:cannot specify both an external ID reference and a salesforce id:Id --",
            ])
    }

    @Test(
        "an upload that can not be read fails the job, and no row of it is processed",
        arguments: [
            ("LastName,Nope__c\nA,1\n", "InvalidBatch : Field name not found : Nope__c", 1),
            ("LastName,lastname\nA,1\n", "InvalidBatch : Field name duplicated : lastname", 1),
            ("LastName\nA\nB\n", "InvalidBatch : Field name not found : Id", 2),
            (
                "Id,LastName\r\n1,A\r\n",
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF", 1
            ),
            ("Id,LastName\n1,\"A", "InvalidBatch : A quoted field is not terminated", 1),
            ("", "InvalidBatch : Unable to read the header row", 0),
        ])
    func unreadable(csv: String, message: String, rows: Int) async {
        let client = await SalesforceClient()
        let job = await client.ingest("update", csv)
        #expect(job?["state"] == "Failed" && job?["errorMessage"]?.text == message)
        #expect(job?["numberRecordsProcessed"] == 0)
        for spelling in ["unprocessedrecords", "unprocessedRecords"] {
            let answer = await client.send("GET", "/jobs/ingest/\(job?["id"]?.text ?? "")/\(spelling)")
            #expect(answer.body.count { $0 == 0x0A } == (rows == 0 ? 0 : rows + 1))
        }
    }

    @Test("other delimiters and line endings, when the job says so")
    func formats() async {
        let client = await SalesforceClient()
        let id = await client.ingestJob(
            "insert", "LastName\tTitle\r\n\"A\tB\"\tone\r\nC\ttwo\r\n", ["columnDelimiter": "TAB", "lineEnding": "CRLF"])
        _ = await client.set("UploadComplete", "ingest", id)
        let answer = await client.send("GET", "/jobs/ingest/\(id)/successfulResults")
        #expect(await client.sandbox.records("Contact").map { $0["LastName"] } == ["A\tB", "C"])
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\r\n")
        #expect(lines.first == "\"sf__Id\"\t\"sf__Created\"\tLastName\tTitle" && lines.count == 3)
    }

    @Test("a job is open, waits, saves its rows while in progress and is complete, by the org's clock")
    func states() async {
        let client = await SalesforceClient { $0.bulk.latency = 60_000 }
        let created = await client.send("POST", "/jobs/ingest", ["object": "contact", "operation": "insert"])
        let id = created.json?["id"]?.text ?? ""
        #expect(created.status == 200 && created.json?["state"] == "Open" && created.json?["object"] == "Contact")
        #expect(created.json?["contentUrl"]?.text == "services/data/v62.0/jobs/ingest/\(id)/batches")
        #expect(await client.set("UploadComplete", "ingest", id).code() == "INVALIDJOBSTATE")
        #expect(await client.upload("LastName\nA\n", to: id, type: "application/json").status == 415)
        #expect(await client.upload("LastName\nA\n", to: id).status == 201)
        #expect(await client.upload("LastName\nB\n", to: id).code() == "INVALIDJOBSTATE")
        #expect(await client.send("DELETE", "/jobs/ingest/\(id)").code() == "INVALIDJOBSTATE")
        #expect(await client.set("UploadComplete", "ingest", id).json?["state"] == "UploadComplete")
        #expect(await client.set("UploadComplete", "ingest", id).code() == "INVALIDJOBSTATE")
        for (seconds, state, rows) in [(Int64(29), "UploadComplete", 0), (1, "InProgress", 1), (30, "JobComplete", 1)] {
            #expect(await client.send("GET", "/jobs/ingest/\(id)/successfulResults").code() == "INVALIDJOBSTATE")
            client.clock.advance(seconds: seconds)
            #expect(await client.job("ingest", id)?["state"]?.text == state)
            #expect(await client.sandbox.count("Contact") == rows)
        }
        #expect(await client.send("GET", "/jobs/ingest").json?["records"]?[0]?["id"]?.text == id)
        #expect(await client.send("DELETE", "/jobs/ingest/\(id)").status == 204)
        #expect(await client.send("GET", "/jobs/ingest/\(id)/successfulResults").status == 404)
    }

    @Test("an aborted job leaves its rows unprocessed, or saved when it had them")
    func aborted() async {
        let client = await SalesforceClient { $0.bulk.latency = 60_000 }
        let early = await client.ingestJob("insert", "LastName\nA\nB\n")
        _ = await client.set("UploadComplete", "ingest", early)
        #expect(await client.set("Aborted", "ingest", early).json?["state"] == "Aborted")
        let late = await client.ingestJob("insert", "LastName\nC\n")
        _ = await client.set("UploadComplete", "ingest", late)
        client.clock.advance(seconds: 30)
        #expect(await client.set("Aborted", "ingest", late).json?["numberRecordsProcessed"] == 1)
        #expect(await client.sandbox.records("Contact").map { $0["LastName"] } == ["C"])
        #expect(await client.rows("unprocessedrecords", ["id": .string(early)]).count == 2)
        #expect(await client.rows("successfulResults", ["id": .string(late)]).count == 1)
    }

    @Test("a request for a job that can not be is refused")
    func malformed() async {
        let client = await SalesforceClient { $0.bulk.mostUploadBytes = 20 }
        for body: SandboxValue in [
            [:], ["object": "Nothing", "operation": "insert"], ["object": "Contact", "operation": "merge"],
            ["object": "Contact", "operation": "upsert"],
            ["object": "Contact", "operation": "upsert", "externalIdFieldName": "Nope__c"],
            ["object": "Contact", "operation": "upsert", "externalIdFieldName": "Title"],
        ] {
            #expect(await client.send("POST", "/jobs/ingest", body).code() == "INVALIDJOB")
        }
        let hard = await client.send("POST", "/jobs/ingest", ["object": "Contact", "operation": "hardDelete"])
        #expect(hard.code() == "FEATURENOTENABLED")
        let id = await client.send("POST", "/jobs/ingest", ["object": "Contact", "operation": "insert"]).json?["id"]?.text ?? ""
        #expect(await client.upload(String(repeating: "x", count: 21), to: id).status == 413)
        #expect(await client.job("ingest", id)?["state"] == "Open")
    }

    @Test("faults: a job that fails in the middle keeps what it saved, a row somebody holds fails alone")
    func faults() async {
        let client = await SalesforceClient()
        await client.sandbox.play(
            FaultPlan(rules: [
                .init(.failJob(afterRows: 2), method: "PATCH", when: .calls([1])),
                .init(.lockRow(1), method: "PATCH", when: .calls([2])),
                .init(.loseJob, path: "*/successfulResults", when: .calls([3])),
            ]))
        let failed = await client.ingest("insert", "LastName\nA\nB\nC\n")
        #expect(failed?["state"] == "Failed" && failed?["numberRecordsProcessed"] == 2)
        #expect(failed?["errorMessage"]?.text?.hasPrefix("TooManyLockFailure") == true)
        #expect(await client.rows("successfulResults", failed).map { $0["LastName"] } == ["A", "B"])
        #expect(await client.rows("unprocessedrecords", failed).map { $0["LastName"] } == ["C"])
        let locked = await client.ingest("insert", "LastName\nD\nE\n")
        #expect(await client.rows("successfulResults", locked).map { $0["LastName"] } == ["D"])
        #expect(await client.rows("failedResults", locked).first?["sf__Error"]?.hasPrefix("UNABLE_TO_LOCK_ROW:") == true)
        let id = locked?["id"]?.text ?? ""
        #expect(await client.send("GET", "/jobs/ingest/\(id)/successfulResults").code() == "NOT_FOUND")
        #expect(await client.send("GET", "/jobs/ingest/\(id)").status == 404)
        #expect(await client.sandbox.count("Contact") == 3)
    }

    @Test("the job that would exceed the rows of a day fails at that row; the rest is unprocessed")
    func quota() async {
        let client = await SalesforceClient { $0.bulk.dailyRows = 3 }
        #expect(await client.ingest("insert", "LastName\nA\nB\n")?["state"] == "JobComplete")
        let job = await client.ingest("insert", "LastName\nC\nD\n")
        #expect(job?["state"] == "Failed" && job?["errorMessage"]?.text?.hasPrefix("ExceededQuota") == true)
        #expect(await client.rows("unprocessedrecords", job).map { $0["LastName"] } == ["D"])
        #expect(await client.sandbox.count("Contact") == 3)
    }
}
