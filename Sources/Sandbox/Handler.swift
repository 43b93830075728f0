/// A request as an emulated vendor sees it.
public struct SandboxRequest: Sendable {
    public var method: String
    /// Percent-encoded, without the query.
    public var path: String
    /// Percent-encoded, without the question mark.
    public var query: String
    /// Names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]

    public init(method: String, path: String, query: String = "", headers: [String: String] = [:], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// What an emulated vendor answers.
public struct SandboxResponse: Sendable {
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

/// How the answer arrives, so that faults of the network can be played without a network.
public enum SandboxReply: Sendable {
    case answer(SandboxResponse)
    /// The connection is closed without an answer, whether or not the request had its effect.
    case hangUp
    /// The connection breaks after `bytes` bytes of the body.
    case cut(SandboxResponse, afterBytes: Int)
    /// The answer comes, but only after so long.
    case delayed(SandboxResponse, by: Duration)
}

/// An emulated vendor: request in, reply out. Serving it over HTTP is someone else's job.
public protocol SandboxHandler: Sendable {
    func reply(to request: SandboxRequest) async -> SandboxReply
}
