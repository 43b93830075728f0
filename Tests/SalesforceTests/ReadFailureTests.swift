import Connectors
import Contracts
import SyncCore
import Testing

@testable import Salesforce

@Suite("Reading from Salesforce when one object fails")
struct ReadFailureTests {
    private static let contact = "003xx000004TmiAAAS"
    private static let lead = "00Qxx0000001111"
    private static let row: JSONValue = ["Id": .string(contact), "LastName": "Lee"]
    private static let request = CRMReadRequest(
        ids: [.contact: [contact], .lead: [lead]],
        candidates: [
            .contact: [CRMCandidateKey(externalID: "T1", email: nil)], .lead: [CRMCandidateKey(externalID: "T2", email: nil)],
        ],
        fields: [.contact: ["LastName"], .lead: ["LastName"]]
    )

    /// What a healthy org answers to a part.
    private static func healthy(_ part: JSONValue) -> (Int, JSONValue) {
        part["method"] == "POST" ? (200, [row]) : (200, ["done": true, "records": []])
    }

    private static func isLead(_ part: JSONValue) -> Bool {
        part["url"]?.stringValue?.contains("Lead") == true
    }

    @Test(
        "A field that Lead does not have stops no contact, whether it is Tandem's own or a mapped one",
        arguments: ["Tandem_Id__c", "LastName"])
    func missingField(field: String) async throws {
        let connection = Connection { call throws(TransportError) in .parts(call.parts.map(Self.healthy)) }
        await connection.org.hide(field, of: .lead)
        let result = try await connection.crm.read(Self.request)
        #expect(result.byID[.contact]?.keys.sorted() == [Self.contact])
        #expect(result.byID[.lead] == nil)
        #expect(result.failures == [.lead: .missingFields([field], object: .lead)])
        let parts = try #require(await connection.org.calls.first).parts
        #expect(parts.count == 2)
        #expect(!parts.contains(where: Self.isLead))
    }

    @Test(
        "A refused part is its object's failure, with nothing half read left of it",
        arguments: [("MALFORMED_QUERY", ErrorClass.permanent), ("INVALID_TYPE", .schema)])
    func refusedQuery(code: String, expected: ErrorClass) async throws {
        let connection = Connection { call throws(TransportError) in
            .parts(
                call.parts.map { part in
                    // The retrieve of leads succeeds, their query does not.
                    guard Self.isLead(part), part["method"] == "GET" else { return Self.healthy(part) }
                    return (400, [["errorCode": .string(code), "message": "No"]])
                })
        }
        let result = try await connection.crm.read(Self.request)
        #expect(result.byID.keys.map(\.self) == [.contact])
        #expect(result.candidates[.lead] == nil)
        #expect(result.failures == [.lead: SyncError(expected, code: code, message: "No")])
    }

    @Test("An object that failed is not asked for again in the further calls of the same read")
    func furtherCalls() async throws {
        let connection = Connection { call throws(TransportError) in
            .parts(call.parts.map { _ in (400, [["errorCode": "MALFORMED_QUERY", "message": "No"]]) })
        }
        let keys = (0..<12_000).map { CRMCandidateKey(externalID: "external-\($0)", email: "person-\($0)@some-company.test") }
        let result = try await connection.crm.read(CRMReadRequest(candidates: [.contact: keys]))
        #expect(result.failures[.contact]?.code == "MALFORMED_QUERY")
        #expect(await connection.org.calls.count == 1)
    }

    @Test(
        "What concerns more than the object still fails the whole read",
        arguments: [
            (500, "UNKNOWN_EXCEPTION", ErrorClass.transient), (403, "API_DISABLED_FOR_ORG", .auth),
            (400, "QUERY_TIMEOUT", .transient),
        ])
    func everyone(status: Int, code: String, expected: ErrorClass) async {
        let connection = Connection { call throws(TransportError) in
            .parts(
                call.parts.map { part in
                    Self.isLead(part) ? (status, [["errorCode": .string(code), "message": "No"]]) : Self.healthy(part)
                })
        }
        let error = await #expect(throws: SyncError.self) { try await connection.crm.read(Self.request) }
        #expect(error?.errorClass == expected)
    }
}
