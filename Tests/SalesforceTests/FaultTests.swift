import Connectors
import Contracts
import SyncCore
import Testing

@testable import Salesforce

@Suite("Faults of the org and the network")
struct FaultTests {
    private static let html = HTTPResponse(status: 503, body: Array("<html>maintenance</html>".utf8))

    /// What the org does, what it means for a write, and what for a read.
    struct Fault: Sendable {
        var name: String
        var script: ScriptedOrg.Script
        var write: ErrorClass
        var read: ErrorClass
    }

    static let faults: [Fault] = [
        Fault(name: "not sent", script: { _ throws(TransportError) in throw .notSent("x") }, write: .transient, read: .transient),
        Fault(
            name: "answer lost", script: { _ throws(TransportError) in throw .inDoubt("x") }, write: .inDoubt, read: .transient),
        Fault(name: "cancelled", script: { _ throws(TransportError) in throw .cancelled }, write: .inDoubt, read: .transient),
        Fault(name: "maintenance page", script: { _ throws(TransportError) in html }, write: .inDoubt, read: .transient),
        Fault(
            name: "internal error", script: { _ throws(TransportError) in .refusal(500, "UNKNOWN_EXCEPTION") }, write: .inDoubt,
            read: .transient
        ),
        Fault(
            name: "cut body",
            script: { _ throws(TransportError) in HTTPResponse(status: 200, body: Array("{\"compositeRes".utf8)) },
            write: .inDoubt, read: .transient
        ),
        Fault(
            name: "empty body", script: { _ throws(TransportError) in HTTPResponse(status: 200) }, write: .inDoubt,
            read: .transient),
        Fault(name: "parts missing", script: { _ throws(TransportError) in .parts([]) }, write: .inDoubt, read: .transient),
        Fault(
            name: "part failed inside", script: { call throws(TransportError) in .parts(call.parts.map { _ in (500, .null) }) },
            write: .inDoubt, read: .transient
        ),
        Fault(
            name: "results missing", script: { call throws(TransportError) in .parts(call.parts.map { _ in (200, []) }) },
            write: .inDoubt, read: .transient
        ),
        Fault(
            name: "too many long calls",
            script: { _ throws(TransportError) in .refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.") },
            write: .transient, read: .transient
        ),
        Fault(
            name: "no API", script: { _ throws(TransportError) in .refusal(403, "API_DISABLED_FOR_ORG") }, write: .auth,
            read: .auth
        ),
        Fault(
            name: "version gone", script: { _ throws(TransportError) in .refusal(404, "NOT_FOUND") }, write: .auth, read: .auth),
        Fault(name: "login page", script: { _ throws(TransportError) in HTTPResponse(status: 302) }, write: .auth, read: .auth),
    ]

    @Test("Every fault of a whole call has its class, and every record of the call gets it", arguments: faults.indices)
    func wholeCall(index: Int) async {
        let fault = Self.faults[index]
        let connection = Connection(fault.script)
        let results = await connection.crm.write([update("id-1"), upsert("e-1")])
        #expect(results.map { $0.failure?.errorClass } == [fault.write, fault.write], "\(fault.name)")
        let error = await #expect(throws: SyncError.self) {
            try await connection.crm.read(CRMReadRequest(ids: [.contact: ["003xx000004TmiA"]]))
        }
        #expect(error?.errorClass == fault.read, "\(fault.name)")
    }

    @Test("IN-9 a full daily quota rests a quarter of an hour")
    func quota() async {
        let connection = Connection { _ throws(TransportError) in
            .refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        }
        let results = await connection.crm.write([update("id-1")])
        let until = connection.clock.now().advanced(by: .seconds(900))
        #expect(results.first?.failure?.errorClass == .rateLimited(until: until))
    }

    @Test("After a call that failed as a whole, the rest of the batch is not sent and not in doubt")
    func restAfterFailure() async {
        let connection = Connection { _ throws(TransportError) in throw .inDoubt("time-out") }
        let results = await connection.crm.write((0..<1500).map { update("id-\($0)") })
        #expect(results.prefix(1000).allSatisfy { $0.failure?.errorClass == .inDoubt })
        #expect(results.suffix(500).allSatisfy { $0.failure?.errorClass == .transient })
        #expect(await connection.org.calls.count == 1)
    }

