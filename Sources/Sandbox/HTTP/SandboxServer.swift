import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
public import ServiceLifecycle

/// Serves an emulated vendor over HTTP/1.1, faults of the network included: a hang-up closes the socket, a cut answer
/// breaks off within its body, a late one is late. Answers are compressed for clients that accept it.
public actor SandboxServer: Service {
    private enum State {
        case starting
        case bound(Int)
        case ended
    }

    /// The server ended before it had a port.
    public struct NotRunning: Error, Sendable {}

    private let handler: any SandboxHandler
    private let host: String
    private let requestedPort: Int
    private var state = State.starting
    private var waiting: [CheckedContinuation<Int, any Error>] = []

    /// - Parameter port: 0 takes any free one; ask ``port()`` which.
    public init(handler: any SandboxHandler, host: String = "127.0.0.1", port: Int = 0) {
        self.handler = handler
        self.host = host
        requestedPort = port
    }

    /// The port bound, as soon as it is.
    public func port() async throws -> Int {
        switch state {
        case .bound(let port): port
        case .ended: throw NotRunning()
        case .starting: try await withCheckedThrowingContinuation { waiting.append($0) }
        }
    }

    /// Serves until the task is cancelled or the service group shuts down gracefully.
    public func run() async throws {
        defer { settle(.ended) }
        var logger = Logger(label: "tandem.sandbox")
        logger.logLevel = .critical
        let responder = Responder(handler: handler)
        // Not an `Application`: that would date every answer by this machine's clock instead of the emulated vendor's.
        let server = try HTTPServerBuilder.http1(configuration: .init(additionalChannelHandlers: [CompressionInstaller()]))
            .buildServer(
                configuration: ServerConfiguration(address: .hostname(host, port: requestedPort)),
                eventLoopGroup: EventLoopGroupProvider.singleton.eventLoopGroup, logger: logger,
                responder: { request, writer, channel in
                    let response = try await responder.respond(to: request, on: channel)
                    try await writer.write(response: response.head, body: response.body)
                },
                onServerRunning: { channel in await self.settle(.bound(channel.localAddress?.port ?? 0)) }
            )
        try await ServiceGroup(configuration: ServiceGroupConfiguration(services: [server], logger: logger)).run()
    }

    private func settle(_ new: State) {
        state = new
        for continuation in waiting {
            if case .bound(let port) = new {
                continuation.resume(returning: port)
            } else {
                continuation.resume(throwing: NotRunning())
            }
        }
        waiting = []
    }
}

/// Asks the vendor, and plays the network's faults on the channel that the request came over.
private struct Responder: Sendable {
    private struct Broken: Error {}

    /// More than the largest upload that an emulated vendor takes.
    private static let largestBody = 160 << 20

    let handler: any SandboxHandler

    func respond(to request: Request, on channel: any Channel) async throws -> Response {
        switch await handler.reply(to: try await Self.translate(request)) {
        case .answer(let response): return Self.translate(response)
        case .delayed(let response, let duration):
            try await channel.eventLoop.scheduleTask(in: TimeAmount(duration)) {}.futureResult.get()
            return Self.translate(response)
        case .hangUp:
            try await channel.close()
            throw Broken()
        case .cut(let response, let bytes):
            var answer = Self.translate(response)
            let part = ByteBuffer(bytes: response.body.prefix(bytes))
            answer.body = ResponseBody(contentLength: response.body.count) { writer in
                try await writer.write(part)
                try await channel.close()
                throw Broken()
            }
            answer.headers[.contentLength] = String(response.body.count)
            return answer
        }
    }

    private static func translate(_ request: Request) async throws -> SandboxRequest {
        let body = try await request.body.collect(upTo: largestBody)
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        if let authority = request.head.authority { headers["host"] = authority }
        return SandboxRequest(
            method: request.method.rawValue, path: request.uri.path, query: request.uri.query ?? "", headers: headers,
            body: Array(buffer: body)
        )
    }

    private static func translate(_ response: SandboxResponse) -> Response {
        var fields = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return Response(
            status: .init(code: response.status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body))
        )
    }
}
