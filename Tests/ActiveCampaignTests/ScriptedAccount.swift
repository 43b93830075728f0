import ActiveCampaign
import Connectors
import Contracts
import SyncCore

/// An account that answers by script: for wire-level checks and for answers no emulator gives.
actor ScriptedAccount: HTTPTransport {
    struct Call: Sendable {
        var number: Int
        var request: HTTPRequest
        /// `GET tags?limit=100`, the base left out.
        var line: String
    }

    typealias Script = @Sendable (_ call: Call) throws(TransportError) -> HTTPResponse

    private(set) var calls: [Call] = []
    private let script: Script

    init(_ script: @escaping Script) { self.script = script }

    var lines: [String] { calls.map(\.line) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let line = "\(request.method) \(request.url.trimmingPrefix("https://acme.api-us1.com/api/3/"))"
        let call = Call(number: calls.count + 1, request: request, line: line)
        calls.append(call)
        return try script(call)
    }
}

extension HTTPResponse {
    static func json(_ status: Int, _ body: JSONValue, headers: [String: String] = [:]) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: body.serialized())
    }
}

/// A connection to a scripted account that never has to wait for the limiter.
struct Connection {
    let account: ScriptedAccount
    let clock = VirtualClock()
    let marketing: ActiveCampaign

    init(url: String = "https://acme.api-us1.com", _ script: @escaping ScriptedAccount.Script) throws {
        let account = ScriptedAccount(script)
        self.account = account
        marketing = try ActiveCampaign(
            settings: MarketingSettings(url: url), apiKey: Secret("key"),
            limiter: RateLimiter(requestsPerSecond: 1000, clock: clock), transport: account, clock: clock
        )
    }
}
