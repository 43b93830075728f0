import Connectors
import Contracts
import Foundation
import SyncCore
import Testing

@testable import Salesforce

@Suite("RUN-5 what an export sends, and answers that no emulated org gives")
struct ExportWireTests {
    private static let request = CRMExportRequest(
        object: .contact, scope: .all, fields: ["LastName", "Income__c", "DoNotCall", "Colors__c", "Seen__c", "Birthdate"])
    private static let header =
        "\"Id\",\"Tandem_Id__c\",\"Tandem_Sync_Status__c\",\"LastModifiedDate\",\"Email\",\"SystemModstamp\",\"CreatedDate\","
        + "\"IsDeleted\",\"LastName\",\"Income__c\",\"DoNotCall\",\"Colors__c\",\"Seen__c\",\"Birthdate\"\n"

    private static func row(_ number: Int) -> String {
        "\(number),t:\(number),,2027-01-15T08:00:00.000Z,a@b.c,2027-01-15T08:01:00.000Z,2026-01-15T08:01:00.000+0000,false,"
            + "\"Lee, \(number)\",9.12E8,true,red;blue,2027-01-15T08:02:00.000Z,1980-02-29\n"
    }

    private static func page(_ rows: Int, stated: Int? = nil, locator: String? = "null") -> HTTPResponse {
        var headers = ["sforce-numberofrecords": "\(stated ?? rows)"]
        headers["sforce-locator"] = locator
        return HTTPResponse(status: 200, headers: headers, body: Array((header + (0..<rows).map(row).joined()).utf8))
    }

    /// The records of a page in the groups in which they came.
    private func groups(
        _ connection: Connection, from locator: String? = nil, skipping: Int = 0
    ) async throws -> (page: CRMExportPage, groups: [[CRMRecord]]) {
        var groups: [[CRMRecord]] = []
        let page = try await connection.crm.exportPage(
            "750A", of: Self.request, from: locator, skipping: skipping, limit: 5_000
        ) { groups.append($0) }
        return (page, groups)
    }

