import Connectors
import Contracts
import SyncCore

/// Authorised calls to one account's API, kept inside its rate limit.
actor ActiveCampaignSession {
    /// The longest pause after a 429 that does not say how long.
    private static let longestBackoff: Duration = .seconds(64)
    /// The importer counts calls a minute.
    private static let importPause: Duration = .seconds(60)
    private static let apiPath = "api/3"

    private let host: String
    private let apiKey: Secret
    private let limiter: RateLimiter
    private let transport: any HTTPTransport
    private let clock: any WallClock
    /// How many 429s came in a row.
    private var refusals = 0

    /// Fails when the URL is not that of an account.
    init(url: String, apiKey: Secret, limiter: RateLimiter, transport: any HTTPTransport, clock: any WallClock) throws(SyncError)
    {
        let (host, path) = try VendorURL.parse(url, setting: "The ActiveCampaign URL")
        guard path.isEmpty || path == Self.apiPath else {
            throw SyncError(
                .auth, code: "invalid-url",
                message: "The ActiveCampaign URL must be the one shown under Settings, Developer; it has the path /\(path)"
            )
        }
        self.host = host
        self.apiKey = apiKey
        self.limiter = limiter
        self.transport = transport
        self.clock = clock
    }

    /// The JSON answer of one call. Almost every call made here may be repeated without harm, so that a lost answer is only
    /// transient.
    func call(
        _ method: String, _ path: String, query: [(String, String)] = [], body: JSONValue? = nil,
        effect: CallEffect = .repeatable
    ) async throws(SyncError) -> JSONValue {
        var request = HTTPRequest(
            method: method, url: "\(host)/\(Self.apiPath)/\(path)" + (query.isEmpty ? "" : "?" + URLText.form(query)))
        request.headers = ["Api-Token": apiKey.reveal(), "Accept": "application/json"]
        if let body {
            request.headers["Content-Type"] = "application/json"
            request.body = body.serialized()
        }
        return try await answer(to: request, effect: effect)
    }

    /// The JSON answer of one call of the API's first version. It is 200 even for a refusal, which its result code tells. The
    /// key is in the URL, as v1 wants it: nothing may log or keep that.
    func callV1(
        _ action: String, _ parameters: [(String, String)], effect: CallEffect
    ) async throws(SyncError) -> JSONValue {
        let query = [("api_action", action), ("api_key", apiKey.reveal()), ("api_output", "json")] + parameters
        let request = HTTPRequest(
            method: "GET", url: "\(host)/admin/api.php?" + URLText.form(query), headers: ["Accept": "application/json"])
        return try await answer(to: request, effect: effect)
    }

    private func answer(to request: HTTPRequest, effect: CallEffect) async throws(SyncError) -> JSONValue {
        var response = try await send(request, effect: effect)
        if response.status == 403, ActiveCampaignErrors.plainRefusal(response) == nil {
            // The API is known to refuse a good key now and then; believed only twice in a row.
            response = try await send(request, effect: effect)
        }
        if response.status == 429 {
            throw await limited(response)
        }
        refusals = 0
        if ActiveCampaignErrors.saysImportLimit(response) {
            let until = clock.now().advanced(by: Self.importPause)
            throw SyncError(
                .rateLimited(until: until), code: "import-limit", message: "ActiveCampaign's importer asked for a pause")
        }
        guard (200..<300).contains(response.status) else { throw ActiveCampaignErrors.refusal(response, effect: effect) }
        if response.body.isEmpty, request.method == "DELETE" { return [:] }
        guard !response.body.isEmpty else {
            throw SyncError(
                effect.lostAnswer, code: "empty-answer", message: "ActiveCampaign answered \(response.status) with nothing")
        }
        guard let json = response.json, json.objectValue != nil else {
            guard effect == .repeatable else { throw .unusableAnswer("the answer is not a JSON object", effect: effect) }
            throw ActiveCampaignErrors.notTheAPI(response)
        }
        return json
    }

    private func send(_ request: HTTPRequest, effect: CallEffect) async throws(SyncError) -> HTTPResponse {
        do {
            try await limiter.acquire()
        } catch let error as SyncError {
            throw error
        } catch {
            throw SyncError(.notSent("the request was cancelled before it was sent"), effect: .repeatable)
        }
        do throws(TransportError) {
            let response = try await transport.send(request)
            await limiter.finish()
            return response
        } catch {
            await limiter.finish()
            throw SyncError(error, effect: effect)
        }
    }

    /// Pauses everything that shares the limiter: `Retry-After` where it is sent, else 1, 2, 4 … seconds.
    private func limited(_ response: HTTPResponse) async -> SyncError {
        let stated = response.headers["retry-after"].flatMap { Int64($0) }.map { Duration.seconds(max(1, min($0, 86_400))) }
        let pause = stated ?? min(.seconds(1 << min(refusals, 6)), Self.longestBackoff)
        refusals += 1
        let until = clock.now().advanced(by: pause)
        await limiter.pause(until: until)
        return SyncError(.rateLimited(until: until), code: "429", message: "ActiveCampaign asked for a pause")
    }
}
