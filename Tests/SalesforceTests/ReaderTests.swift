import Connectors
import Contracts
import Foundation
import SyncCore
import Testing

@testable import Salesforce

@Suite("Reading from Salesforce")
struct ReaderTests {
    private static let id = "003xx000004TmiAAAS"

    @Test("IN-9 the conflict read of contacts and leads is one call; values come typed, holes stay missing")
    func oneCall() async throws {
        let row: JSONValue = [
            "attributes": ["type": "Contact"], "Id": .string(Self.id), "Tandem_Id__c": "T1", "Tandem_Sync_Status__c": .null,
            "LastModifiedDate": "2026-11-06T17:38:40.000+0000", "Email": "ann@acme.test", "LastName": " ",
            "Birthdate": "2008-01-20", "Income__c": .double(1.0E7), "DoNotCall": true, "Colors__c": "Red;Blue",
            "Seen__c": "2026-11-06T17:38:40.000+0000",
        ]
        let connection = Connection { call throws(TransportError) in
            .parts(call.parts.map { $0["method"] == "POST" ? (200, [row, .null]) : (200, ["done": true, "records": []]) })
        }
        let keys = [CRMCandidateKey(externalID: "T9", email: "new@acme.test")]
        let result = try await connection.crm.read(
            CRMReadRequest(
                ids: [.contact: ["003xx000004TmiBAAS", Self.id], .lead: ["nonsense", "00Qxx000004TmiA'"]],
                candidates: [.contact: keys, .lead: keys],
                fields: [.contact: ["LastName", "Birthdate", "Income__c", "DoNotCall", "Colors__c", "Seen__c"]]
            ))
        let at = try #require(Timestamp(iso8601: "2026-11-06T17:38:40Z"))
        let record = CRMRecord(
            object: .contact, id: Self.id,
            values: [
                "LastName": .blank, "Birthdate": .date(CalendarDate(year: 2008, month: 1, day: 20)),
                "Income__c": .number(10_000_000),
                "DoNotCall": .boolean(true), "Colors__c": .choices(["Blue", "Red"]), "Seen__c": .instant(at),
            ], externalID: "T1", syncStatus: nil, modifiedAt: at
        )
        #expect(result.byID[.contact]?.values.map(\.self) == [record])
        #expect(result.byID[.lead] == nil)
        let calls = await connection.org.calls
        #expect(calls.count == 1)
        #expect(calls.first?.parts.count == 3)
    }

    @Test("Candidates are found by external ID or email, both ignoring case, also beyond the first page")
    func candidates() async throws {
        @Sendable func person(_ id: String, _ externalID: JSONValue, _ email: JSONValue) -> JSONValue {
            [
                "Id": .string(id), "Tandem_Id__c": externalID, "Email": email, "LastModifiedDate": .null,
                "Tandem_Sync_Status__c": .null,
            ]
        }
        let connection = Connection { call throws(TransportError) in
            guard call.path.hasSuffix("/query/0r8-2000") else {
                let page: JSONValue = [
                    "done": false, "nextRecordsUrl": "/services/data/v62.0/query/0r8-2000",
                    "records": [person("1", "t1", "Ann@acme.test"), person("2", .null, "ann@ACME.test")],
                ]
                return .parts([(200, page)])
            }
            return .json(200, ["done": true, "records": [person("3", "T3", .null)]])
        }
        let first = CRMCandidateKey(externalID: "T1", email: "ann@acme.test")
        let third = CRMCandidateKey(externalID: "T3", email: nil)
        let absent = CRMCandidateKey(externalID: "T4", email: "nobody@acme.test")
        let result = try await connection.crm.read(CRMReadRequest(candidates: [.contact: [first, third, absent]]))
        let found = try #require(result.candidates[.contact])
        #expect(found[first]?.map(\.id) == ["1", "2"])
        #expect(found[third]?.map(\.id) == ["3"])
        #expect(found[absent] == nil)
    }