    @Test("An expired session is renewed once and the call repeated; a second refusal is an auth error")
    func expiredSession() async {
        let once = Connection { call throws(TransportError) in
            call.number == 1
                ? .refusal(401, "INVALID_SESSION_ID", "Session expired or invalid") : .parts(call.parts.map(\.allSaved))
        }
        #expect(await once.crm.write([update("id-1")]).first?.failure == nil)
        #expect(await once.org.calls.count == 2)
        let always = Connection { _ throws(TransportError) in .refusal(401, "INVALID_SESSION_ID", "Session expired or invalid") }
        let error = await always.crm.write([update("id-1")]).first?.failure
        #expect(error == SyncError(.auth, code: "INVALID_SESSION_ID", message: "Session expired or invalid"))
        #expect(await always.org.calls.count == 2)
    }

    @Test(
        "IN-10 a record's own error keeps the vendor's code and words and has the class that decides",
        arguments: [
            ("UNABLE_TO_LOCK_ROW", ErrorClass.lock), ("REQUIRED_FIELD_MISSING", .permanent),
            ("FIELD_CUSTOM_VALIDATION_EXCEPTION", .permanent), ("STRING_TOO_LONG", .permanent),
            ("INVALID_EMAIL_ADDRESS", .permanent),
            ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", .permanent), ("DUPLICATE_VALUE", .permanent),
            ("DUPLICATES_DETECTED", .permanent), ("ENTITY_IS_DELETED", .permanent), ("CANNOT_UPDATE_CONVERTED_LEAD", .permanent),
            ("INSUFFICIENT_ACCESS_OR_READONLY", .permanent), ("STORAGE_LIMIT_EXCEEDED", .permanent),
            ("SOMETHING_NEW", .permanent), ("INVALID_FIELD_FOR_INSERT_UPDATE", .schema), ("UNKNOWN_EXCEPTION", .transient),
            ("SERVER_UNAVAILABLE", .transient), ("ALL_OR_NONE_OPERATION_ROLLED_BACK", .transient),
        ])
    func recordErrors(code: String, expected: ErrorClass) async {
        let results = await Self.refusingSecond(code).crm.write([update("a"), update("b")])
        #expect(results.first?.failure == nil)
        #expect(results.last?.failure == SyncError(expected, code: code, message: "Own words", fields: ["LastName"]))
    }

    @Test("IN-10 a create refused as a duplicate is in doubt: an earlier call of our own may have made the record")
    func duplicateCreate() async {
        let results = await Self.refusingSecond("DUPLICATE_VALUE").crm.write([upsert("a"), upsert("b")])
        #expect(results.first?.failure == nil)
        #expect(
            results.last?.failure == SyncError(.inDoubt, code: "DUPLICATE_VALUE", message: "Own words", fields: ["LastName"]))
    }

    @Test(
        "IN-10 what a record is denied is that record's error and never stops the integration",
        arguments: ["FORBIDDEN", "FUNCTIONALITY_NOT_ENABLED", "TXN_SECURITY_NO_ACCESS", "API_DISABLED_FOR_ORG"])
    func deniedRecord(code: String) async {
        let results = await Self.refusingSecond(code).crm.write([update("a"), update("b")])
        #expect(results.first?.failure == nil)
        #expect(results.last?.failure?.errorClass == .permanent)
        #expect(results.last?.failure?.code == code)
    }

    /// Saves the first record of a call and refuses the second.
    private static func refusingSecond(_ code: String) -> Connection {
        Connection { _ throws(TransportError) in
            .parts([
                (
                    200,
                    [
                        ["id": "a", "success": true, "errors": []],
                        [
                            "success": false,
                            "errors": [["statusCode": .string(code), "message": "Own words", "fields": ["LastName"]]],
                        ],
                    ]
                )
            ])
        }
    }

    @Test(
        "IN-9 usage is read from the header, whatever else is in it",
        arguments: [
            "api-usage=18/15000", "api-usage=18/15000; api-bursts=1/750",
            "per-app-api-usage=17/250(appName=x); api-usage=18/15000",
            "api-bursts=1/750,api-usage=18/15000",
        ])
    func usage(header: String) async throws {
        let connection = Connection { _ throws(TransportError) in .json(200, [:], headers: ["sforce-limit-info": header]) }
        #expect(await connection.crm.usage() == nil)
        try await connection.crm.probe()
        #expect(await connection.crm.usage() == APIUsage(used: 18, limit: 15000, at: connection.clock.now()))
    }
}
