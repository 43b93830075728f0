import Connectors
import Contracts
import EventLog
import SyncCore
import Testing

@testable import Gateway

@Suite("Requests to the gateway", .timeLimit(.minutes(1)))
struct GatewayTests {
    @Test("a webhook is answered 200 once its event is in the log, on the topic of record changes")
    func accepted() async throws {
        let fixture = GatewayFixture()
        let response = await fixture.post()
        #expect(response.status == 200 && response.text == #"{"accepted":1}"#)
        let record = try #require(await fixture.log.records.first)
        #expect(record.topic == "tandem.marketing.changes")
        #expect(record.message.key == Array("acme/contact/10".utf8))
        #expect(try EventCodec.decode(record.message).message.isRecordChange)
        #expect(fixture.count(.accepted) == 1 && fixture.events == 1)
    }

    @Test(
        "IN-4 an action is put on the topic of automation events, from a form or JSON",
        arguments: [
            ("create-contact", Payload.step, GatewayFixture.form), ("create-lead", Payload.step, GatewayFixture.form),
            ("create-lead", Payload.json, "application/json"),
        ])
    func action(name: String, body: [UInt8], contentType: String) async throws {
        let fixture = GatewayFixture()
        let response = await fixture.post("\(GatewayFixture.path)/actions/\(name)", body, contentType: contentType)
        #expect(response.status == 200 && response.text == #"{"accepted":1}"#)
        let record = try #require(await fixture.log.records.first)
        #expect(record.topic == "tandem.automation.events")
        #expect(record.message.headers.contains(MessageHeader("ce_source", "/tandem/gateway")))
    }

    @Test("no answer before the log has the event")
    func waitsForTheLog() async {
        let gate = Gate()
        let fixture = GatewayFixture(log: ScriptedLog(gate: gate))
        async let response = fixture.post()
        await fixture.log.attempted.passed()
        #expect(fixture.count(.accepted) == 0)
        await gate.open()
        #expect(await response.status == 200)
    }

    @Test("what carries nothing to be synced is acknowledged and counted, without an event")
    func ignored() async {
        let fixture = GatewayFixture()
        for body in [Payload.listAdd, Payload.unsubscribe, Payload.form(Payload.prefix("news"))] {
            let response = await fixture.post(GatewayFixture.path, body)
            #expect(response.status == 200 && response.text == #"{"accepted":0}"#)
        }
        #expect(await fixture.log.attempts == 0)
        #expect(fixture.count(.ignored) == 2 && fixture.count(.unknownType) == 1 && fixture.events == 0)
    }

    @Test(
        "an unknown integration, a wrong secret and an unknown path cannot be told apart",
        arguments: [
            "/hooks/acme/wrong", "/hooks/acme/sesame-sesame-1", "/hooks/acme/sesame-sesame-166", "/hooks/other/sesame-sesame-16",
            "/hooks/ACME/sesame-sesame-16", "/hooks/acme", "/hooks/acme/%", "/hooks/acme/%FF",
            "/hooks/acme/sesame-sesame-16/other",
            "/hooks/acme/wrong/actions/create-lead", "/hooks", "/", "", "/other", "/health/more",
        ])
    func notFound(path: String) async {
        let fixture = GatewayFixture()
        let response = await fixture.post(path)
        #expect(response.status == 404)
        #expect(response.text == #"{"error":{"code":"not-found","message":"there is nothing here"}}"#)
        #expect(await fixture.log.attempts == 0)
        #expect(fixture.count(.notFound) == 1)
    }

    @Test("a secret's escapes in the path are undone")
    func escapedSecret() async {
        #expect(await GatewayFixture().post("/hooks/acme/sesame%2Dsesame-16").status == 200)
    }

    @Test("an unknown action names those there are, but only to who knows the secret")
    func unknownAction() async {
        let response = await GatewayFixture().post(GatewayFixture.path + "/actions/create-deal", Payload.step)
        #expect(response.status == 404 && response.text.contains("create-contact and create-lead"))
    }

    @Test(
        "other content types are refused",
        arguments: [
            (nil, ""), ("application/json", ""), ("multipart/form-data", ""), ("text/plain", "/actions/create-lead"),
            ("application/x-www-form-urlencoded2", ""), ("", ""),
        ])
    func contentType(type: String?, suffix: String) async {
        let fixture = GatewayFixture()
        let response = await fixture.post(GatewayFixture.path + suffix, contentType: type)
        #expect(response.status == 415 && response.text.contains("application/x-www-form-urlencoded"))
        #expect(fixture.count(.unsupportedMediaType) == 1)
    }

    @Test("a body is read up to the limit", arguments: [(0, 200), (1, 413)])
    func limit(excess: Int, status: Int) async {
        let fixture = GatewayFixture(maxBody: Payload.update.count - excess)
        #expect(await fixture.post().status == status)
        #expect(await fixture.log.attempts == 1 - excess)
    }

