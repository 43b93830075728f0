import Connectors
import Contracts
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Bulk imports")
struct ImportTests {
    private func people(_ count: Int) -> [ContactWrite] {
        (0..<count).map { ContactWrite(email: "p\($0)@acme.test", fields: ["firstName": "Ann"]) }
    }

    private func connection(answering response: HTTPResponse) throws -> Connection {
        try Connection { _ throws(TransportError) in response }
    }

    @Test(
        "An import has its own names for everything, numbers for field ids and names for tags", arguments: ["success", "Success"])
    func form(member: String) async throws {
        let connection = try connection(
            answering: .json(200, .object([member: 1, "queued_contacts": 1, "batchId": "0c2e", "message": "queued"])))
        let fields: [String: JSONValue] = [
            "firstName": "Ann", "lastName": "Lee", "phone": "1", "accountName": "Acme", "field:6": "2008-01-20",
            "field:9": "||Red||",
        ]
        let id = try await connection.marketing.startImport([
            ContactWrite(id: "7", email: "ann@acme.test", fields: fields, tags: ["vip"])
        ])
        #expect(id == "0c2e")
        #expect(await connection.account.lines == ["POST import/bulk_import"])
        #expect(
            try JSONValue.parse(await connection.account.calls[0].request.body) == [
                "contacts": [
                    [
                        "email": "ann@acme.test", "first_name": "Ann", "last_name": "Lee", "phone": "1",
                        "customer_acct_name": "Acme", "tags": ["vip"],
                        "fields": [["id": 6, "value": "2008-01-20"], ["id": 9, "value": "||Red||"]],
                    ]
                ]
            ])
    }

    @Test("250 people fit a call", arguments: [(0, 0), (1, 1), (250, 250), (251, 250)])
    func count(people count: Int, expected: Int) throws {
        #expect(try connection(answering: .json(200, [:])).marketing.importable(people(count)) == expected)
    }

    @Test("A call has 399,999 bytes at most, to the byte", arguments: [1, 2, 7], [-1, 0, 1])
    func bytes(count: Int, excess: Int) async throws {
        let connection = try connection(answering: .json(200, ["success": 1, "batchId": "b"]))
        var contacts = people(count)
        _ = try await connection.marketing.startImport(contacts)
        let size = try #require(await connection.account.calls.last?.request.body.count)
        contacts[count - 1].fields["firstName"] = .string("Ann" + String(repeating: "x", count: 399_999 - size + excess))
        #expect(connection.marketing.importable(contacts) == (excess > 0 ? count - 1 : count))
        _ = try await connection.marketing.startImport(contacts)
        #expect(await connection.account.calls.last?.request.body.count == 399_999 + excess)
    }

    @Test("Whoever has a field to be emptied is left to a single write", arguments: ["", "  ", .null] as [JSONValue])
    func blank(value: JSONValue) throws {
        let connection = try connection(answering: .json(200, [:]))
        var contacts = people(3)
        contacts[1].fields["field:3"] = value
        #expect(connection.marketing.importable(contacts) == 1)
        #expect(connection.marketing.importable(Array(contacts.dropFirst())) == 0)
    }

    @Test("IN-10 a refused call names the contacts at fault by their place")
    func refused() async throws {
        let reasons: JSONValue = [
            ["contact": 3, "failureReason": "tags is not a list"], ["contact": 5, "failureReason": "no email"],
        ]
        let connection = try connection(
            answering: .json(400, ["success": 0, "message": "JSON payload did not pass validation", "failureReasons": reasons]))
        let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.startImport(people(6)) }
        #expect(error?.errorClass == .permanent)
        #expect(
            error?.message
                == "JSON payload did not pass validation: contact 3: tags is not a list; contact 5: no email")
    }

    @Test("The importer's own limit is a 400, and a pause of a minute")
    func limit() async throws {
        let connection = try connection(
            answering: .json(400, ["success": 0, "message": "Rate limit exceeded.", "failureReasons": ["100 calls a minute"]]))
        let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.startImport(people(1)) }
        #expect(error?.errorClass == .rateLimited(until: connection.clock.now().advanced(by: .seconds(60))))
    }

    @Test("An import whose answer was lost is in doubt; one that was not sent is not")
    func inDoubt() async throws {
        let answers: [(HTTPResponse, ErrorClass)] = [
            (HTTPResponse(status: 200), .inDoubt), (.json(200, ["success": 1]), .inDoubt), (.json(502, [:]), .inDoubt),
        ]
        for (answer, expected) in answers {
            let connection = try connection(answering: answer)
            let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.startImport(people(1)) }
            #expect(error?.errorClass == expected)
        }
        let failures: [(TransportError, ErrorClass)] = [(.notSent("no route"), .transient), (.inDoubt("hung up"), .inDoubt)]
        for (failure, expected) in failures {
            let connection = try Connection { _ throws(TransportError) in throw failure }
            let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.startImport(people(1)) }
            #expect(error?.errorClass == expected)
        }
    }

    @Test(
        "An import runs until its status says that it does not",
        arguments: [
            ("waiting", ImportProgress.running), ("claimed", .running), ("active", .running), ("brand-new", .running),
            ("completed", .finished(succeeded: ["123", "124"], failed: [FailedImport(email: "bad@x.test")])),
            ("failed", .lost(SyncError(.transient, code: "import-failed", message: "ActiveCampaign gave the import up: failed"))),
            (
                "interrupted",
                .lost(
                    SyncError(.transient, code: "import-interrupted", message: "ActiveCampaign gave the import up: interrupted"))
            ),
        ])
    func progress(status: String, expected: ImportProgress) async throws {
        let connection = try connection(
            answering: .json(200, ["status": .string(status), "success": ["123", 124], "failure": ["Bad@x.test"]]))
        #expect(try await connection.marketing.importProgress("0c2e") == expected)
        #expect(await connection.account.lines == ["GET import/info?batchId=0c2e"])
    }

    @Test("An import the account does not know is lost; one that cannot be asked about is not")
    func unknown() async throws {
        let unknown = try connection(answering: .json(400, ["success": 0, "message": "The batch is unknown."]))
        guard case .lost(let error) = try await unknown.marketing.importProgress("x") else {
            Issue.record("an unknown import is not lost")
            return
        }
        #expect(error.message == "The batch is unknown.")
        let down = try connection(answering: .json(503, [:]))
        await #expect(throws: SyncError.self) { _ = try await down.marketing.importProgress("x") }
    }
}
