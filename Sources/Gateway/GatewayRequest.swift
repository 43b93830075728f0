/// A request as the gateway judges it: free of sockets, so that it can be answered inside a test.
public struct GatewayRequest: Sendable, Equatable {
    /// What became of reading the body.
    public enum Body: Sendable, Equatable {
        case complete([UInt8])
        /// It passed the limit; the rest was not read.
        case tooLarge
        /// The sender broke off.
        case interrupted
    }

    public var method: String
    /// Without the query, still percent-encoded.
    public var path: String
    /// What follows the path's question mark, still percent-encoded.
    public var query: String?
    public var contentType: String?
    /// The header of that name; holds a token.
    public var authorization: String?
    public var body: Body

    public init(
        method: String, path: String, query: String? = nil, contentType: String? = nil, authorization: String? = nil,
        body: Body = .complete([])
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.contentType = contentType
        self.authorization = authorization
        self.body = body
    }
}

/// The gateway's answer.
public struct GatewayResponse: Sendable, Equatable {
    public var status: Int
    public var contentType: String
    public var headers: [String: String]
    public var body: [UInt8]
    public var outcome: GatewayOutcome
    /// Why it was refused, for the log; holds no secret and no value of a field.
    public var reason: String?

    init(
        _ status: Int, _ outcome: GatewayOutcome, contentType: String = "application/json", headers: [String: String] = [:],
        body: [UInt8], reason: String? = nil
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
        self.outcome = outcome
        self.reason = reason
    }
}

/// What became of a request: the `outcome` label of `tandem_gateway_requests_total`.
public enum GatewayOutcome: String, Sendable, CaseIterable {
    case accepted
    /// A request to the API that was answered.
    case answered
    /// A webhook that carries nothing to be synced (a bounce, a note, …): acknowledged, no event.
    case ignored
    /// A webhook of a type that is not known: acknowledged, no event.
    case unknownType = "unknown-type"
    /// Unknown integration, wrong secret or unknown path.
    case notFound = "not-found"
    /// A request to the API without a token of the integration.
    case unauthorized
    /// A request to the API with a token whose role may not do that.
    case forbidden
    case methodNotAllowed = "method-not-allowed"
    case unsupportedMediaType = "unsupported-media-type"
    case tooLarge = "too-large"
    case malformed
    case unprocessable
    case interrupted
    case logUnavailable = "log-unavailable"
    case storeUnavailable = "store-unavailable"
    /// The marketing platform did not tell what the API was asked for.
    case marketingUnavailable = "marketing-unavailable"
    /// Health, readiness and metrics.
    case probe
}
