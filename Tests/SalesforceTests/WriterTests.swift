import Connectors
import Contracts
import Foundation
import SyncCore
import Testing

@testable import Salesforce

@Suite("Writing to Salesforce")
struct WriterTests {
    @Test("IN-9 a mixed batch is one call, its headers keep owners and name the client, and results come back in order")
    func packing() async throws {
        let connection = Connection { call throws(TransportError) in
            .parts(
                call.parts.map { part in
                    (
                        200,
                        .array(
                            part.rows.map { row in
                                let key = row["id"] ?? row["Tandem_Id__c"] ?? .null
                                return [
                                    "id": .string("id of \(key.stringValue ?? "")"), "success": true,
                                    "created": .boolean(row["id"] == nil),
                                ]
                            })
                    )
                })
        }
        let writes = [
            upsert("lead-1", object: .lead), update("contact-1"), upsert("contact-2"), update("lead-2", object: .lead),
            update("contact-3"),
        ]
        let results = await connection.crm.write(writes)
        #expect(
            results == [
                .success(CRMWriteSuccess(id: "id of lead-1", created: true)),
                .success(CRMWriteSuccess(id: "id of contact-1", created: false)),
                .success(CRMWriteSuccess(id: "id of contact-2", created: true)),
                .success(CRMWriteSuccess(id: "id of lead-2", created: false)),
                .success(CRMWriteSuccess(id: "id of contact-3", created: false)),
            ])
        let calls = await connection.org.calls
        #expect(calls.count == 1)
        let parts = try #require(calls.first).parts
        let root = "/services/data/v62.0/composite/sobjects"
        #expect(parts.map { $0["url"]?.stringValue } == [root, "\(root)/Contact/Tandem_Id__c", "\(root)/Lead/Tandem_Id__c"])
        #expect(parts.allSatisfy { $0["method"] == "PATCH" && $0["body"]?["allOrNone"] == false })
        #expect(parts.allSatisfy { $0["httpHeaders"]?["Sforce-Auto-Assign"] == "FALSE" })
        #expect(parts.allSatisfy { $0["httpHeaders"]?["Sforce-Call-Options"] == "client=Tandem" })
        let types = parts[0].rows.map { $0["attributes"]?["type"]?.stringValue }
        #expect(types == ["Contact", "Contact", "Lead"])
    }

    @Test("Values travel in the API's forms; a stamp rides along with an update")
    func values() async throws {
        let connection = Connection { call throws(TransportError) in .parts(call.parts.map(\.allSaved)) }
        let write = CRMWrite(
            object: .contact, target: .update(id: "003"),
            values: [
                "LastName": .blank, "DoNotCall": .blank, "Birthdate": .date(CalendarDate(year: 908, month: 1, day: 20)),
                "Income__c": .number(60000.25), "Colors__c": .choices(["Blue", "Red"]),
                "Seen__c": .instant(Timestamp(seconds: 0)),
            ], stampExternalID: "T1"
        )
        _ = await connection.crm.write([write])
        let row = try #require(await connection.org.calls.first?.parts.first?.rows.first)
        #expect(
            row == [
                "attributes": ["type": "Contact"], "id": "003", "Tandem_Id__c": "T1", "LastName": .null, "DoNotCall": false,
                "Birthdate": "0908-01-20", "Income__c": .double(60000.25), "Colors__c": "Blue;Red",
                "Seen__c": "1970-01-01T00:00:00.000Z",
            ])
    }

    @Test("IN-10 one offender that sinks its whole part is found; all others are written, at a bounded price")
    func offender() async {
        let connection = Connection { call throws(TransportError) in
            .parts(
                call.parts.map { part in
                    guard part.rows.contains(where: { $0["LastName"] == "bad" }) else { return part.allSaved }
                    return (400, [["errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize instance of date"]])
                })
        }
        var writes = (0..<1000).map { update("id-\($0)") }
        writes[437] = update("id-437", "bad")
        let results = await connection.crm.write(writes)
        #expect(results.indices.filter { results[$0].failure != nil } == [437])
        #expect(results[437].failure?.code == "JSON_PARSER_ERROR")
        #expect(results[437].failure?.errorClass == .permanent)
        // 200 → 40 → 8 → 2 → 1
        #expect(await connection.org.calls.count == 5)
    }

    @Test("IN-10 a batch of nothing but offenders stops costing calls; what was not reached is tried later")
    func boundedSearch() async {
        let connection = Connection { call throws(TransportError) in
            .parts(call.parts.map { _ in (400, [["errorCode": "JSON_PARSER_ERROR", "message": "No"]]) })
        }
        let results = await connection.crm.write((0..<200).map { update("id-\($0)") })
        #expect(results.allSatisfy { [.permanent, .transient].contains($0.failure?.errorClass) })
        #expect(await connection.org.calls.count <= 40)
    }

    @Test("A field that vanished is found by one description, not by searching; records without it are written")
    func vanishedField() async {
        let connection = Connection { call throws(TransportError) in
            .parts(
                call.parts.map { part in
                    guard part.rows.contains(where: { $0["Income__c"] != nil }) else { return part.allSaved }
                    return (400, [["errorCode": "INVALID_FIELD", "message": "No such column 'Income__c'"]])
                })
        }
        _ = await connection.crm.write([update("id-x")])
        await connection.org.hide("Income__c")
        var writes = (0..<100).map { update("id-\($0)") }
        for index in 0..<50 { writes[index].values["Income__c"] = .number(1) }
        let results = await connection.crm.write(writes)
        #expect(results.prefix(50).allSatisfy { $0.failure?.errorClass == .schema && $0.failure?.fields == ["Income__c"] })
        #expect(results.suffix(50).allSatisfy { $0.failure == nil })
        #expect(await connection.org.calls.count == 3)
        #expect(await connection.org.descriptions == 2)
    }

    @Test("A field Salesforce never had costs no write at all")
    func unknownField() async {
        let connection = Connection { call throws(TransportError) in .parts(call.parts.map(\.allSaved)) }
        var wrong = update("id-1")
        wrong.values["Nope__c"] = .text("x")
        let results = await connection.crm.write([wrong])
        #expect(results.first?.failure?.errorClass == .schema)
        #expect(results.first?.failure?.fields == ["Nope__c"])
        #expect(await connection.org.calls.isEmpty)
    }

    @Test("Two writes to one record never share a call, however its id is written")
    func sameRecordTwice() async {
        let connection = Connection { call throws(TransportError) in .parts(call.parts.map(\.allSaved)) }
        let writes = [
            update("003xx000004TmiA", "first"), update("003xx000004TmiAAAS", "second"), update("003xx000004Tmia"), upsert("a"),
            upsert("A"),
        ]
        let results = await connection.crm.write(writes)
        #expect(results.allSatisfy { $0.failure == nil })
        let calls = await connection.org.calls
        #expect(calls.map { $0.parts.reduce(0) { $0 + $1.rows.count } } == [3, 2])
        #expect(calls.first?.parts.first?.rows.first?["LastName"] == "first")
    }

    @Test("More than fits one call goes in several, and nothing is lost", arguments: [0, 1, 200, 201, 1000, 1001, 2345])
    func manyRows(count: Int) async {
        let connection = Connection { call throws(TransportError) in .parts(call.parts.map(\.allSaved)) }
        let results = await connection.crm.write((0..<count).map { update("id-\($0)") })
        #expect(results.count == count)
        #expect(results.allSatisfy { $0.failure == nil })
        let calls = await connection.org.calls
        #expect(calls.count == (count + 999) / 1000)
        #expect(calls.allSatisfy { $0.parts.count <= 5 && $0.parts.allSatisfy { $0.rows.count <= 200 } })
    }
}
