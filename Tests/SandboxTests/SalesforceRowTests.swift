import Sandbox
import Testing

@Suite("Salesforce emulator: rows and collections")
struct SalesforceRowTests {
    @Test(
        "ids carry the right checksum",
        arguments: [
            ("a0BA0000000L2ZC", "a0BA0000000L2ZCMA0"), ("70130000001tcyI", "70130000001tcyIAAQ"),
            ("00558000001N0Ke", "00558000001N0KeAAK"), ("001xx000003DGb2", "001xx000003DGb2AAG"),
        ])
    func checksum(short: String, long: String) {
        #expect(SalesforceID.normalized(short) == long)
        #expect(SalesforceID.normalized(long) == long)
        #expect(SalesforceID.normalized(long.dropLast() + "5") == nil)
        #expect(SalesforceID.normalized("short") == nil)
    }

    @Test("a row is created, read by its 15-character id, changed and deleted")
    func lifeCycle() async {
        let client = await SalesforceClient()
        let created = await client.send(
            "POST", "/sobjects/Contact", ["LastName": "  Lee ", "Email": "Ann@acme.test", "Phone": ""])
        #expect(created.status == 201)
        let id = created.json?["id"]?.text ?? ""
        #expect(id.count == 18)
        client.clock.advance(seconds: 90)
        let row = "/sobjects/Contact/\(id.prefix(15))"
        #expect(await client.send("PATCH", row, ["FirstName": "Ann"]).status == 204)
        let read = await client.send("GET", row).json
        #expect(read?["Name"] == "Ann Lee")
        #expect(read?["Phone"] == .null)
        #expect(read?["CreatedDate"]?.text?.hasSuffix(".000+0000") == true)
        #expect(read?["SystemModstamp"] != read?["CreatedDate"])
        #expect(await client.send("DELETE", row).status == 204)
        #expect(await client.send("DELETE", row).code() == "ENTITY_IS_DELETED")
        #expect(await client.send("GET", row).status == 404)
        #expect(await client.send("PATCH", row, ["FirstName": "B"]).code() == "ENTITY_IS_DELETED")
        #expect(await client.sandbox.count("Contact") == 0)
    }

