public import Connectors
public import Sandbox

/// Calls emulated vendors without a network, by host name: for benches and tests, where sockets would only add noise.
///
/// Faults of the network arrive as the real transport would report them. Nothing waits: an answer that comes later than
/// the request's time-out is a time-out at once.
public struct InProcessTransport: HTTPTransport {
    private let vendors: [String: any SandboxHandler]

    /// - Parameter vendors: by host, e.g. `acme.my.salesforce.com`.
    public init(_ vendors: [String: any SandboxHandler]) {
        self.vendors = vendors
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let url = URLParts(request.url), let vendor = vendors[url.host] else {
            throw .notSent("no vendor at \(request.url)")
        }
        let headers = Dictionary(request.headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { _, last in last })
        let reply = await vendor.reply(
            to: SandboxRequest(method: request.method, path: url.path, query: url.query, headers: headers, body: request.body))
        switch reply {
        case .answer(let response): return Self.response(response)
        case .hangUp: throw .inDoubt("the connection was closed without an answer")
        case .cut(_, let bytes): throw .inDoubt("the connection broke after \(bytes) bytes")
        case .delayed(let response, let delay):
            guard delay < request.timeout else { throw .inDoubt("no answer within \(request.timeout)") }
            return Self.response(response)
        }
    }

    private static func response(_ response: SandboxResponse) -> HTTPResponse {
        HTTPResponse(status: response.status, headers: response.headers, body: response.body)
    }
}

/// The parts of an absolute URL, all still percent-encoded.
private struct URLParts {
    var host: String
    var path: String
    var query: String

    init?(_ url: String) {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let rest = url[scheme.upperBound...]
        let hostEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        host = String(rest[..<hostEnd])
        let target = rest[hostEnd...]
        let question = target.firstIndex(of: "?") ?? target.endIndex
        path = question == target.startIndex ? "/" : String(target[..<question])
        query = question == target.endIndex ? "" : String(target[target.index(after: question)...])
    }
}