    @Test("A job is a query without an order")
    func start() async throws {
        let connection = Connection { _ throws(TransportError) in .json(200, ["id": "750A", "state": "UploadComplete"]) }
        #expect(try await connection.crm.startExport(Self.request) == "750A")
        let call = try #require(await connection.org.calls.first)
        #expect(call.request.method == "POST" && call.path == "/services/data/v62.0/jobs/query")
        #expect(call.body["operation"] == "query")
        #expect(
            call.body["query"]?.stringValue == "SELECT Id,Tandem_Id__c,Tandem_Sync_Status__c,LastModifiedDate,Email,"
                + "SystemModstamp,CreatedDate,IsDeleted,LastName,Income__c,DoNotCall,Colors__c,Seen__c,Birthdate FROM Contact "
                + "WHERE Id != null")
    }

    @Test("Rows are records as a poll would have read them, whatever the CSV writes")
    func records() async throws {
        let connection = Connection { _ throws(TransportError) in Self.page(1) }
        let record = try #require(try await groups(connection).groups.first?.first)
        #expect(record.id == "0" && record.externalID == "t:0" && record.syncStatus == nil && !record.isDeleted)
        #expect(record.stamp == Timestamp(iso8601: "2027-01-15T08:01:00Z"))
        #expect(record.createdAt == Timestamp(iso8601: "2026-01-15T08:01:00Z"))
        #expect(
            record.values == [
                "LastName": .text("Lee, 0"), "Income__c": .number(912_000_000), "DoNotCall": .boolean(true),
                "Colors__c": .choices(["blue", "red"]), "Seen__c": .instant(Timestamp(seconds: 1_800_000_120)),
                "Birthdate": .date(CalendarDate(year: 1980, month: 2, day: 29)),
            ])
    }

    @Test("RUN-3 a page is gone on with after the records taken before, in groups, each before more is read")
    func resume() async throws {
        let connection = Connection { _ throws(TransportError) in Self.page(4_500, locator: "MTAw") }
        let (page, groups) = try await groups(connection, from: "NTA=", skipping: 499)
        #expect(page == CRMExportPage(records: 4_500, next: "MTAw"))
        #expect(groups.map(\.count) == Array(repeating: CRMExportPage.group, count: 8) + [1])
        #expect(groups.first?.first?.id == "499" && groups.last?.last?.id == "4499")
        let path = try #require(await connection.org.calls.first?.path)
        #expect(path == "/services/data/v62.0/jobs/query/750A/results?maxRecords=5000&locator=NTA%3D")
    }

    @Test("The literal locator null ends the pages, and so does an answer without anything")
    func end() async throws {
        let last = Connection { _ throws(TransportError) in Self.page(2) }
        #expect(try await groups(last).page == CRMExportPage(records: 2, next: nil))
        let nothing = Connection { _ throws(TransportError) in HTTPResponse(status: 200) }
        #expect(try await groups(nothing).page == CRMExportPage(records: 0, next: nil))
    }

    @Test("RUN-4 a page with fewer records than stated, or that does not say what comes next, is not taken for whole")
    func cut() async throws {
        for page in [Self.page(2, stated: 3), Self.page(2, locator: nil)] {
            let connection = Connection { _ throws(TransportError) in page }
            let error = await #expect(throws: SyncError.self) { try await groups(connection) }
            #expect(error?.errorClass == .transient)
        }
    }

    @Test("What the taker throws ends the reading and is thrown on")
    func takerFails() async throws {
        struct Full: Error {}
        let connection = Connection { _ throws(TransportError) in Self.page(4_000) }
        var taken = 0
        await #expect(throws: Full.self) {
            _ = try await connection.crm.exportPage("750A", of: Self.request, from: nil, skipping: 0, limit: 5_000) { records in
                taken += records.count
                throw Full()
            }
        }
        #expect(taken == CRMExportPage.group)
    }

    @Test("A dead session is replaced while a page is asked for")
    func deadSession() async throws {
        let connection = Connection { call throws(TransportError) in
            call.number == 1 ? .refusal(401, "INVALID_SESSION_ID") : Self.page(1)
        }
        #expect(try await groups(connection).page.records == 1)
    }

    @Test("A job's state is running, finished, failed or gone")
    func states() async throws {
        let states: [(JSONValue, CRMExportState)] = [
            (["state": "UploadComplete"], .running), (["state": "InProgress"], .running),
            (["state": "JobComplete", "numberRecordsProcessed": 7], .finished(records: 7)),
            (
                ["state": "Failed", "errorMessage": "QUERY_TIMEOUT: too slow"],
                .failed(SyncError(.transient, code: "QUERY_TIMEOUT", message: "QUERY_TIMEOUT: too slow"))
            ),
            (
                ["state": "Failed", "errorMessage": "INVALID_FIELD: No such column 'X'"],
                .failed(SyncError(.schema, code: "INVALID_FIELD", message: "INVALID_FIELD: No such column 'X'"))
            ),
            (["state": "Aborted"], .failed(BulkErrors.gone)),
        ]
        for (answer, state) in states {
            let connection = Connection { _ throws(TransportError) in .json(200, answer) }
            #expect(try await connection.crm.exportState("750A") == state)
        }
    }

    @Test("A job that expired, was deleted or is another version's is gone", arguments: [404, 409])
    func gone(status: Int) async throws {
        let connection = Connection { _ throws(TransportError) in .refusal(status, "NOT_FOUND") }
        #expect(try await connection.crm.exportState("750A") == .failed(BulkErrors.gone))
        let error = await #expect(throws: SyncError.self) { try await groups(connection) }
        #expect(error?.code == SyncError.bulkGone)
    }

    @Test("IN-9 a full quota of jobs is told apart from every other refusal", arguments: ["LIMIT_EXCEEDED", "ExceededQuota"])
    func quota(code: String) async throws {
        let connection = Connection { _ throws(TransportError) in .refusal(400, code) }
        let error = await #expect(throws: SyncError.self) { try await connection.crm.startExport(Self.request) }
        #expect(error?.code == SyncError.bulkQuota && error?.errorClass == .permanent)
    }

    @Test("A refused job names the field that is gone")
    func goneField() async throws {
        let connection = Connection { _ throws(TransportError) in .refusal(400, "INVALID_FIELD", "No such column") }
        _ = try await connection.crm.describe(.contact)
        await connection.org.hide("LastName")
        let error = await #expect(throws: SyncError.self) { try await connection.crm.startExport(Self.request) }
        #expect(error?.errorClass == .schema && error?.fields == ["LastName"])
    }

    @Test("A job that is done is deleted, one that runs is aborted, and one that is gone is no trouble")
    func ending() async throws {
        let running = Connection { call throws(TransportError) in
            call.number == 1 ? .refusal(400, "INVALIDJOBSTATE") : .json(200, ["state": "Aborted"])
        }
        try await running.crm.endExport("750A")
        #expect(await running.org.calls.map(\.request.method) == ["DELETE", "PATCH"])
        #expect(await running.org.calls.last?.body == ["state": "Aborted"])
        for answer in [HTTPResponse(status: 204), .refusal(404, "NOT_FOUND")] {
            let done = Connection { _ throws(TransportError) in answer }
            try await done.crm.endExport("750A")
            #expect(await done.org.calls.count == 1)
        }
    }
}
