/// A request to a vendor.
public struct HTTPRequest: Sendable, Equatable {
    public var method: String
    /// Absolute.
    public var url: String
    public var headers: [String: String]
    public var body: [UInt8]
    /// The most that may pass until the whole answer is read.
    public var timeout: Duration

    public init(
        method: String, url: String, headers: [String: String] = [:], body: [UInt8] = [], timeout: Duration = .seconds(60)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// A vendor's answer, read whole.
public struct HTTPResponse: Sendable {
    public var status: Int
    /// Names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]

    public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why there is no answer.
public enum TransportError: Error, Sendable, Equatable {
    /// The request did not reach the server: repeating it is safe.
    case notSent(String)
    /// It may have: the answer timed out, was cut short or the connection broke.
    case inDoubt(String)
    case cancelled
}

/// HTTP, as a port.
public protocol HTTPTransport: Sendable {
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse
    /// Sends a request whose answer may be of any length. The body of a success (2xx) is handed to `take` piece by piece, each
    /// taken before the next one is read, and is empty in what is returned; any other answer is returned whole.
    ///
    /// The request's time-out ends with the head of the answer; then only silence is limited.
    /// - Throws: ``TransportError``, or what `take` threw.
    func send(_ request: HTTPRequest, taking take: ([UInt8]) async throws -> Void) async throws -> HTTPResponse
}

extension HTTPTransport {
    /// For transports that have the whole answer anyway: one piece.
    public func send(_ request: HTTPRequest, taking take: ([UInt8]) async throws -> Void) async throws -> HTTPResponse {
        var response = try await send(request)
        guard response.isSuccess, !response.body.isEmpty else { return response }
        try await take(response.body)
        response.body = []
        return response
    }
}
