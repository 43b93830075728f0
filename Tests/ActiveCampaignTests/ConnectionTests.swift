import Connectors
import Contracts
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Connection to ActiveCampaign")
struct ConnectionTests {
    @Test(
        "CON-1 the URL is taken as people paste it, and the key goes into its header",
        arguments: [
            "https://acme.api-us1.com", "https://acme.api-us1.com/", "https://acme.api-us1.com/api/3", "acme.api-us1.com/api/3/",
        ])
    func url(text: String) async throws {
        let connection = try Connection(url: text) { _ throws(TransportError) in .json(200, ["user": ["id": "1"]]) }
        try await connection.marketing.probe()
        let request = try #require(await connection.account.calls.first?.request)
        #expect(request.url == "https://acme.api-us1.com/api/3/users/me")
        #expect(request.headers["Api-Token"] == "key")
    }

    @Test(
        "CON-1 URLs that are not those of an account, or would send the key in the clear, are refused",
        arguments: [
            "http://acme.api-us1.com", "https://acme.activehosted.com/app", "ftp://acme.test", "", "https://a:b@acme.test",
        ])
    func refusedURL(text: String) {
        let error = #expect(throws: SyncError.self) { try Connection(url: text) { _ throws(TransportError) in .json(200, [:]) } }
        #expect(error?.errorClass == .auth)
    }

    /// What the account answers, and what becomes of it.
    struct Failure: Sendable {
        var answer: HTTPResponse
        var expected: SyncError
    }

    static let failures: [Failure] = [
        Failure(
            answer: .json(422, ["errors": [["title": "Email address already exists", "detail": "", "code": "duplicate"]]]),
            expected: SyncError(.permanent, code: "duplicate", message: "Email address already exists")
        ),
        Failure(
            answer: .json(
                422,
                ["errors": [["status": 422, "title": "Missing attribute", "source": ["pointer": "/data/attributes/tag"]]]]),
            expected: SyncError(.permanent, code: "422", message: "Missing attribute", fields: ["tag"])
        ),
        Failure(
            answer: .json(422, ["errors": "Bulk operation failed"]),
            expected: SyncError(.permanent, code: "422", message: "Bulk operation failed")
        ),
        Failure(
            answer: .json(400, ["errors": ["Field name is required"]]),
            expected: SyncError(.permanent, code: "400", message: "Field name is required")
        ),
        Failure(
            answer: .json(400, [:]),
            expected: SyncError(.permanent, code: "400", message: "ActiveCampaign answered 400 without a reason")
        ),
        Failure(
            answer: .json(404, ["message": "No Result found for Subscriber with id 99"]),
            expected: SyncError(.permanent, code: "not-found", message: "No Result found for Subscriber with id 99")
        ),
        Failure(
            answer: .json(403, ["message": "No Result found for FieldValue with id 10"]),
            expected: SyncError(.permanent, code: "not-found", message: "No Result found for FieldValue with id 10")
        ),
        Failure(
            answer: .json(403, ["message": "You do not have permission"]),
            expected: SyncError(.auth, code: "403", message: "You do not have permission")
        ),
        Failure(answer: .json(401, ["message": "No"]), expected: SyncError(.auth, code: "401", message: "No")),
        Failure(
            answer: HTTPResponse(status: 500, body: Array("<html>".utf8)),
            expected: SyncError(.transient, code: "500", message: "ActiveCampaign answered 500 without a reason")
        ),
        Failure(
            answer: HTTPResponse(status: 200),
            expected: SyncError(.transient, code: "empty-answer", message: "ActiveCampaign answered 200 with nothing")
        ),
    ]

    @Test("Every shape of error becomes its class, the vendor's code and its words", arguments: failures.indices)
    func errors(index: Int) async throws {
        let failure = Self.failures[index]
        let connection = try Connection { _ throws(TransportError) in failure.answer }
        await #expect(throws: failure.expected) { try await connection.marketing.probe() }
    }

    @Test("What is not the API says so", arguments: [301, 302, 404, 200])
    func wrongHost(status: Int) async throws {
        let connection = try Connection { _ throws(TransportError) in HTTPResponse(status: status, body: Array("<html>".utf8)) }
        let error = await #expect(throws: SyncError.self) { try await connection.marketing.probe() }
        #expect(error?.errorClass == .auth)
        #expect(error?.code == "not-the-api")
    }

    @Test("A sporadic 403 is tried once more before it is believed")
    func sporadic() async throws {
        let connection = try Connection { call throws(TransportError) in
            call.number == 1 ? .json(403, ["message": "No"]) : .json(200, ["user": [:]])
        }
        try await connection.marketing.probe()
        #expect(await connection.account.calls.count == 2)
    }

    @Test("A lost answer is transient: nothing done here is harmed by repeating it")
    func lost() async throws {
        let connection = try Connection { _ throws(TransportError) in throw .inDoubt("time-out") }
        let error = await #expect(throws: SyncError.self) { try await connection.marketing.addTag("vip", toContact: "1") }
        #expect(error?.errorClass == .transient)
    }

    @Test("OUT-9 a 429 holds everyone for as long as it says")
    func retryAfter() async throws {
        let connection = try Connection { call throws(TransportError) in
            call.number == 1 ? .json(429, [:], headers: ["retry-after": "30"]) : .json(200, ["user": [:]])
        }
        let until = connection.clock.now().advanced(by: .seconds(30))
        let error = await #expect(throws: SyncError.self) { try await connection.marketing.probe() }
        #expect(error?.errorClass == .rateLimited(until: until))
        async let next: Void = connection.marketing.probe()
        await connection.clock.waitForSleepers()
        #expect(await connection.account.calls.count == 1)
        await connection.clock.advanceToNextSleeper()
        try await next
        #expect(connection.clock.now() == until)
    }

    @Test("OUT-9 a 429 that does not say how long is taken longer each time")
    func backoff() async throws {
        let connection = try Connection { _ throws(TransportError) in .json(429, [:]) }
        var pauses: [Duration] = []
        for _ in 0..<4 {
            let before = connection.clock.now()
            let error = await #expect(throws: SyncError.self) { try await connection.marketing.probe() }
            guard case .rateLimited(let until) = error?.errorClass else {
                return _ = Issue.record("was \(String(describing: error))")
            }
            pauses.append(until.since(before))
            await connection.clock.advance(by: until.since(before))
        }
        #expect(pauses == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
    }
}