    @Test(
        "a body that was too large or broke off is refused",
        arguments: [(GatewayRequest.Body.tooLarge, 413), (.interrupted, 400)])
    func body(body: GatewayRequest.Body, status: Int) async {
        let request = GatewayRequest(method: "POST", path: GatewayFixture.path, contentType: GatewayFixture.form, body: body)
        #expect(await GatewayFixture().gateway.respond(to: request).status == status)
    }

    @Test("a malformed form is 400 and names the pair; one that lacks the id is 422 and names it")
    func refused() async {
        let fixture = GatewayFixture()
        let malformed = await fixture.post(GatewayFixture.path, Array("contact[id]=1&contact[phone]=%+1".utf8))
        #expect(malformed.status == 400 && malformed.text.contains("pair 2 (contact[phone])"))
        let anonymous = await fixture.post(
            GatewayFixture.path + "/actions/create-lead", Payload.form([("contact[email]", "a@b.test")]))
        #expect(anonymous.status == 422 && anonymous.text.contains("contact[id] is missing"))
        #expect(fixture.count(.malformed) == 1 && fixture.count(.unprocessable) == 1)
        #expect(fixture.lines.all.contains { $0.contains("acme") && $0.contains("contact[id] is missing") })
    }

    @Test(
        "GET of a webhook and POST of a probe are no methods there",
        arguments: [("GET", GatewayFixture.path), ("POST", "/health")])
    func method(method: String, path: String) async {
        let response = await GatewayFixture().gateway.respond(to: GatewayRequest(method: method, path: path))
        #expect(response.status == 405 && response.headers["Allow"] != nil)
    }

    @Test("a log that stumbles is asked again, with the same event")
    func retried() async throws {
        let fixture = GatewayFixture(log: ScriptedLog(failures: [ScriptedLog.transient, ScriptedLog.transient]))
        async let response = fixture.post()
        for delay in Gateway.retryDelays {
            await fixture.clock.waitForSleepers()
            await fixture.clock.advance(by: delay)
        }
        #expect(await response.status == 200)
        #expect(await fixture.log.attempts == 3)
        #expect(await fixture.log.records.count == 1)
    }

    @Test("a log that is down is 503 after the last attempt, and nothing is said to be accepted")
    func logDown() async {
        let fixture = GatewayFixture(log: ScriptedLog(failures: Array(repeating: ScriptedLog.transient, count: 9)))
        async let response = fixture.post()
        for delay in Gateway.retryDelays {
            await fixture.clock.waitForSleepers()
            await fixture.clock.advance(by: delay)
        }
        #expect(await response.status == 503)
        #expect(await response.headers["Retry-After"] != nil)
        #expect(await fixture.log.attempts == 3)
        #expect(fixture.count(.logUnavailable) == 1 && fixture.events == 0)
    }

    @Test("a failure that will not pass is not retried")
    func fatal() async {
        let fixture = GatewayFixture(log: ScriptedLog(failures: [ScriptedLog.fatal]))
        #expect(await fixture.post().status == 503)
        #expect(await fixture.log.attempts == 1)
    }

    @Test("health, readiness and metrics")
    func probes() async {
        let fixture = GatewayFixture(readiness: { "the log is away" }, metricsText: { "up 1\n" })
        func get(_ path: String, of fixture: GatewayFixture = fixture) async -> GatewayResponse {
            await fixture.gateway.respond(to: GatewayRequest(method: "GET", path: path))
        }
        #expect(await get("/health").status == 200)
        let ready = await get("/ready")
        #expect(ready.status == 503 && ready.text.contains("the log is away"))
        let metrics = await get("/metrics")
        #expect(metrics.status == 200 && metrics.text == "up 1\n" && metrics.contentType.hasPrefix("text/plain"))
        #expect(await get("/ready", of: GatewayFixture()).status == 200)
        #expect(await get("/metrics", of: GatewayFixture()).status == 404)
    }

    @Test("CON-3 neither secrets nor people reach the log lines or the answers")
    func discreet() async {
        let fixture = GatewayFixture(log: ScriptedLog(failures: [ScriptedLog.fatal]))
        let personal = Array("contact[id]=1&ann@acme.test=%".utf8)
        let answers = await [
            fixture.post(), fixture.post(GatewayFixture.path, personal), fixture.post("/hooks/acme/guess-guess"),
            fixture.post(GatewayFixture.path, contentType: "text/ann@acme.test"),
        ]
        let said = (answers.map(\.text) + fixture.lines.all).joined(separator: "\n")
        #expect(!fixture.lines.all.isEmpty)
        for secret in ["sesame", "guess", "ann@", "Lee", "Gold"] { #expect(!said.contains(secret), "\(secret)") }
    }

    @Test(
        "no answer is 410, which would switch the vendor's webhook off",
        arguments: ["/hooks/acme/x", GatewayFixture.path, "/x"])
    func neverGone(path: String) async {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            #expect(await GatewayFixture().gateway.respond(to: GatewayRequest(method: method, path: path)).status != 410)
        }
    }
}

extension Message {
    var isRecordChange: Bool {
        if case .recordChange = self { true } else { false }
    }
}
