import Connectors
import Contracts
import Foundation
import SyncCore
import Testing

@testable import Salesforce

@Suite("What a poll sends, and answers that no emulated org gives")
struct FeedWireTests {
    private static let request = CRMFeedRequest(
        object: .contact, scope: .changed(from: Timestamp(seconds: 1_800_000_000), until: Timestamp(seconds: 1_800_003_600)),
        fields: ["LastName"], after: CRMCursor(stamp: Timestamp(seconds: 1_800_000_060), id: "003xx000004TmiAAAS"))

    private static func row(_ number: Int) -> JSONValue {
        ["Id": .string("\(number)"), "SystemModstamp": "2027-01-15T08:01:00.000+0000", "LastName": "Lee"]
    }

    @Test("OUT-7 the query is the range, then what comes after the cursor, in one order for both")
    func query() async throws {
        let connection = Connection { _ throws(TransportError) in
            .parts([(200, ["totalSize": 0, "done": true, "records": []])])
        }
        _ = try await connection.crm.page(Self.request)
        let url = try #require(await connection.org.calls.first?.parts.first?["url"]?.stringValue)
        let parts = url.split(separator: "?q=")
        #expect(parts.first == "/services/data/v62.0/queryAll")
        #expect(
            parts.last?.removingPercentEncoding == "SELECT Id,Tandem_Id__c,Tandem_Sync_Status__c,LastModifiedDate,Email,"
                + "SystemModstamp,CreatedDate,IsDeleted,LastName FROM Contact "
                + "WHERE SystemModstamp >= 2027-01-15T08:00:00.000Z AND SystemModstamp < 2027-01-15T09:00:00.000Z "
                + "AND (SystemModstamp > 2027-01-15T08:01:00.000Z "
                + "OR (SystemModstamp = 2027-01-15T08:01:00.000Z AND Id > '003xx000004TmiAAAS')) "
                + "ORDER BY SystemModstamp, Id LIMIT 2000")
    }

    @Test("OUT-7 a page that Salesforce cuts into smaller ones, and of which a row vanished meanwhile, is not the last")
    func cutPage() async throws {
        let connection = Connection { call throws(TransportError) in
            if call.path.hasSuffix("/query/0r8-1000") {
                return .json(200, ["totalSize": 2000, "done": true, "records": .array((1000..<1999).map(Self.row))])
            }
            let first: JSONValue = [
                "totalSize": 2000, "done": false, "nextRecordsUrl": "/services/data/v62.0/query/0r8-1000",
                "records": .array((0..<1000).map(Self.row)),
            ]
            return .parts([(200, first)])
        }
        let page = try await connection.crm.page(Self.request)
        #expect(page.records.count == 1999)
        #expect(page.next == CRMCursor(stamp: Timestamp(iso8601: "2027-01-15T08:01:00Z"), id: "1998"))
        #expect(await connection.org.calls.count == 2)
    }

    @Test("A row without a stamp is no answer to go on from")
    func noStamp() async throws {
        let connection = Connection { _ throws(TransportError) in
            .parts([(200, ["totalSize": 1, "done": true, "records": [["Id": "1", "SystemModstamp": .null]]])])
        }
        let error = await #expect(throws: SyncError.self) { try await connection.crm.page(Self.request) }
        #expect(error?.errorClass == .transient)
    }

    @Test("A server that does not tell its time is not polled by ours")
    func noServerTime() async throws {
        let connection = Connection { _ throws(TransportError) in .json(200, []) }
        let error = await #expect(throws: SyncError.self) { try await connection.crm.serverTime() }
        #expect(error?.errorClass == .transient)
        #expect(await connection.org.calls.map(\.path) == ["/services/data"])
    }

    @Test("A refused poll names the field that is gone")
    func goneField() async throws {
        let connection = Connection { _ throws(TransportError) in
            .parts([(400, [["errorCode": "INVALID_FIELD", "message": "No such column 'LastName'"]])])
        }
        _ = try await connection.crm.describe(.contact)
        await connection.org.hide("LastName")
        let error = await #expect(throws: SyncError.self) { try await connection.crm.page(Self.request) }
        #expect(error?.errorClass == .schema)
        #expect(error?.fields == ["LastName"])
    }

    @Test(
        "Dates of answers are read in the one form that servers send",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"), ("Tue, 29 Feb 2028 23:59:59 GMT", "2028-02-29T23:59:59Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Thu, 30 Feb 2028 00:00:00 GMT", nil), ("2027-01-15T08:01:00Z", nil),
            ("Sun, 06 Abc 1994 08:49:37 GMT", nil), ("", nil),
        ] as [(String, String?)])
    func httpDates(text: String, expected: String?) {
        #expect(HTTPDate.read(text) == expected.flatMap(Timestamp.init(iso8601:)))
    }
}
