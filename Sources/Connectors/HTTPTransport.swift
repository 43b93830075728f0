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
}
