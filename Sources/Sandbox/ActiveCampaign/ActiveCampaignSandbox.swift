/// An emulated ActiveCampaign account: API v3 for contacts, bulk imports, fields, tags, accounts, custom objects, campaigns,
/// automations and webhooks, the one call of v1 that is still needed, the rate limit, and the vendor's habits — text ids, short
/// default pages, ignored parameters, webhooks that are never sent twice.
///
/// Lists and deals are left out; campaigns and automations do nothing by themselves.
public actor ActiveCampaignSandbox: SandboxHandler {
    var options: ActiveCampaignOptions
    var account = ActiveCampaignAccount()
    var imports = ActiveCampaignImports()
    var customObjects = ActiveCampaignCustomObjects()
    var tally = SandboxCounters()
    /// Webhooks waiting to be sent.
    var outbox: [PendingWebhook] = []
    private var faults: FaultPlayer
    /// When the requests of the last second were let in, in ms.
    private var recent: [Int64] = []

    public init(options: ActiveCampaignOptions) {
        self.options = options
        faults = FaultPlayer(options.faults)
    }

    var now: Int64 { options.clock() }

    public func counters() -> SandboxCounters {
        tally
    }

    /// Replaces the faults to come.
    public func play(_ plan: FaultPlan) {
        faults = FaultPlayer(plan)
    }

    public func reply(to request: SandboxRequest) async -> SandboxReply {
        let fault = faults.next(for: request, counting: &tally)
        if fault == .hangUpBefore { return .hangUp }
        let response = refusal(for: fault) ?? respond(to: request)
        return fault?.arrival(of: response) ?? .answer(response)
    }

    /// The answers of faults that keep the request from having any effect.
    private func refusal(for fault: Fault?) -> SandboxResponse? {
        switch fault {
        case .unavailable: .html(503, title: "Service Unavailable")
        case .internalError: .html(500, title: "Internal Server Error")
        case .throttled: tooMany
        case .quotaExceeded, .unauthorized: ActiveCampaignError.forbidden
        default: nil
        }
    }

    private var tooMany: SandboxResponse {
        let headers = [
            "retry-after": String(options.retryAfter), "ratelimit-limit": String(options.requestsPerSecond ?? 5),
            "ratelimit-remaining": "0",
        ]
        return .json(429, ["message": "Too Many Requests"], headers: headers)
    }

    // MARK: From request to resource

    private func respond(to request: SandboxRequest) -> SandboxResponse {
        let segments = request.segments
        if segments == ["admin", "api.php"], request.method == "GET" {
            return counted("GET /admin/api.php") { firstVersion(request.parameters) }
        }
        // Anything but the API leads to the login page.
        guard segments.prefix(2) == ["api", "3"] else {
            return SandboxResponse(status: 301, headers: ["location": options.accountURL + "/admin/login.php"])
        }
        let rest = Array(segments.dropFirst(2))
        let isAuthorized = request.headers["api-token"] == options.apiToken
        return counted("\(request.method) /\(Self.endpoint(rest))", isAuthorized: isAuthorized) { respond(to: request, at: rest) }
    }

    /// The answer to a call that is let in; every one is counted, whatever becomes of it.
    private func counted(
        _ endpoint: String, isAuthorized: Bool = true, _ answer: () -> SandboxResponse
    ) -> SandboxResponse {
        tally.calls[endpoint, default: 0] += 1
        guard isAuthorized else { return ActiveCampaignError.forbidden }
        guard letIn() else {
            tally.throttled += 1
            return tooMany
        }
        tally.apiCalls += 1
        processDueImports()
        return answer()
    }

    private func respond(to request: SandboxRequest, at rest: [String]) -> SandboxResponse {
        var body: SandboxValue = [:]
        if !request.body.isEmpty {
            guard let read = SandboxValue(json: request.body) else { return ActiveCampaignError.malformed }
            body = read
        }
        let call = ActiveCampaignCall(
            method: request.method, path: rest, parameters: request.parameters, body: body, bodySize: request.body.count)
        var response = route(call)
        if let limit = options.requestsPerSecond {
            response.headers["ratelimit-limit"] = String(limit)
            response.headers["ratelimit-remaining"] = String(max(0, limit - recent.count))
        }
        return response
    }

    /// The path with ids left out.
    private static func endpoint(_ path: [String]) -> String {
        let named = path.first == "customObjects" ? 2 : path.count
        let names = path.enumerated().map { index, segment in
            (index < named ? Int(segment) == nil : segment == "external") ? segment : "{id}"
        }
        return names.joined(separator: "/")
    }

    /// At most so many requests in any second.
    private func letIn() -> Bool {
        guard let limit = options.requestsPerSecond else { return true }
        let now = now
        recent.removeAll { $0 <= now - 1000 }
        guard recent.count < limit else { return false }
        recent.append(now)
        return true
    }

    private func route(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch call.path.first {
        case "users" where call.path.dropFirst() == ["me"] && call.method == "GET": .json(200, ["user": me])
        case "contacts", "contact": contacts(call)
        case "fieldValues": fieldValues(call)
        case "fields", "fieldOption", "fieldOptions", "fieldRels": fields(call)
        case "tags": tags(call)
        case "contactTags": contactTags(call)
        case "webhooks", "webhook": webhooks(call)
        case "import": bulkImport(call)
        case "accounts": accounts(call)
        case "accountContacts": accountContacts(call)
        case "accountCustomFieldMeta": accountFields(call)
        case "accountCustomFieldData": accountFieldData(call)
        case "customObjects": customObjects(call)
        case "campaigns": campaigns(call)
        case "automations": automations(call)
        case "contactAutomations": contactAutomations(call)
        default: ActiveCampaignError.noRoute
        }
    }

    private var me: SandboxValue {
        [
            "id": "1", "username": "ann", "firstName": "Ann", "lastName": "Lee", "email": "ann@acme.test", "phone": "",
            "signature": nil, "links": [:],
        ]
    }

    // MARK: Dates

    /// With the account's offset: `2026-05-28T05:03:51-05:00`.
    func date(_ milliseconds: Int64) -> String {
        let offset = abs(options.utcOffset)
        let hours = (offset / 60 < 10 ? "0" : "") + String(offset / 60)
        let minutes = (offset % 60 < 10 ? "0" : "") + String(offset % 60)
        return CivilTime.text(seconds: milliseconds / 1000, offsetMinutes: options.utcOffset)
            + "\(options.utcOffset < 0 ? "-" : "+")\(hours):\(minutes)"
    }

    /// The account's wall clock without an offset: what fields named `…_utc_timestamp` hold.
    func wallClock(_ milliseconds: Int64) -> String {
        String(CivilTime.text(seconds: milliseconds / 1000, offsetMinutes: options.utcOffset).map { $0 == "T" ? " " : $0 })
    }
}

/// One API request.
struct ActiveCampaignCall: Sendable {
    var method: String
    /// After `/api/3`, decoded.
    var path: [String]
    var parameters: [String: String]
    /// An empty object when there was no body.
    var body: SandboxValue
    /// In bytes.
    var bodySize: Int

    /// The number in second place, if there is one.
    var id: Int? { path.count > 1 ? Int(path[1]) : nil }

    /// The page wanted: 20 rows unless told, never more than 100.
    func page<Row>(of rows: [Row]) -> ArraySlice<Row> {
        let limit = parameters["limit"].flatMap { Int($0) }.map { min(max($0, 1), 100) } ?? 20
        let offset = parameters["offset"].flatMap { Int($0) }.map { max($0, 0) } ?? 0
        return rows.dropFirst(offset).prefix(limit)
    }
}
