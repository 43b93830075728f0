import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Sandbox
import ServiceLifecycle
import Testing

/// Notes the requests it gets.
private actor Listener: SandboxHandler {
    private(set) var requests: [SandboxRequest] = []

    func reply(to request: SandboxRequest) async -> SandboxReply {
        requests.append(request)
        return .answer(SandboxResponse(status: request.path == "/gone" ? 410 : 200))
    }
}

@Suite("Serving over HTTP")
struct ServerTests {
    private func serve(_ plan: FaultPlan, _ use: @Sendable (String, SalesforceSandbox) async throws -> Void) async throws {
        let clock = HandClock()
        let sandbox = SalesforceSandbox(options: SalesforceOptions(clock: { clock.now }))
        await sandbox.play(plan)
        let server = SandboxServer(handler: sandbox)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            try await use("http://127.0.0.1:\(try await server.port())", sandbox)
            group.cancelAll()
        }
    }

    private func fetch(_ url: String, _ form: String? = nil, headers: [(String, String)] = []) async throws -> (
        Int, HTTPHeaders, [UInt8]
    ) {
        var request = HTTPClientRequest(url: url)
        request.headers.add(contentsOf: HTTPHeaders(headers))
        if let form {
            request.method = .POST
            request.body = .bytes(ByteBuffer(string: form))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (Int(response.status.code), response.headers, Array(buffer: body))
    }

    @Test("answers over a socket, the instance URL from the host asked")
    func answers() async throws {
        try await serve(FaultPlan()) { base, _ in
            let (status, _, body) = try await fetch(base + "/services/oauth2/token", SalesforceClient.refresh())
            #expect(status == 200)
            let answer = SandboxValue(json: body)
            #expect(answer?["instance_url"]?.text == base)
            let bearer = [("Authorization", "Bearer \(answer?["access_token"]?.text ?? "")")]
            let (_, headers, found) = try await fetch(base + "/services/data/v62.0/query?q=SELECT+Id+FROM+Lead", headers: bearer)
            #expect(headers.first(name: "Sforce-Limit-Info") == "api-usage=1/100000")
            // The clock of the org, not of the machine.
            #expect(headers["Date"] == ["Mon, 21 Sep 2026 14:13:20 GMT"])
            #expect(SandboxValue(json: found)?["done"] == true)
        }
    }

    @Test("hangs up without an answer, before or after the effect", arguments: [Fault.hangUpBefore, .hangUpAfter])
    func hangUp(fault: Fault) async throws {
        try await serve(FaultPlan(rules: [.init(fault, when: .calls([1]))])) { base, sandbox in
            await #expect(throws: (any Error).self) {
                try await fetch(base + "/services/oauth2/token", SalesforceClient.refresh())
            }
            let next = try await fetch(base + "/services/data")
            #expect(next.0 == 200)
            #expect(await sandbox.counters().calls["POST /oauth2/token"] == (fault == .hangUpAfter ? 1 : nil))
        }
    }

    @Test("breaks off within the body", arguments: [0, 1, 100])
    func cut(bytes: Int) async throws {
        try await serve(FaultPlan(rules: [.init(.cut(afterBytes: bytes), when: .calls([1]))])) { base, _ in
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: base + "/services/data"), timeout: .seconds(10))
            #expect(response.status == .ok)
            #expect(Int(response.headers.first(name: "content-length") ?? "") ?? 0 > bytes)
            await #expect(throws: (any Error).self) { _ = try await response.body.collect(upTo: 1 << 20) }
            let next = try await fetch(base + "/services/data")
            #expect(next.0 == 200)
        }
    }

    /// What comes over the wire: the shared client would ask for compression and undo it by itself.
    private func fetchRaw(_ url: String, accepting encoding: String?) async throws -> (HTTPHeaders, [UInt8]) {
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        var request = HTTPClientRequest(url: url)
        if let encoding { request.headers.add(name: "Accept-Encoding", value: encoding) }
        let answer: Result<(HTTPHeaders, [UInt8]), any Error>
        do {
            let response = try await client.execute(request, timeout: .seconds(10))
            answer = .success((response.headers, Array(buffer: try await response.body.collect(upTo: 1 << 20))))
        } catch {
            answer = .failure(error)
        }
        try await client.shutdown()
        return try answer.get()
    }

    @Test("answers are compressed for clients that accept it, small ones aside", arguments: [nil, "gzip"])
    func compression(accepted: String?) async throws {
        try await serve(FaultPlan()) { base, _ in
            let (headers, versions) = try await fetchRaw(base + "/services/data", accepting: accepted)
            #expect(headers.first(name: "Content-Encoding") == accepted)
            #expect((SandboxValue(json: versions) == nil) == (accepted != nil))
            #expect(versions.starts(with: [0x1F, 0x8B]) == (accepted != nil))
            let (small, body) = try await fetchRaw(base + "/nowhere", accepting: accepted)
            #expect(small["Content-Encoding"].isEmpty && SandboxValue(json: body) != nil)
        }
    }

    @Test("a compressed answer breaks off within its body, too")
    func compressedCut() async throws {
        try await serve(FaultPlan(rules: [.init(.cut(afterBytes: 2000), when: .calls([1]))])) { base, _ in
            var request = HTTPClientRequest(url: base + "/services/data")
            request.headers.add(name: "Accept-Encoding", value: "gzip")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
            #expect(response.headers.first(name: "Content-Encoding") == "gzip")
            await #expect(throws: (any Error).self) { _ = try await response.body.collect(upTo: 1 << 20) }
        }
    }

    @Test("a slow answer arrives whole")
    func slow() async throws {
        try await serve(FaultPlan(rules: [.init(.slow(.milliseconds(30)))])) { base, _ in
            let next = try await fetch(base + "/services/data")
            #expect(next.0 == 200)
        }
    }

    @Test("webhooks go out over HTTP, and an absent receiver counts as no answer")
    func webhooks() async throws {
        let listener = Listener()
        let server = SandboxServer(handler: listener)
        let running = Task { try await server.run() }
        let base = "http://127.0.0.1:\(try await server.port())"
        let deliver = WebhookSender.overHTTP()
        #expect(await deliver(base + "/hook", Array("type=update".utf8), "application/x-www-form-urlencoded") == 200)
        #expect(await deliver(base + "/gone", [], "application/json") == 410)
        let first = await listener.requests.first
        #expect(first?.method == "POST")
        #expect(first?.headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(first?.body == Array("type=update".utf8))
        running.cancel()
        _ = await running.result
        #expect(await WebhookSender.overHTTP(timeout: 1)(base + "/hook", [], "application/json") == 0)
    }

    @Test("a service group shuts it down gracefully")
    func graceful() async throws {
        let server = SandboxServer(handler: Listener())
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [server], logger: Logger(label: "test")))
        let running = Task { try await group.run() }
        _ = try await server.port()
        await group.triggerGracefulShutdown()
        try await running.value
        await #expect(throws: SandboxServer.NotRunning.self) { try await server.port() }
    }

    @Test("a server that can not bind says so to whoever waits for its port")
    func portTaken() async throws {
        try await serve(FaultPlan()) { base, sandbox in
            let port = Int(base.split(separator: ":").last ?? "") ?? 0
            let second = SandboxServer(handler: sandbox, port: port)
            let waiting = Task { try await second.port() }
            await #expect(throws: (any Error).self) { try await second.run() }
            await #expect(throws: SandboxServer.NotRunning.self) { try await waiting.value }
        }
    }
}
