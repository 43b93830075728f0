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

    /// What a call sends.
    enum Payload: Sendable {
        case json(JSONValue)
        case csv([UInt8])
    }

    /// The JSON answer of one API call. `path` is below the instance's root.
    func call(_ method: String, _ path: String, body: JSONValue? = nil, effect: CallEffect) async throws(SyncError) -> JSONValue {
        let response = try await exchange(method, path, body: body.map(Payload.json), effect: effect)
        guard response.isSuccess else { throw VendorErrors.refusal(response, effect: effect, now: clock.now()) }
        guard let json = response.json else {
            throw .unusableAnswer("Salesforce's answer is not whole JSON", effect: effect)
        }
        return json
    }

    /// The answer of one API call, a refusal included. A dead token is replaced and the call repeated once: a refused session
    /// means that nothing was done.
    func exchange(
        _ method: String, _ path: String, body: Payload? = nil, effect: CallEffect
    ) async throws(SyncError) -> HTTPResponse {
        let token = try await tokens.token()
        let response = try await send(method, path, body: body, token: token, effect: effect)
        guard response.status == 401 else { return response }
        return try await send(method, path, body: body, token: try await replacement(of: token), effect: effect)
    }

    /// As ``exchange(_:_:body:effect:)``, for reading CSV of any length: what a success brings goes to `take`, each piece
    /// before the next one is read.
    /// - Throws: ``SyncError``, or what `take` threw.
    nonisolated func stream(_ path: String, taking take: ([UInt8]) async throws -> Void) async throws -> HTTPResponse {
        let token = try await tokens.token()
        let response = try await stream(path, token: token, taking: take)
        guard response.status == 401 else { return response }
        return try await stream(path, token: try await replacement(of: token), taking: take)
    }

    private func replacement(of token: AccessToken) async throws(SyncError) -> AccessToken {
        logger.info("Salesforce session expired, asking for a new token")
        return try await tokens.token(replacing: token)
    }

    private func send(
        _ method: String, _ path: String, body: Payload?, token: AccessToken, effect: CallEffect
    ) async throws(SyncError) -> HTTPResponse {
        var request = Self.request(method, path, token: token)
        switch body {
        case .json(let json):
            request.headers["Content-Type"] = "application/json; charset=UTF-8"
            request.body = json.serialized()
        case .csv(let text):
            request.headers["Content-Type"] = "text/csv; charset=UTF-8"
            request.body = text
        case nil: break
        }
        // A full composite write runs triggers on a thousand rows.
        if body != nil { request.timeout = Self.longest }
        do throws(TransportError) {
            let response = try await transport.send(request)
            note(response)
            return response
        } catch {
            throw SyncError(error, effect: effect)
        }
    }

    private nonisolated func stream(
        _ path: String, token: AccessToken, taking take: ([UInt8]) async throws -> Void
    ) async throws -> HTTPResponse {
        var request = Self.request("GET", path, token: token)
        request.headers["Accept"] = "text/csv"
        request.timeout = Self.longest
        do {
            let response = try await transport.send(request, taking: take)
            await note(response)
            return response
        } catch let error as TransportError {
            throw SyncError(error, effect: .repeatable)
        }
    }

    private static let longest = Duration.seconds(300)

    private static func request(_ method: String, _ path: String, token: AccessToken) -> HTTPRequest {
        var request = HTTPRequest(method: method, url: token.endpoint + path, headers: clientHeader)
        request.headers["Authorization"] = "Bearer \(token.token.reveal())"
        request.headers["Accept"] = "application/json"
        return request
    }

    private func note(_ response: HTTPResponse) {
        noteUsage(response)
        noteServerTime(response)
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
