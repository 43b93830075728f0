import Foundation
import FoundationNetworking
import Logging
import ServiceLifecycle
import Testing

@testable import Gateway

@Suite("The gateway on a socket", .timeLimit(.minutes(1)))
struct GatewayServiceTests {
    private struct Answer: Sendable {
        var status: Int
        var text: String
        var contentType: String?
    }

    /// Runs a gateway on a port of its own while `body` talks to it, then shuts it down.
    private func serving(
        _ fixture: GatewayFixture, maxBody: Int = 4096, _ body: (_ address: String, _ services: ServiceGroup) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = GatewayService(
            gateway: fixture.gateway, configuration: GatewayConfiguration(port: 0, maxBody: maxBody), logger: logger)
        let services = ServiceGroup(configuration: .init(services: [service], logger: logger))
        async let running: Void = services.run()
        let port = try #require(await service.port())
        try await body("http://127.0.0.1:\(port)", services)
        await services.triggerGracefulShutdown()
        try await running
    }

    private func send(
        _ method: String, _ address: String, _ body: [UInt8] = [], contentType: String? = nil
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: address)))
        request.httpMethod = method
        request.setValue(contentType, forHTTPHeaderField: "Content-Type")
        if !body.isEmpty { request.httpBody = Data(body) }
        let (data, response) = try await URLSession(configuration: .ephemeral).data(for: request)
        let head = try #require(response as? HTTPURLResponse)
        return Answer(
            status: head.statusCode, text: String(decoding: data, as: UTF8.self),
            contentType: head.value(forHTTPHeaderField: "Content-Type"))
    }

    @Test("requests travel over HTTP with their path, type and body")
    func overHTTP() async throws {
        let fixture = GatewayFixture(metricsText: { "up 1\n" })
        try await serving(fixture) { address, _ in
            let webhook = try await send(
                "POST", address + GatewayFixture.path + "?x=1", Payload.update, contentType: GatewayFixture.form)
            #expect(webhook.status == 200 && webhook.text == #"{"accepted":1}"#)
            let metrics = try await send("GET", address + "/metrics")
            #expect(metrics.text == "up 1\n" && metrics.contentType?.hasPrefix("text/plain") == true)
            let health = try await send("HEAD", address + "/health")
            #expect(health.status == 200 && health.text.isEmpty)
            #expect(try await send("PUT", address + GatewayFixture.path, [1]).status == 405)
            #expect(try await send("GET", address).status == 404)
        }
        #expect(await fixture.log.records.count == 1)
    }

    @Test("a body over the limit is refused while it comes in")
    func tooLarge() async throws {
        // The gateway itself would take it: only reading the socket can stop it.
        let fixture = GatewayFixture(maxBody: 1 << 30)
        try await serving(fixture, maxBody: 4096) { address, _ in
            let body = [UInt8](repeating: UInt8(ascii: "a"), count: 3 << 20)
            let answer = try await send("POST", address + GatewayFixture.path, body, contentType: GatewayFixture.form)
            #expect(answer.status == 413)
            #expect(try await send("GET", address + "/health").status == 200)
        }
    }

    @Test("a shutdown finishes the request in flight")
    func shutdown() async throws {
        let gate = Gate()
        let fixture = GatewayFixture(log: ScriptedLog(gate: gate))
        try await serving(fixture) { address, services in
            async let answer = send("POST", address + GatewayFixture.path, Payload.update, contentType: GatewayFixture.form)
            await fixture.log.attempted.passed()
            await services.triggerGracefulShutdown()
            await gate.open()
            let status = try await answer.status
            #expect(status == 200)
        }
        #expect(await fixture.log.records.count == 1)
    }

    @Test("a port that is taken ends the service, and whoever waits for the port is told")
    func portTaken() async throws {
        try await serving(GatewayFixture()) { address, _ in
            let port = try #require(URL(string: address)?.port)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let second = GatewayService(
                gateway: GatewayFixture().gateway, configuration: GatewayConfiguration(port: port), logger: logger)
            let services = ServiceGroup(configuration: .init(services: [second], logger: logger))
            let running = Task { try await services.run() }
            #expect(await second.port() == nil)
            guard case .failure(let error) = await running.result else {
                Issue.record("two gateways on one port")
                return
            }
            #expect("\(error)".hasPrefix("cannot listen on 127.0.0.1:\(port): "))
        }
    }
}