    @Test("Queries quote what people type, stay under the limit, and look for no converted lead's email")
    func queries() async throws {
        let connection = Connection { call throws(TransportError) in
            .parts(call.parts.map { _ in (200, ["done": true, "records": []]) })
        }
        let odd = CRMCandidateKey(externalID: #"a\b"#, email: "O'Brien@acme.test")
        _ = try await connection.crm.read(CRMReadRequest(candidates: [.lead: [odd]]))
        let url = try #require(await connection.org.calls.first?.parts.first?["url"]?.stringValue)
        let query = try #require(url.removingPercentEncoding)
        #expect(
            query.hasSuffix(
                #"FROM Lead WHERE Tandem_Id__c IN ('a\\b') OR (Email IN ('O\'Brien@acme.test') AND IsConverted = false)"#))
        let many = (0..<4000).map { CRMCandidateKey(externalID: "external-\($0)", email: "person-\($0)@some-company.test") }
        _ = try await connection.crm.read(CRMReadRequest(candidates: [.contact: many]))
        let parts = try #require(await connection.org.calls.last?.parts)
        let queries = parts.compactMap { $0["url"]?.stringValue?.removingPercentEncoding }
        #expect(queries.count == 3)
        #expect(queries.allSatisfy { $0.count < 100_000 })
        #expect(queries.reduce(0) { $0 + $1.components(separatedBy: "'external-").count - 1 } == many.count)
    }

    @Test("GEN-6 a record whose creation is in doubt is looked for among the deleted ones, too, by its external ID alone")
    func inDoubt() async throws {
        let connection = Connection { call throws(TransportError) in
            .parts(
                call.parts.map { part in
                    let row: JSONValue = [
                        "Id": .string(Self.id), "Tandem_Id__c": "T1", "Email": "ann@acme.test", "IsDeleted": true,
                        "CreatedDate": "2027-01-15T08:00:00.000+0000",
                    ]
                    let isAll = part["url"]?.stringValue?.contains("/queryAll?") ?? false
                    return (200, ["done": true, "records": isAll ? [row] : []])
                })
        }
        let sure = CRMCandidateKey(externalID: "T2", email: "ann@acme.test")
        let inDoubt = CRMCandidateKey(externalID: "T1", email: "ann@acme.test", isInDoubt: true)
        let found = try await connection.crm.read(CRMReadRequest(candidates: [.contact: [inDoubt, sure]])).candidates[.contact]
        #expect(found?[inDoubt]?.map(\.isDeleted) == [true] && found?[inDoubt]?.first?.createdAt != nil)
        #expect(found?[sure] == nil)
        let call = try #require(await connection.org.calls.last)
        #expect(call.parts.count == 2)
        let query = call.parts.last?["url"]?.stringValue?.removingPercentEncoding ?? ""
        #expect(query.hasSuffix("FROM Contact WHERE Tandem_Id__c IN ('T1') AND IsDeleted = true"))
    }

    @Test(
        "A field that is gone is a schema error that names it, asked for or Tandem's own",
        arguments: ["Income__c", "Tandem_Id__c"])
    func missingField(field: String) async throws {
        let connection = Connection { _ throws(TransportError) in
            .parts([(400, [["errorCode": "INVALID_FIELD", "message": "No such column"]])])
        }
        _ = try await connection.crm.describe(.contact)
        await connection.org.hide(field)
        let result = try await connection.crm.read(
            CRMReadRequest(ids: [.contact: [Self.id]], fields: [.contact: ["Income__c"]]))
        #expect(result.byID.isEmpty)
        #expect(result.failures[.contact]?.errorClass == .schema)
        #expect(result.failures[.contact]?.fields == [field])
    }

    @Test("Nothing to read costs nothing")
    func nothing() async throws {
        let connection = Connection { _ throws(TransportError) in .parts([]) }
        #expect(try await connection.crm.read(CRMReadRequest()) == CRMReadResult())
        #expect(await connection.org.calls.isEmpty)
    }

    @Test(
        "Ids are known by their form and checksum",
        arguments: [
            ("a0BA0000000L2ZC", true), ("a0BA0000000L2ZCMA0", true), ("70130000001tcyIAAQ", true), ("00558000001N0KeAAK", true),
            ("001xx000003DGb2AAG", true), ("001xx000003DGb2AAA", false), ("001xx000003DGb2AA", false), ("", false),
            ("001xx000003DGb'", false), ("ü01xx000003DGb2", false),
        ])
    func ids(text: String, isID: Bool) {
        #expect(RecordID.isWellFormed(text) == isID)
    }
}
