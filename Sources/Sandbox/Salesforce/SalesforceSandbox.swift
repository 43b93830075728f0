/// An emulated Salesforce org: OAuth, the REST resources a sync uses, and the org's habits — limits, locks, odd errors.
///
/// Data lives in memory. Signatures of JWT assertions are not checked, ``SalesforceAuth`` says why. References between the
/// parts of a composite call (`@{ref.id}`) are not resolved.
public actor SalesforceSandbox: SandboxHandler {
    var options: SalesforceOptions
    var org: SalesforceOrg
    var auth: SalesforceAuth
    var usage: SalesforceUsage
    var selections: [String: SalesforceSelection] = [:]
    var nextLocator = 0
    var openWrites: [LateCommit: SalesforceOpenWrite] = [:]
    var nextTransaction = 0
    var jobs: SalesforceJobs
    var tally = SandboxCounters()
    private var faults: FaultPlayer

    public init(options: SalesforceOptions) {
        self.options = options
        org = SalesforceOrg(objects: options.objects, rules: options.rules)
        auth = SalesforceAuth(options: options)
        usage = SalesforceUsage(limit: options.dailyLimit)
        jobs = SalesforceJobs(options: options.bulk)
        faults = FaultPlayer(options.faults)
    }

    /// The org's clock, by which it stamps and dates.
    var now: Int64 { options.clock() + options.clockSkew }

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
        workOffJobs()
        var response = refusal(for: fault) ?? respond(to: request, fault: fault)
        response.headers["date"] = HTTPDate.text(milliseconds: now)
        return fault?.arrival(of: response) ?? .answer(response)
    }

    /// The answers of faults that keep the request from having any effect.
    private func refusal(for fault: Fault?) -> SandboxResponse? {
        switch fault {
        case .unavailable: .html(503, title: "Service Unavailable")
        case .internalError: Self.response(SalesforceFault.unknownException.answer)
        case .throttled: Self.response(limited(SalesforceFault.concurrentLimit.answer))
        case .quotaExceeded: Self.response(limited(SalesforceFault.dailyLimit.answer))
        case .unauthorized: Self.response(SalesforceFault.sessionExpired.answer)
        default: nil
        }
    }

    private static func response(_ answer: SalesforceAnswer) -> SandboxResponse {
        if let body = answer.body { return .json(answer.status, body, headers: answer.headers) }
        if let csv = answer.csv {
            let headers = answer.headers.merging(["content-type": "text/csv;charset=UTF-8"]) { $1 }
            return SandboxResponse(status: answer.status, headers: headers, body: csv)
        }
        return SandboxResponse(status: answer.status, headers: answer.headers)
    }

    private func limited(_ answer: SalesforceAnswer) -> SalesforceAnswer {
        var answer = answer
        answer.headers["sforce-limit-info"] = usage.header(now: now)
        return answer
    }

    // MARK: From request to route

    private func respond(to request: SandboxRequest, fault: Fault?) -> SandboxResponse {
        let segments = request.segments
        guard segments.first == "services" else { return Self.response(SalesforceFault.notFound.answer) }
        if segments.count == 3, segments[1] == "oauth2" { return Self.response(oauth(segments[2], request)) }
        guard segments.count > 1, segments[1] == "data" else { return Self.response(SalesforceFault.notFound.answer) }
        if segments.count == 2 {
            tally.calls["GET /services/data", default: 0] += 1
            return Self.response(.ok(Self.versions))
        }
        return Self.response(data(request, version: segments[2], rest: Array(segments.dropFirst(3)), fault: fault))
    }

    /// A request for data: counted, limited, and only with a live token.
    private func data(_ request: SandboxRequest, version: String, rest: [String], fault: Fault?) -> SalesforceAnswer {
        guard let route = SalesforceRoute(rest), let number = Self.number(of: version) else {
            return SalesforceFault.notFound.answer
        }
        let method = request.method == "POST" ? request.parameters["_HttpMethod"] ?? "POST" : request.method
        tally.calls["\(method) \(route.name)", default: 0] += 1
        if number < 31 {
            return SalesforceFault(status: 410, code: "UNSUPPORTED_API_VERSION", message: "The requested version is retired")
                .answer
        }
        let bearer = request.headers["authorization"].flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
        guard let bearer, auth.isLive(bearer, now: now) else { return SalesforceFault.sessionExpired.answer }
        guard request.path.utf8.count + request.query.utf8.count <= 16_384 else {
            return limited(SalesforceFault(status: 414, code: "URI_TOO_LONG", message: "URI Too Long").answer)
        }
        guard usage.used(now: now) < options.dailyLimit else { return limited(SalesforceFault.dailyLimit.answer) }
        count(calls: 1)
        var call = SalesforceCall(
            route: route, method: method, path: "/services/data/\(version)", parameters: request.parameters,
            headers: request.headers)
        switch fault {
        case .lockRow(let row): call.lockedRow = row
        case .failJob(let rows): call.failsAfter = rows
        case .loseJob: call.losesJob = true
        default: break
        }
        do throws(SalesforceFault) {
            if case .upload = route {
                call.upload = request.body
            } else if !request.body.isEmpty {
                call.body = try Self.parse(request.body)
            }
            return limited(try perform(call))
        } catch {
            return limited(error.answer)
        }
    }

    func count(calls: Int) {
        tally.apiCalls += calls
        usage.count(calls, now: now)
    }

    private static func parse(_ body: [UInt8]) throws(SalesforceFault) -> SandboxValue {
        do throws(JSONFault) {
            return try JSONReader.read(body)
        } catch {
            throw .parser("Unexpected character or end of input: \(error.reason) at [line:1, column:\(error.offset + 1)]")
        }
    }

    private static func number(of version: String) -> Double? {
        guard version.hasPrefix("v"), let number = Double(version.dropFirst()), (20...68).contains(number) else { return nil }
        return number
    }

    private static let versions: SandboxValue = .array(
        (31...68).map { number in
            [
                "label": .string("Version \(number)"), "url": .string("/services/data/v\(number).0"),
                "version": .string("\(number).0"),
            ]
        })

    // MARK: OAuth

    private func oauth(_ endpoint: String, _ request: SandboxRequest) -> SalesforceAnswer {
        tally.calls["\(request.method) /oauth2/\(endpoint)", default: 0] += 1
        guard request.method == "POST" else {
            return SalesforceFault(status: 405, code: "METHOD_NOT_ALLOWED", message: "POST only").answer
        }
        let form = URLCoding.fields(String(decoding: request.body, as: UTF8.self))
        do throws(SalesforceAuth.Refusal) {
            switch endpoint {
            case "token": return .ok(try auth.token(form, headers: request.headers, now: now))
            case "revoke":
                try auth.revoke(form["token"] ?? "")
                return SalesforceAnswer(status: 200)
            default: return SalesforceFault.notFound.answer
            }
        } catch {
            return error.answer
        }
    }
}

/// One call, or one part of a composite call.
struct SalesforceCall: Sendable {
    var route: SalesforceRoute
    var method: String
    /// `/services/data/vXX.0`
    var path: String
    var parameters: [String: String]
    /// Names in lower case.
    var headers: [String: String]
    var body: SandboxValue?
    /// A body that is not JSON.
    var upload: [UInt8] = []
    var lockedRow: Int?
    /// Rows that the job handed over by this call gets through before it fails.
    var failsAfter: Int?
    /// Whether the job asked for is gone.
    var losesJob = false
}