    @Test(
        "each row of a collection fails on its own",
        arguments: [
            (["FirstName": "x"], "REQUIRED_FIELD_MISSING"),
            (["LastName": "x", "FirstName": .string(String(repeating: "é", count: 41))], "STRING_TOO_LONG"),
            (["LastName": "x", "Email": "nobody"], "INVALID_EMAIL_ADDRESS"),
            (["LastName": "x", "Tandem_Id__c": "TAKEN"], "DUPLICATE_VALUE"),
            (["LastName": "x", "Tandem_Sync_Status__c": "Nope"], "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
            (["LastName": "x", "IsEmailBounced": true], "INVALID_FIELD_FOR_INSERT_UPDATE"),
            (["LastName": "Forbidden"], "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
            (["LastName": "x", "AccountId": "1"], "MALFORMED_ID"),
            (["LastName": "x", "Score__c": 1e17], "NUMBER_OUTSIDE_VALID_RANGE"),
        ] as [([String: SandboxValue], String)])
    func rowErrors(bad: [String: SandboxValue], code: String) async {
        let client = await SalesforceClient { options in
            options.rules.validation = { $0.values["LastName"] == "Forbidden" ? .init("No such name") : nil }
            options.objects = [.contact.adding(SalesforceField.tandem + [.number("Score__c")])]
        }
        let taken = await client.sandbox.insert("Contact", ["LastName": "y", "Tandem_Id__c": "taken"])
        let answer = await client.create([["LastName": "Good"], bad, ["LastName": "Better"]])
        #expect(answer.status == 200)
        #expect(answer.code(row: 1) == code)
        #expect(answer.json?[0]?["success"] == true)
        #expect(answer.json?[2]?["success"] == true)
        if code == "DUPLICATE_VALUE" {
            let text = answer.json?[1]?["errors"]?[0]?["message"]?.text ?? ""
            #expect(text.hasSuffix("record with id: \(taken?.prefix(15) ?? "?")"))
        }
    }

    @Test(
        "what the parser refuses sinks the whole collection",
        arguments: [
            (["LastName": "x", "Nope__c": "1"], "INVALID_FIELD"), (["LastName": 5], "JSON_PARSER_ERROR"),
            (["LastName": "x", "Birthdate": "31.12.1999"], "JSON_PARSER_ERROR"),
            (["LastName": "x", "DoNotCall": "perhaps"], "JSON_PARSER_ERROR"),
            (["LastName": "x", "EmailBouncedDate": "soon"], "JSON_PARSER_ERROR"),
            (["LastName": "x", "DoNotCall": .null], "JSON_PARSER_ERROR"),
        ] as [([String: SandboxValue], String)])
    func wholeCallErrors(bad: [String: SandboxValue], code: String) async {
        let client = await SalesforceClient()
        let answer = await client.create([["LastName": "Good"], bad])
        #expect(answer.status == 400)
        #expect(answer.code() == code)
        #expect(await client.sandbox.count("Contact") == 0)
    }

    @Test("more than 200 rows, an unknown type or no list refuse the call")
    func envelopes() async {
        let client = await SalesforceClient()
        let many = await client.create(Array(repeating: ["LastName": "x"], count: 201))
        #expect(many.status == 400)
        let odd = await client.send("POST", "/composite/sobjects", SalesforceClient.collection("Nothing", [["LastName": "x"]]))
        #expect(odd.code() == "INVALID_TYPE")
        #expect(await client.send("POST", "/composite/sobjects", ["records": 1]).code() == "JSON_PARSER_ERROR")
        #expect(await client.send("PUT", "/composite/sobjects").status == 405)
    }

    @Test("upsert creates, then changes, and refuses a key given twice on every row that shares it")
    func upsert() async {
        let client = await SalesforceClient()
        let path = "/composite/sobjects/Contact/Tandem_Id__c"
        let first = await client.send(
            "PATCH", path, SalesforceClient.collection("Contact", [["Tandem_Id__c": "k1", "LastName": "A"], ["LastName": "B"]]))
        #expect(first.json?[0]?["created"] == true)
        #expect(first.json?[1]?["success"] == false)
        let second = await client.send(
            "PATCH", path,
            SalesforceClient.collection(
                "Contact",
                [
                    ["Tandem_Id__c": "K1", "FirstName": "Z"], ["Tandem_Id__c": "k2", "LastName": "C"],
                    ["Tandem_Id__c": "K2", "LastName": "D"],
                ]))
        #expect(second.json?[0]?["created"] == false)
        #expect(second.json?[0]?["id"] == first.json?[0]?["id"])
        #expect(second.code(row: 1) == "DUPLICATE_VALUE")
        #expect(second.code(row: 2) == "DUPLICATE_VALUE")
        #expect(await client.sandbox.count("Contact") == 1)
    }

    @Test("the same id twice fails on both rows, email is not unique")
    func sameRowTwice() async {
        let client = await SalesforceClient()
        let made = await client.create([["LastName": "A", "Email": "a@b.test"], ["LastName": "B", "Email": "a@b.test"]])
        let id = made.json?[0]?["id"] ?? .null
        #expect(made.json?[1]?["success"] == true)
        let body = SalesforceClient.collection("Contact", [["id": id, "Phone": "1"], ["id": id, "Phone": "2"]])
        let answer = await client.send("PATCH", "/composite/sobjects", body)
        #expect(answer.code(row: 0) == "DUPLICATE_VALUE")
        #expect(answer.code(row: 1) == "DUPLICATE_VALUE")
    }

    @Test("retrieve keeps the order and leaves null where nothing is")
    func retrieve() async throws {
        let client = await SalesforceClient()
        let made = await client.create([["LastName": "A"], ["LastName": "B"]])
        let first = try #require(made.json?[0]?["id"])
        let second = try #require(made.json?[1]?["id"])
        await client.sandbox.delete("Contact", id: first.text ?? "")
        let body: SandboxValue = ["ids": [second, first, "0035e0000000000AAA"], "fields": ["LastName"]]
        let answer = await client.send("POST", "/composite/sobjects/Contact", body)
        #expect(answer.json?[0]?["LastName"] == "B")
        #expect(answer.json?[1] == .null)
        #expect(answer.json?[2] == .null)
    }

    @Test("a converted lead can not be changed; its person is a contact now")
    func conversion() async {
        let client = await SalesforceClient()
        let lead = await client.sandbox.insert("Lead", ["LastName": "Lee", "Company": "Acme", "Email": "l@acme.test"]) ?? ""
        let contact = await client.sandbox.convertLead(lead)
        let answer = await client.send("PATCH", "/sobjects/Lead/\(lead)", ["Phone": "1"])
        #expect(answer.code() == "CANNOT_UPDATE_CONVERTED_LEAD")
        let soql = "SELECT IsConverted, ConvertedContactId FROM Lead WHERE Id = '\(lead)'"
        #expect(await client.query(soql).json?["records"]?[0]?["ConvertedContactId"]?.text == contact)
    }

    @Test("IN-6 a person's edit marks the record for the next sync where the flow is on")
    func flow() async {
        let client = await SalesforceClient { $0.rules.syncStatusField = "Tandem_Sync_Status__c" }
        let id = await client.sandbox.insert("Contact", ["LastName": "A"]) ?? ""
        await client.sandbox.edit("Contact", id: id, ["Phone": "1"], asUser: false)
        #expect(await client.sandbox.record("Contact", id: id)?["Tandem_Sync_Status__c"] == nil)
        await client.sandbox.edit("Contact", id: id, ["Phone": "2"])
        let record = await client.sandbox.record("Contact", id: id)
        #expect(record?["Tandem_Sync_Status__c"] == "Waiting for next sync")
        #expect(record?["LastModifiedById"]?.text == SalesforceUser.person)
    }

    @Test("the org's own automation changes fields after a save, as another user")
    func automation() async {
        let client = await SalesforceClient { options in
            options.rules.automation = { $0.values["Phone"] == nil ? [:] : ["Department": "Phoned"] }
        }
        let made = await client.create([["LastName": "A", "Phone": "1"]])
        let record = await client.sandbox.record("Contact", id: made.json?[0]?["id"]?.text ?? "")
        #expect(record?["Department"] == "Phoned")
        #expect(record?["LastModifiedById"]?.text == SalesforceUser.person)
    }

    @Test("a duplicate rule stops a save unless it only alerts and the header allows")
    func duplicateRule() async {
        for (rule, code) in [(SalesforceRules.DuplicateRule.alert, nil as String?), (.block, "DUPLICATES_DETECTED")] {
            let client = await SalesforceClient { $0.rules.duplicates = rule }
            await client.sandbox.insert("Contact", ["LastName": "A", "Email": "a@b.test"])
            let body: SandboxValue = ["LastName": "B", "Email": "A@B.test"]
            let plain = await client.send("POST", "/sobjects/Contact", body)
            #expect(plain.code() == "DUPLICATES_DETECTED")
            #expect(plain.json?[0]?["duplicateResut"] != nil)
            let header = ["sforce-duplicate-rule-header": "allowSave=true"]
            #expect(await client.send("POST", "/sobjects/Contact", body, headers: header).code() == code)
        }
    }

    @Test("allOrNone leaves nothing behind")
    func allOrNone() async {
        let client = await SalesforceClient()
        var body = SalesforceClient.collection("Contact", [["LastName": "A"], ["FirstName": "B"]]).object ?? [:]
        body["allOrNone"] = true
        let answer = await client.send("POST", "/composite/sobjects", .object(body))
        #expect(answer.code(row: 0) == "ALL_OR_NONE_OPERATION_ROLLED_BACK")
        #expect(answer.code(row: 1) == "REQUIRED_FIELD_MISSING")
        #expect(await client.sandbox.count("Contact") == 0)
    }
}
