import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Accounts")
struct AccountTests {
    @Test("MAP-4 an account's fields have names, aliases and types; money is refused")
    func fields() async throws {
        let kinds = [
            "text", "textarea", "number", "date", "datetime", "dropdown", "radio", "multiselect", "checkbox", "hidden",
            "currency",
        ]
        let connection = try Connection { _ throws(TransportError) in
            let rows = kinds.enumerated().map { index, kind -> JSONValue in
                [
                    "id": .string("\(index)"), "fieldLabel": .string("My \(kind)"), "fieldType": .string(kind),
                    "fieldOptions": ["EU", "US"], "isRequired": .integer(index == 0 ? 1 : 0),
                ]
            }
            return .json(200, ["accountCustomFieldMeta": .array(rows)])
        }
        let schema = try await connection.marketing.describeAccounts()
        #expect(schema.name == "account")
        #expect(schema.fields.prefix(3).map(\.name) == ["name", "accountUrl", "field:0"])
        #expect(schema.fields.filter(\.isRequired).map(\.name) == ["name", "field:0"])
        #expect(schema.field(named: "accountField:2")?.label == "My number")
        let options = ["EU", "US"]
        #expect(
            schema.fields.dropFirst(2).map(\.type) == [
                .text(maxLength: nil), .longText(maxLength: nil), .number(precision: nil, scale: nil), .date, .dateTime,
                .picklist(options: options, restricted: false), .picklist(options: options, restricted: false),
                .multiPicklist(options: options, restricted: false), .multiPicklist(options: options, restricted: false),
                .text(maxLength: nil), .unsupported("currency"),
            ])
    }

    @Test("An account is found by its whole name, ignoring case and blanks at the ends, on whatever page it is")
    func named() async throws {
        try await withSandbox { connection in
            for index in 0..<120 {
                _ = try await connection.marketing.writeAccount(id: nil, fields: ["name": .string("Acme \(index)")])
            }
            let id = try await connection.marketing.writeAccount(id: nil, fields: ["name": "ACME"])
            #expect(try await connection.marketing.account(named: " acme") == MarketingAccount(id: id, name: "ACME"))
            #expect(try await connection.marketing.account(named: "Acm") == nil)
        }
    }

    @Test("MAP-4 an account is created, changed by id, and found by name when it exists already")
    func write() async throws {
        try await withSandbox { connection in
            let id = try await connection.marketing.writeAccount(
                id: nil, fields: ["name": "Acme", "accountUrl": "https://acme.test"])
            let again = try await connection.marketing.writeAccount(
                id: nil, fields: ["name": "ACME", "accountUrl": "https://a.test"])
            #expect(again == id)
            #expect(try await connection.marketing.writeAccount(id: id, fields: ["name": "Acme Ltd"]) == id)
            #expect(try await connection.marketing.account(named: "acme ltd")?.id == id)
            #expect(await connection.account.counters().rowsCreated == 1)
            let error = await #expect(throws: SyncError.self) {
                _ = try await connection.marketing.writeAccount(id: "99", fields: ["name": "X"])
            }
            #expect(error?.code == "not-found")
        }
    }

    @Test("Several choices are a list, other values travel as they are")
    func values() async throws {
        let connection = try Connection { _ throws(TransportError) in .json(201, ["account": ["id": "14"]]) }
        let fields: [String: JSONValue] = [
            "name": "Acme", "field:2": "||EU||US||", "field:3": "||EU||", "field:4": .null, "field:5": "7",
        ]
        #expect(try await connection.marketing.writeAccount(id: nil, fields: fields) == "14")
        #expect(
            try JSONValue.parse(await connection.account.calls[0].request.body) == [
                "account": [
                    "name": "Acme",
                    "fields": [
                        ["customFieldId": 2, "fieldValue": ["EU", "US"]], ["customFieldId": 3, "fieldValue": ["EU"]],
                        ["customFieldId": 4, "fieldValue": ""], ["customFieldId": 5, "fieldValue": "7"],
                    ],
                ]
            ])
        let error = await #expect(throws: SyncError.self) {
            _ = try await connection.marketing.writeAccount(id: nil, fields: ["owner": "1"])
        }
        #expect(error?.errorClass == .schema)
    }

    @Test("A name that is taken though the search does not show it is found in the whole list")
    func searchMisses() async throws {
        let connection = try Connection { call throws(TransportError) in
            if call.line == "POST accounts" { return .json(422, ["errors": [["title": "taken", "code": "duplicate"]]]) }
            if call.line.hasPrefix("GET accounts?search") { return .json(200, ["accounts": [], "meta": ["total": "0"]]) }
            if call.line.hasPrefix("GET accounts") { return .json(200, ["accounts": [["id": "5", "name": "A & B"]]]) }
            return .json(200, ["account": ["id": "5"]])
        }
        #expect(try await connection.marketing.writeAccount(id: nil, fields: ["name": "a & b"]) == "5")
        #expect(await connection.account.lines.last == "PUT accounts/5")
    }

    @Test("MAP-4 a contact belongs to one account: it moves, and a repetition changes nothing")
    func associate() async throws {
        try await withSandbox { connection in
            let ann = try #require(await connection.account.createContact(.init(email: "ann@acme.test", account: "Old")))
            let new = try await connection.marketing.writeAccount(id: nil, fields: ["name": "New"])
            for _ in 0..<2 { try await connection.marketing.associate(contact: ann, account: new) }
            #expect(await connection.account.person(id: ann)?.account == "New")
            #expect(await connection.account.counters().calls["DELETE /accountContacts/{id}"] == 1)
            let error = await #expect(throws: SyncError.self) {
                try await connection.marketing.associate(contact: "999", account: new)
            }
            #expect(error?.errorClass == .permanent)
        }
    }

    @Test("MAP-4 people written with an account's name belong to it, made when it is missing, left when the name is blank")
    func names() async throws {
        try await withSandbox { connection in
            func write(_ email: String, _ account: JSONValue) async throws -> String {
                try await connection.marketing.write(ContactWrite(email: email, fields: ["accountName": account])).id
            }
            let ann = try await write("ann@acme.test", "Acme")
            let bob = try await write("bob@acme.test", "ACME")
            #expect(await connection.account.person(id: ann)?.account == "Acme")
            #expect(await connection.account.person(id: bob)?.account == "Acme")
            // The second met the name already: the person, and the tie.
            let calls = await connection.account.counters().calls
            #expect(calls["GET /accounts"] == 1)
            #expect(calls["POST /accounts"] == 1)
            _ = try await write("bob@acme.test", "Globex")
            #expect(await connection.account.person(id: bob)?.account == "Globex")
            _ = try await write("bob@acme.test", "")
            #expect(await connection.account.person(id: bob)?.account == "")
        }
    }

    @Test("A name is looked up anew after ten minutes, and at once when its account is gone")
    func forgotten() async throws {
        try await withSandbox { connection in
            func write(_ email: String) async throws -> String {
                try await connection.marketing.write(ContactWrite(email: email, fields: ["accountName": "Acme"])).id
            }
            let ann = try await write("ann@acme.test")
            let id = try #require(try await connection.marketing.account(named: "Acme")).id
            _ = try await connection.marketing.writeAccount(id: id, fields: ["name": "Renamed"])
            await connection.clock.advance(by: .seconds(601))
            let bob = try await write("bob@acme.test")
            #expect(await connection.account.person(id: ann)?.account == "Renamed")
            #expect(await connection.account.person(id: bob)?.account == "Acme")
        }
        let connection = try Connection { call throws(TransportError) in
            switch call.line {
            case "POST contact/sync": return .json(200, ["contact": ["id": "7", "orgname": ""]])
            case "POST accounts": return .json(201, ["account": ["id": call.number < 5 ? "1" : "2"]])
            case "POST accountContacts":
                let isOld = String(decoding: call.request.body, as: UTF8.self).contains("\"account\":\"1\"")
                let gone: JSONValue = ["errors": [["title": "Account does not exist", "code": "field_invalid"]]]
                return isOld && call.number > 4 ? .json(422, gone) : .json(201, ["accountContact": ["id": "3"]])
            default: return .json(200, ["accounts": [], "accountContacts": []])
            }
        }
        for _ in 0..<2 {
            _ = try await connection.marketing.write(ContactWrite(email: "a@b.test", fields: ["accountName": "Acme"]))
        }
        let last = try #require(await connection.account.calls.last)
        #expect(last.line == "POST accountContacts")
        #expect(String(decoding: last.request.body, as: UTF8.self).contains("\"account\":\"2\""))
    }

    @Test("MAP-4 a plan without accounts keeps nobody from being written, and is said once")
    func notInPlan() async throws {
        try await withSandbox {
            $0.hasAccounts = false
        } _: { connection in
            for name in ["Ann", "Bob"] {
                let id = try await connection.marketing.write(
                    ContactWrite(email: "\(name)@acme.test", fields: ["firstName": .string(name), "accountName": "Acme"])
                ).id
                #expect(await connection.account.person(id: id)?.firstName == name)
            }
            #expect(connection.notices.lines.count == 1)
            // Asked twice, since the API is known to refuse by mistake, and not again for the second person.
            #expect(await connection.account.counters().calls["GET /accounts"] == 2)
            let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.describeAccounts() }
            #expect(error?.code == "accounts-not-available")
            #expect(error?.errorClass == .permanent)
        }
        try await withSandbox(apiKey: "wrong") { connection in
            let error = await #expect(throws: SyncError.self) { _ = try await connection.marketing.describeAccounts() }
            #expect(error?.errorClass == .auth)
        }
    }

    @Test("MAP-4 a refusal right after a write that worked is no lack of the plan: the name is left to be written")
    func refusedOnce() async throws {
        try await withSandbox { connection in
            let write = ContactWrite(email: "ann@acme.test", fields: ["accountName": "Acme"])
            _ = try await connection.marketing.write(write)
            await connection.account.play(FaultPlan(rules: [.init(.unauthorized, method: "DELETE", path: "*/accountContacts/*")]))
            let moved = try await connection.marketing.write(
                ContactWrite(email: "ann@acme.test", fields: ["accountName": "Bolt"]))
            #expect(moved.unfinished?.errorClass == .transient && connection.notices.lines.isEmpty)
            await connection.account.play(FaultPlan(rules: []))
            let again = try await connection.marketing.write(
                ContactWrite(email: "ann@acme.test", fields: ["accountName": "Bolt"]))
            #expect(again.unfinished == nil)
            #expect(await connection.account.person(id: again.id)?.account == "Bolt")
        }
    }
}
