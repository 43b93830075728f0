import Connectors
import Contracts
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Writing people")
struct ContactWriteTests {
    private static let answer: HTTPResponse = .json(
        200, ["contact": ["id": "7", "orgname": "Acme"], "fieldValues": [["id": "1"]]])

    private func body(_ connection: Connection, _ index: Int = 0) async throws -> JSONValue {
        try JSONValue.parse(await connection.account.calls[index].request.body)
    }

    @Test("A known person is one PUT of the fields named, custom ones inline; null empties")
    func known() async throws {
        let connection = try Connection { _ throws(TransportError) in Self.answer }
        let fields: [String: JSONValue] = ["firstName": "Ann", "phone": .null, "field:7": "||Red||", "field:12": ""]
        let id = try await connection.marketing.write(ContactWrite(id: "7", email: "ann@acme.test", fields: fields)).id
        #expect(id == "7")
        #expect(await connection.account.lines == ["PUT contacts/7"])
        #expect(
            try await body(connection) == [
                "contact": [
                    "firstName": "Ann", "phone": "",
                    "fieldValues": [["field": "12", "value": ""], ["field": "7", "value": "||Red||"]],
                ]
            ])
    }

    @Test("A new person is one sync by email, whether it was created or found", arguments: [200, 201])
    func new(status: Int) async throws {
        let connection = try Connection { _ throws(TransportError) in .json(status, ["contact": ["id": 9]]) }
        let id = try await connection.marketing.write(ContactWrite(email: "ann@acme.test", fields: ["lastName": "Lee"])).id
        #expect(id == "9")
        #expect(await connection.account.lines == ["POST contact/sync"])
        #expect(try await body(connection) == ["contact": ["email": "ann@acme.test", "lastName": "Lee"]])
    }

    @Test("An email is changed only where it is among the fields")
    func email() async throws {
        let connection = try Connection { _ throws(TransportError) in Self.answer }
        _ = try await connection.marketing.write(
            ContactWrite(id: "7", email: "new@acme.test", fields: ["email": "new@acme.test"]))
        #expect(try await body(connection) == ["contact": ["email": "new@acme.test"]])
    }

    @Test("A person who is gone is not-found, a taken email duplicate; both are permanent")
    func refusals() async throws {
        let gone = try Connection { _ throws(TransportError) in
            .json(404, ["message": "No Result found for Subscriber with id 7"])
        }
        let taken = try Connection { _ throws(TransportError) in
            .json(422, ["errors": [["title": "Email address already exists in the system", "code": "duplicate"]]])
        }
        for (connection, code) in [(gone, "not-found"), (taken, "duplicate")] {
            let error = await #expect(throws: SyncError.self) {
                _ = try await connection.marketing.write(ContactWrite(id: "7", email: "a@b.test", fields: ["phone": "1"]))
            }
            #expect(error?.code == code)
            #expect(error?.errorClass == .permanent)
        }
    }

    @Test("GEN-3 a key that is no field is never sent", arguments: ["shoeSize", "field:", "field:x", "perstag:TIER"])
    func unknownField(key: String) async throws {
        let connection = try Connection { _ throws(TransportError) in Self.answer }
        let contact = ContactWrite(email: "ann@acme.test", fields: [key: "1"])
        let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.write(contact) }
        #expect(error?.errorClass == .schema)
        #expect(error?.fields == [key])
        #expect(connection.marketing.importable([contact]) == 0)
        #expect(await connection.account.lines.isEmpty)
    }

    @Test("MAP-4 an account's name that the contact shows already costs no call", arguments: ["Acme", " ACME "])
    func sameAccount(name: JSONValue) async throws {
        let connection = try Connection { _ throws(TransportError) in Self.answer }
        _ = try await connection.marketing.write(
            ContactWrite(id: "7", email: "a@b.test", fields: ["phone": "1", "accountName": name]))
        _ = try await connection.marketing.write(ContactWrite(id: "7", email: "a@b.test", fields: ["accountName": name]))
        #expect(await connection.account.lines == ["PUT contacts/7", "GET contacts/7"])
    }

    @Test(
        "GEN-6 the id of a person who is written does not get lost when the account's name cannot be", arguments: [500, 422, 429])
    func unfinished(status: Int) async throws {
        let connection = try Connection { call throws(TransportError) in
            if call.line == "POST contact/sync" { return .json(201, ["contact": ["id": "7"]]) }
            return .json(status, ["message": "No."])
        }
        let written = try await connection.marketing.write(
            ContactWrite(email: "a@b.test", fields: ["phone": "1", "accountName": "Acme"]))
        #expect(written.id == "7")
        #expect(written.unfinished?.code == "\(status)" && written.unfinished?.fields == ["accountName"])
    }

    @Test("People are read 100 a call, whoever is not shown by their own id")
    func byIDs() async throws {
        let connection = try Connection { call throws(TransportError) in
            if call.line.hasPrefix("GET contacts?ids=") {
                let ids = call.line.dropFirst("GET contacts?ids=".count).prefix { $0 != "&" }.split(separator: "%2C")
                // 13 is left out of the page, 200 gone, and someone comes along whom nobody asked for.
                let rows = ids.filter { $0 != "13" && $0 != "200" }.map { id -> JSONValue in
                    ["id": .string(String(id)), "email": .string("p\(id)@acme.test"), "udate": "2026-05-28T05:03:51-05:00"]
                }
                return .json(200, ["contacts": .array(rows + [["id": "999", "email": "x@acme.test"]])])
            }
            return call.line == "GET contacts/13"
                ? .json(
                    200, ["contact": ["id": "13", "email": "p13@acme.test"], "fieldValues": [["field": "1", "value": "x"]]])
                : .json(404, ["message": "No Result found for Subscriber with id 200"])
        }
        let found = try await connection.marketing.contacts(ids: (1...200).map(String.init))
        #expect(Set(found.keys) == Set((1...199).map(String.init)))
        #expect(found["13"]?.fields == ["email": "p13@acme.test"])
        #expect(found["7"]?.updatedAt == Timestamp(iso8601: "2026-05-28T10:03:51Z"))
        #expect(
            await connection.account.lines.map { $0.prefix { $0 != "?" } } == [
                "GET contacts", "GET contacts/13", "GET contacts", "GET contacts/200",
            ])
        #expect(try await connection.marketing.contacts(ids: []).isEmpty)
    }

    @Test("A failure while people are read is no news of their being gone")
    func unreadable() async throws {
        let connection = try Connection { call throws(TransportError) in
            call.number == 1 ? .json(200, ["contacts": []]) : .json(503, [:])
        }
        let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.contacts(ids: ["1"]) }
        #expect(error?.errorClass == .transient)
    }

    @Test("OUT-9 a request without leave of the shared budget is not sent; trying again is right")
    func budget() async throws {
        let account = ScriptedAccount { _ throws(TransportError) in Self.answer }
        let clock = VirtualClock()
        let marketing = try ActiveCampaign(
            settings: MarketingSettings(url: "https://acme.api-us1.com"), apiKey: Secret("key"),
            limiter: RateLimiter(requestsPerSecond: 5, clock: clock, budget: ClosedBudget()), transport: account, clock: clock)
        await #expect(throws: ClosedBudget.error) { try await marketing.probe() }
        #expect(await account.lines.isEmpty)
    }
}

/// A budget that cannot be asked.
private struct ClosedBudget: RateBudget {
    static let error = SyncError(.transient, code: "store-busy", message: "the store is busy")

    func take(_ wanted: Int, now: Timestamp) async throws(SyncError) -> RateGrant { throw Self.error }
    func free(_ slots: [Int], at moment: Timestamp) async {}
    func pause(until moment: Timestamp) async {}
}
