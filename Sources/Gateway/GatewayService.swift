import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// Serves a ``Gateway`` over HTTP until shut down; requests in flight are finished first.
public final class GatewayService: Service {
    private let gateway: Gateway
    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let bound = BoundPort()

    public init(gateway: Gateway, configuration: GatewayConfiguration, logger: Logger) {
        self.gateway = gateway
        self.configuration = configuration
        self.logger = logger
    }

    /// The port it listens on, waiting until it does; `nil` when it ended without.
    public func port() async -> Int? { await bound.value() }

    public func run() async throws {
        let bound = bound
        let application = Application(
            responder: gateway.responder(maxBody: configuration.maxBody),
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: .init(address: .hostname(configuration.host, port: configuration.port), serverName: "tandem"),
            onServerRunning: { channel in await bound.resolve(channel.localAddress?.port) },
            logger: logger
        )
        do {
            try await application.run()
        } catch {
            guard await bound.resolve(nil) else { throw error }
            throw ListenError(host: configuration.host, port: configuration.port, reason: "\(error)")
        }
        await bound.resolve(nil)
    }
}

/// The address to listen on is taken, forbidden or not this machine's.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public var host: String
    public var port: Int
    /// The system's own words.
    public var reason: String

    public var description: String { "cannot listen on \(host):\(port): \(reason)" }
}

/// A port that is known once, at the latest when the server ends.
private actor BoundPort {
    private enum State {
        case waiting([CheckedContinuation<Int?, Never>])
        case known(Int?)
    }

    private var state = State.waiting([])

    func value() async -> Int? {
        switch state {
        case .known(let port): port
        case .waiting(let others):
            await withCheckedContinuation { state = .waiting(others + [$0]) }
        }
    }

    /// Whether it was not known before.
    @discardableResult
    func resolve(_ port: Int?) -> Bool {
        guard case .waiting(let continuations) = state else { return false }
        state = .known(port)
        for continuation in continuations { continuation.resume(returning: port) }
        return true
    }
}

extension Gateway {
    /// The gateway as Hummingbird calls it. It knows its own routes, so there is no router.
    func responder(maxBody: Int) -> CallbackResponder<BasicRequestContext> {
        CallbackResponder { request, _ in
            let answer = await respond(
                to: GatewayRequest(
                    method: request.method.rawValue, path: request.uri.path, query: request.uri.query,
                    contentType: request.headers[.contentType], authorization: request.headers[.authorization],
                    body: await readBody(of: request, limit: maxBody)))
            let response = response(answer)
            return request.method == .head ? response.createHeadResponse() : response
        }
    }
}

private func readBody(of request: Request, limit: Int) async -> GatewayRequest.Body {
    do {
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limit else { return .tooLarge }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return .complete(bytes)
    } catch {
        return .interrupted
    }
}

private func response(_ answer: GatewayResponse) -> Response {
    var headers: HTTPFields = [.contentType: answer.contentType]
    for (name, value) in answer.headers {
        if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return Response(
        status: HTTPResponse.Status(code: answer.status), headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
}
