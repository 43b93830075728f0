import Connectors
import Contracts
import Foundation
import SyncCore
import Testing

@testable import Salesforce

@Suite("IN-9 what an import sends, and answers that no emulated org gives")
struct ImportWireTests {
    private static func csv(_ text: String) -> HTTPResponse { HTTPResponse(status: 200, body: Array(text.utf8)) }

    private static func write(_ target: CRMWrite.Target, _ values: [String: FieldValue]) -> CRMWrite {
        CRMWrite(object: .contact, target: target, values: values, syncStatus: "Synced")
    }

    @Test("A job names its object, its operation and the key of an upsert")
    func open() async throws {
        let connection = Connection { _ throws(TransportError) in .json(200, ["id": "750A", "state": "Open"]) }
        #expect(try await connection.crm.openImport(of: .lead, .upsert) == "750A")
        _ = try await connection.crm.openImport(of: .contact, .update)
        let bodies = await connection.org.calls.map(\.body)
        #expect(bodies[0]["object"] == "Lead" && bodies[0]["operation"] == "upsert")
        #expect(bodies[0]["externalIdFieldName"] == "Tandem_Id__c")
        #expect(bodies[1]["object"] == "Contact" && bodies[1]["operation"] == "update")
        #expect(bodies[1]["externalIdFieldName"] == nil)
        #expect(await connection.org.calls.allSatisfy { $0.path == "/services/data/v62.0/jobs/ingest" })
    }

    @Test("The upload is CSV: a field that is not written is empty, a blank one cleared, and quotes are doubled")
    func upload() async throws {
        let connection = Connection { _ throws(TransportError) in HTTPResponse(status: 201) }
        try await connection.crm.upload(
            [
                Self.write(.update(id: "003A"), ["LastName": .text("O\"Neil,\nJr"), "Income__c": .number(1.5)]),
                Self.write(.update(id: "003B"), ["Birthdate": .blank, "DoNotCall": .boolean(true)]),
                Self.write(.update(id: "003C"), ["NoSuch__c": .text("x")]),
            ], toImport: "750A")
        let request = try #require(await connection.org.calls.first?.request)
        #expect(request.method == "PUT" && request.url.hasSuffix("/jobs/ingest/750A/batches"))
        #expect(request.headers["Content-Type"]?.hasPrefix("text/csv") == true)
        #expect(
            String(decoding: request.body, as: UTF8.self) == """
                "Birthdate","DoNotCall","Id","Income__c","LastName","Tandem_Sync_Status__c"
                ,,"003A","1.5","O""Neil,
                Jr","Synced"
                "#N/A","true","003B",,,"Synced"

                """)
    }

    @Test("An upload of which nothing can be sent says why, and a text that would clear its field is not for an import")
    func refusedUpload() async throws {
        let connection = Connection { _ throws(TransportError) in HTTPResponse(status: 201) }
        let nothing = [Self.write(.update(id: "003C"), ["NoSuch__c": .text("x")])]
        let error = await #expect(throws: SyncError.self) { try await connection.crm.upload(nothing, toImport: "750A") }
        #expect(error?.fields == ["NoSuch__c"])
        #expect(await connection.org.calls.isEmpty)
        #expect(connection.crm.canImport(Self.write(.update(id: "1"), ["LastName": .text("Lee")])))
        #expect(!connection.crm.canImport(Self.write(.update(id: "1"), ["LastName": .text("#N/A")])))
        let long = FieldValue.text(String(repeating: "x", count: 32_001))
        #expect(!connection.crm.canImport(Self.write(.update(id: "1"), ["LastName": long])))
    }

    @Test("IN-10 each row has its own result, whatever the order, with the vendor's own code, message and fields")
    func results() async throws {
        let connection = Connection { call throws(TransportError) in
            call.path.hasSuffix("/successfulResults")
                ? Self.csv(
                    "\"sf__Id\",\"sf__Created\",\"LastName\",\"Tandem_Id__c\"\n\"003B\",\"true\",\"Lee\",\"t:2\"\n003A,false,Lee,t:1\n"
                )
                : Self.csv(
                    "sf__Id,sf__Error,LastName,Tandem_Id__c\n"
                        + ",\"REQUIRED_FIELD_MISSING:Required fields are missing: [LastName, Company]:LastName,Company --\",,t:3\n"
                        + ",\"UNABLE_TO_LOCK_ROW:unable to obtain\nexclusive access:--\",,t:4\n"
                        + ",DUPLICATE_VALUE:duplicate value found: X:--,,t:5\n,What is this,,t:6\n")
        }
        let results = try await connection.crm.importResults("750A", of: .contact, .upsert)
        #expect(results.count == 6)
        #expect(try results["t:1"]?.get() == CRMWriteSuccess(id: "003A", created: false))
        #expect(try results["t:2"]?.get() == CRMWriteSuccess(id: "003B", created: true))
        #expect(
            results["t:3"]?.failure
                == SyncError(
                    .permanent, code: "REQUIRED_FIELD_MISSING", message: "Required fields are missing: [LastName, Company]",
                    fields: ["LastName", "Company"]))
        #expect(results["t:4"]?.failure?.errorClass == .lock && results["t:4"]?.failure?.fields == [])
        #expect(results["t:5"]?.failure?.errorClass == .inDoubt)
        #expect(results["t:6"]?.failure == SyncError(.permanent, code: "bulk-row-failed", message: "What is this"))
    }

    @Test("Results that break off are no results")
    func cutResults() async throws {
        let connection = Connection { _ throws(TransportError) in Self.csv("sf__Id,sf__Error,Id\n,X") }
        let error = await #expect(throws: SyncError.self) {
            try await connection.crm.importResults("750A", of: .contact, .update)
        }
        #expect(error?.errorClass == .transient)
    }

    @Test("A job's state is open, running, finished or failed")
    func states() async throws {
        let missing = "InvalidBatch : Field name not found : X"
        let states: [(JSONValue, CRMImportState)] = [
            (["state": "Open"], .open), (["state": "UploadComplete"], .running), (["state": "InProgress"], .running),
            (["state": "JobComplete", "numberRecordsProcessed": 7], .finished),
            (
                ["state": "Failed", "errorMessage": .string(missing)],
                .failed(SyncError(.schema, code: "InvalidBatch", message: missing))
            ),
            (
                ["state": "Failed", "errorMessage": "ExceededQuota : too many rows"],
                .failed(
                    SyncError(.permanent, code: SyncError.bulkQuota, message: "ExceededQuota: ExceededQuota : too many rows"))
            ),
        ]
        for (answer, state) in states {
            let connection = Connection { _ throws(TransportError) in .json(200, answer) }
            #expect(try await connection.crm.importState("750A") == state)
        }
        let gone = Connection { _ throws(TransportError) in .refusal(404, "NOT_FOUND") }
        #expect(try await gone.crm.importState("750A") == .failed(BulkErrors.gone))
    }

    @Test("To abort a job that ended or is gone is harmless")
    func abort() async throws {
        for answer in [HTTPResponse.refusal(400, "INVALIDJOBSTATE"), .refusal(404, "NOT_FOUND"), .json(200, [:])] {
            let connection = Connection { _ throws(TransportError) in answer }
            try await connection.crm.abortImport("750A")
        }
        let down = Connection { _ throws(TransportError) in HTTPResponse(status: 503) }
        await #expect(throws: SyncError.self) { try await down.crm.abortImport("750A") }
    }
}
