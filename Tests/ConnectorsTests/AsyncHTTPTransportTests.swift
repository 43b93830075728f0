import Connectors
import Sandbox
import Testing

@Suite("HTTP over sockets")
struct AsyncHTTPTransportTests {
    /// Answers by path, as far as the network lets it.
    private struct Server: SandboxHandler {
        private static let zippedHello: [UInt8] = [
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
        ]

        func reply(to request: SandboxRequest) async -> SandboxReply {
            let whole = SandboxResponse(
                status: 200, headers: ["x-method": request.method], body: Array(repeating: 65, count: 10_000))
            return switch request.path {
            case "/echo":
                .answer(
                    SandboxResponse(
                        status: 201, headers: ["X-Agent": request.headers["user-agent"] ?? "", "x-query": request.query],
                        body: request.body
                    ))
            case "/redirect": .answer(SandboxResponse(status: 301, headers: ["location": "/echo"]))
            case "/gzip":
                .answer(SandboxResponse(status: 200, headers: ["content-encoding": "gzip"], body: Self.zippedHello))
            case "/refusal": .answer(SandboxResponse(status: 404, body: [78, 79]))
            case "/hang-up": .hangUp
            case "/cut": .cut(whole, afterBytes: 500)
            case "/slow": .delayed(whole, by: .seconds(20))
            default: .answer(whole)
            }
        }
    }

    private func serve(_ test: (String, AsyncHTTPTransport) async throws -> Void) async throws {
        let server = SandboxServer(handler: Server())
        // Runs until the process ends: NIO traps when a server stops just as a connection is being accepted.
        Task { try await server.run() }
        try await test("http://127.0.0.1:\(try await server.port())", AsyncHTTPTransport())
    }

    @Test("A request goes out and its answer comes back whole, redirects included")
    func roundTrip() async throws {
        try await serve { base, transport in
            let request = HTTPRequest(
                method: "POST", url: base + "/echo?a=b%20c", headers: ["Content-Type": "text/plain"], body: [1, 2, 3])
            let answer = try await transport.send(request)
            #expect(answer.status == 201)
            #expect(answer.body == [1, 2, 3])
            #expect(answer.headers["x-agent"] == "tandem")
            #expect(answer.headers["x-query"] == "a=b%20c")
            #expect(try await transport.send(HTTPRequest(method: "GET", url: base + "/redirect")).status == 301)
            #expect(try await transport.send(HTTPRequest(method: "PATCH", url: base + "/")).headers["x-method"] == "PATCH")
        }
    }

    @Test("A zipped answer is unzipped")
    func zipped() async throws {
        try await serve { base, transport in
            let answer = try await transport.send(HTTPRequest(method: "GET", url: base + "/gzip"))
            #expect(String(decoding: answer.body, as: UTF8.self) == "hello")
        }
    }

    @Test("A request whose answer is lost, cut short or late is in doubt", arguments: ["/hang-up", "/cut", "/slow"])
    func inDoubt(path: String) async throws {
        try await serve { base, transport in
            let request = HTTPRequest(method: "POST", url: base + path, body: [1], timeout: .milliseconds(300))
            let error = await #expect(throws: TransportError.self) { try await transport.send(request) }
            guard case .inDoubt = error else { return _ = Issue.record("was \(String(describing: error))") }
        }
    }

    @Test(
        "A request that cannot have reached anyone is known not to be sent",
        arguments: ["http://127.0.0.1:1/", "not a url", "", "/path", "ftp://127.0.0.1/"])
    func notSent(url: String) async {
        let error = await #expect(throws: TransportError.self) {
            try await AsyncHTTPTransport().send(HTTPRequest(method: "GET", url: url))
        }
        guard case .notSent = error else { return _ = Issue.record("was \(String(describing: error))") }
    }

    @Test("A cancelled request says so")
    func cancelled() async throws {
        try await serve { base, transport in
            let request = Task { try await transport.send(HTTPRequest(method: "GET", url: base + "/slow")) }
            request.cancel()
            await #expect(throws: TransportError.cancelled) { try await request.value }
        }
    }

    @Test("An answer of any length is taken piece by piece, unzipped, and one that is no success is returned whole")
    func stream() async throws {
        try await serve { base, transport in
            var taken: [UInt8] = []
            let answer = try await transport.send(HTTPRequest(method: "GET", url: base + "/long")) { taken += $0 }
            #expect(answer.status == 200 && answer.body.isEmpty && answer.headers["x-method"] == "GET")
            #expect(taken == Array(repeating: 65, count: 10_000))
            taken = []
            _ = try await transport.send(HTTPRequest(method: "GET", url: base + "/gzip")) { taken += $0 }
            #expect(String(decoding: taken, as: UTF8.self) == "hello")
            taken = []
            let refusal = try await transport.send(HTTPRequest(method: "GET", url: base + "/refusal")) { taken += $0 }
            #expect(refusal.status == 404 && refusal.body == [78, 79] && taken.isEmpty)
        }
    }

    @Test("A stream that is cut short or silent is in doubt, and what its taker throws is thrown on")
    func brokenStream() async throws {
        struct Full: Error {}
        try await serve { base, transport in
            let impatient = AsyncHTTPTransport(silence: .milliseconds(300))
            for path in ["/cut", "/slow", "/hang-up"] {
                let error = await #expect(throws: TransportError.self) {
                    _ = try await impatient.send(HTTPRequest(method: "GET", url: base + path)) { _ in }
                }
                guard case .inDoubt = error else { return _ = Issue.record("\(path) was \(String(describing: error))") }
            }
            await #expect(throws: Full.self) {
                _ = try await transport.send(HTTPRequest(method: "GET", url: base + "/long")) { _ in throw Full() }
            }
        }
    }
}
