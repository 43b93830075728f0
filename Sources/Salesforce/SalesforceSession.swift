import Connectors
import Contracts
import Logging
import SyncCore

/// Authorised calls to one org's REST API, with its usage as the answers tell it.
actor SalesforceSession {
    /// Reappears in change events as their origin.
    static let clientHeader = ["Sforce-Call-Options": "client=Tandem"]

    /// Lists the API versions: not counted as a call.
    static let versionsPath = "/services/data"

    nonisolated let basePath: String
    private let tokens: TokenSource
    private let transport: any HTTPTransport
    private let clock: any WallClock
    private let logger: Logger
    private(set) var usage: APIUsage?
    /// How far the server's clock is ahead of ours, as of the last answer.
    private var clockLead: Duration?

    init(apiVersion: String, tokens: TokenSource, transport: any HTTPTransport, clock: any WallClock, logger: Logger) {
        basePath = "\(Self.versionsPath)/v\(apiVersion)"
        self.tokens = tokens
        self.transport = transport
        self.clock = clock
        self.logger = logger
    }

    nonisolated var now: Timestamp { clock.now() }

    /// What the server's clock shows, less the second that its answers leave out and their way to us: never ahead of it.
    var serverTime: Timestamp? { clockLead.map { clock.now().advanced(by: $0) } }

    /// The JSON answer of one API call. `path` is below the instance's root. A dead token is replaced and the call
    /// repeated once: a refused session means that nothing was done.
    func call(_ method: String, _ path: String, body: JSONValue? = nil, effect: CallEffect) async throws(SyncError) -> JSONValue {
        let token = try await tokens.token()
        var response = try await send(method, path, body: body, token: token, effect: effect)
        if response.status == 401 {
            logger.info("Salesforce session expired, asking for a new token")
            let fresh = try await tokens.token(replacing: token)
            response = try await send(method, path, body: body, token: fresh, effect: effect)
        }
        guard (200..<300).contains(response.status) else {
            throw VendorErrors.refusal(response, effect: effect, now: clock.now())
        }
        guard let json = response.json else {
            throw .unusableAnswer("Salesforce's answer is not whole JSON", effect: effect)
        }
        return json
    }

    private func send(
        _ method: String, _ path: String, body: JSONValue?, token: AccessToken, effect: CallEffect
    ) async throws(SyncError) -> HTTPResponse {
        var request = HTTPRequest(method: method, url: token.endpoint + path, headers: Self.clientHeader)
        request.headers["Authorization"] = "Bearer \(token.token.reveal())"
        request.headers["Accept"] = "application/json"
        if let body {
            request.headers["Content-Type"] = "application/json; charset=UTF-8"
            request.body = body.serialized()
            // A full composite write runs triggers on a thousand rows.
            request.timeout = .seconds(300)
        }
        do throws(TransportError) {
            let response = try await transport.send(request)
            noteUsage(response)
            noteServerTime(response)
            return response
        } catch {
            throw SyncError(error, effect: effect)
        }
    }

    /// `Sforce-Limit-Info: api-usage=18/15000; per-app-api-usage=17/250(appName=x)`, in whatever order and company.
    private func noteUsage(_ response: HTTPResponse) {
        guard let header = response.headers["sforce-limit-info"] else { return }
        for part in header.split(whereSeparator: { ";,".contains($0) }) {
            let halves = part.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0].drop(while: \.isWhitespace) == "api-usage" else { continue }
            let counts = halves[1].split(separator: "/", maxSplits: 1).map { Int($0) }
            guard counts.count == 2, let used = counts[0], let limit = counts[1] else { continue }
            usage = APIUsage(used: used, limit: limit, at: clock.now())
        }
    }

    private func noteServerTime(_ response: HTTPResponse) {
        guard let stated = response.headers["date"].flatMap(HTTPDate.read) else { return }
        clockLead = stated.since(clock.now())
    }
}
