import Sandbox
import Testing

@Suite("Salesforce emulator: clocks and open transactions")
struct SalesforceFeedTests {
    private let soon = "SystemModstamp >= 2026-09-21T14:13:20Z AND SystemModstamp < 2026-09-21T14:13:40Z"

    private func ids(_ client: SalesforceClient, _ condition: String) async -> [String] {
        let soql = "SELECT Id FROM Contact WHERE \(condition) ORDER BY SystemModstamp, Id"
        return await client.query(soql).json?["records"]?.array?.compactMap { $0["Id"]?.text } ?? []
    }

    @Test("OUT-7 every answer is dated by the org's clock, which may differ from ours", arguments: [-90_000, 0, 90_000])
    func dates(skew: Int64) async {
        let client = await SalesforceClient { $0.clockSkew = skew }
        let date = [-90_000: "14:11:50", 0: "14:13:20", 90_000: "14:14:50"][skew] ?? ""
        for answer in [
            await client.send("GET", "/limits"), await client.query("nonsense"), await client.send("GET", "/limits", token: "x"),
        ] {
            #expect(answer.headers["date"] == "Mon, 21 Sep 2026 \(date) GMT")
        }
        await client.sandbox.play(FaultPlan(rules: [.init(.unavailable)]))
        #expect(await client.send("GET", "/limits").headers["date"] == "Mon, 21 Sep 2026 \(date) GMT")
        await client.sandbox.insert("Contact", ["LastName": "A"])
        let stamp = await client.sandbox.records("Contact").first?["SystemModstamp"]
        #expect(stamp?.text == "2026-09-21T\(date).000+0000")
    }

    @Test("OUT-7 a late commit appears behind a cursor that has passed its stamp")
    func lateEdit() async throws {
        let client = await SalesforceClient()
        let id = try #require(await client.sandbox.insert("Contact", ["LastName": "Old"]))
        client.clock.advance(seconds: 10)
        let edit = try #require(await client.sandbox.editLate("Contact", id: id, ["LastName": "New"]))
        client.clock.advance(seconds: 600)
        let read = await client.send("GET", "/sobjects/Contact/\(id)").json
        #expect(read?["LastName"] == "Old")
        #expect(read?["SystemModstamp"] == "2026-09-21T14:13:20.000+0000")
        #expect(await client.query("SELECT Id FROM Contact WHERE LastName = 'New'").json?["totalSize"] == 0)
        #expect(await client.sandbox.commit(edit))
        let after = await client.sandbox.record("Contact", id: id)
        #expect(after?["LastName"] == "New")
        #expect(after?["SystemModstamp"] == "2026-09-21T14:13:30.000+0000")
        #expect(await ids(client, soon) == [id])
        #expect(await !client.sandbox.commit(edit))
    }

    @Test("a row in an open transaction is locked for everybody else, until it is committed")
    func locked() async throws {
        let client = await SalesforceClient()
        let id = try #require(await client.sandbox.insert("Contact", ["LastName": "A"]))
        let edit = try #require(await client.sandbox.editLate("Contact", id: id, ["Phone": "1"]))
        let row = "/sobjects/Contact/\(id)"
        #expect(await client.send("PATCH", row, ["Phone": "2"]).code() == "UNABLE_TO_LOCK_ROW")
        #expect(await client.send("DELETE", row).code() == "UNABLE_TO_LOCK_ROW")
        #expect(await client.sandbox.editLate("Contact", id: id, ["Phone": "3"]) == nil)
        await client.sandbox.commit(edit)
        #expect(await client.send("PATCH", row, ["Title": "T"]).status == 204)
        #expect(await client.sandbox.record("Contact", id: id)?["Phone"] == "1")
    }

    @Test("OUT-7 a record created late has the stamp and the id of the moment it was written")
    func lateInsert() async throws {
        let client = await SalesforceClient()
        let late = try #require(await client.sandbox.insertLate("Contact", ["LastName": "Late", "Tandem_Id__c": "k"]))
        let early = try #require(await client.sandbox.insert("Contact", ["LastName": "Early"]))
        #expect(await client.sandbox.count("Contact") == 1)
        #expect(await client.send("GET", "/sobjects/Contact/\(late.id)").status == 404)
        client.clock.advance(seconds: 60)
        #expect(await client.sandbox.commit(late))
        // Both have one stamp, and the id of the late one is behind that of the one already seen.
        #expect(await ids(client, soon) == [late.id, early])
        #expect(await ids(client, soon + " AND Id > '\(early)'").isEmpty)
        #expect(await client.sandbox.insertLate("Contact", ["FirstName": "Nameless"]) == nil)
        #expect(await client.sandbox.insertLate("Nothing", [:]) == nil)
        #expect(await client.sandbox.editLate("Contact", id: "none", [:]) == nil)
    }

    @Test("a late record whose unique key was taken meanwhile is refused at its commit")
    func lateDuplicate() async throws {
        let client = await SalesforceClient()
        let late = try #require(await client.sandbox.insertLate("Contact", ["LastName": "Late", "Tandem_Id__c": "k"]))
        await client.sandbox.insert("Contact", ["LastName": "First", "Tandem_Id__c": "K"])
        #expect(await !client.sandbox.commit(late))
        #expect(await client.sandbox.count("Contact") == 1)
    }

    @Test("OUT-7 `updated` covers no more than the oldest open transaction lets it")
    func coverage() async throws {
        let client = await SalesforceClient()
        let id = try #require(await client.sandbox.insert("Contact", ["LastName": "A"]))
        client.clock.advance(seconds: 60)
        let edit = try #require(await client.sandbox.editLate("Contact", id: id, ["LastName": "B"]))
        client.clock.advance(seconds: 300)
        func covered() async -> SandboxValue? {
            let window = "start=2026-09-21T14:10:00Z&end=2026-09-21T14:30:00Z"
            return await client.send("GET", "/sobjects/Contact/updated", query: window).json?["latestDateCovered"]
        }
        #expect(await covered() == "2026-09-21T14:14:00.000+0000")
        await client.sandbox.commit(edit)
        #expect(await covered() == "2026-09-21T14:19:00.000+0000")
    }
}
