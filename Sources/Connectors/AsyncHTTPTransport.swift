import AsyncHTTPClient
import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix

/// HTTP by AsyncHTTPClient: TLS always verified, gzip understood, redirects never followed (a vendor's API does not
/// redirect; a login page does).
public final class AsyncHTTPTransport: HTTPTransport {
    /// The longest body read: far above what any vendor answers to one of our requests.
    private static let maxBodyBytes = 64 << 20

    private let client: HTTPClient
    /// For answers of any length.
    private let streams: HTTPClient
    private let clock = SystemClock()

    /// - Parameters:
    ///   - connectTimeout: how long setting up a connection may take.
    ///   - silence: how long may pass between two pieces of an answer that is taken piece by piece, the time for taking the
    ///     first of them included.
    public init(connectTimeout: Duration = .seconds(10), silence: Duration = .seconds(300)) {
        let connect = TimeAmount.nanoseconds(connectTimeout.nanoseconds)
        client = Self.client(.init(connect: connect), .enabled(limit: .size(Self.maxBodyBytes)))
        streams = Self.client(
            .init(connect: connect, read: .nanoseconds(silence.nanoseconds)), .enabled(limit: .none))
    }

    private static func client(
        _ timeout: HTTPClient.Configuration.Timeout, _ decompression: HTTPClient.Decompression
    ) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: timeout, decompression: decompression)
        // One request per connection at a time, and a refused connection fails at once: waiting is the caller's policy.
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // The clients insist on it. They stay alive until this is done; nobody is left to hear of a failure.
        client.shutdown { _ in }
        streams.shutdown { _ in }
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let outgoing = try prepared(request)
        let deadline = clock.now().advanced(by: request.timeout)
        do {
            return try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
                group.addTask { try await self.answer(to: outgoing) }
                // The client's own deadline ends with the head of the answer; this one covers the body too.
                group.addTask {
                    try await self.clock.sleep(until: deadline)
                    throw TransportError.inDoubt("no whole answer within \(request.timeout.components.seconds) s")
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw CancellationError() }
                return first
            }
        } catch {
            throw Self.classified(error)
        }
    }

    public func send(_ request: HTTPRequest, taking take: ([UInt8]) async throws -> Void) async throws -> HTTPResponse {
        let outgoing = try prepared(request)
        do {
            let answer = try await streams.execute(outgoing, deadline: .now() + .nanoseconds(request.timeout.nanoseconds))
            var response = Self.head(of: answer)
            guard response.isSuccess else {
                response.body = try await Self.body(of: answer)
                return response
            }
            for try await piece in answer.body {
                do { try await take(Array(piece.readableBytesView)) } catch { throw TakerFailure(cause: error) }
            }
            // A cancelled body ends early without an error and would pass for a whole one.
            try Task.checkCancellation()
            return response
        } catch let failure as TakerFailure {
            throw failure.cause
        } catch {
            throw Self.classified(error)
        }
    }

    /// Tells what a taker threw from failures of the network.
    private struct TakerFailure: Error {
        let cause: any Error
    }

    private func prepared(_ request: HTTPRequest) throws(TransportError) -> HTTPClientRequest {
        guard let url = URL(string: request.url), let host = url.host(), !host.isEmpty, ["https", "http"].contains(url.scheme)
        else {
            throw .notSent("not an absolute URL of HTTP")
        }
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .init(rawValue: request.method)
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        if outgoing.headers["User-Agent"].isEmpty { outgoing.headers.add(name: "User-Agent", value: "tandem") }
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        return outgoing
    }

    private func answer(to request: HTTPClientRequest) async throws -> HTTPResponse {
        let answer = try await client.execute(request, deadline: .distantFuture)
        var response = Self.head(of: answer)
        response.body = try await Self.body(of: answer)
        return response
    }

    private static func head(of answer: HTTPClientResponse) -> HTTPResponse {
        let headers = Dictionary(
            answer.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { "\($0), \($1)" }
        )
        return HTTPResponse(status: Int(answer.status.code), headers: headers)
    }

    private static func body(of answer: HTTPClientResponse) async throws -> [UInt8] {
        let body = try await answer.body.collect(upTo: maxBodyBytes)
        // A cancelled body ends early without an error and would pass for a whole one.
        try Task.checkCancellation()
        return Array(body.readableBytesView)
    }

    private static let failuresBeforeSending: [HTTPClientError] = [
        .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .invalidURL, .emptyHost, .emptyScheme,
        .alreadyShutdown,
    ]

    private static func classified(_ error: any Error) -> TransportError {
        switch error {
        case let error as TransportError: error
        case is CancellationError: .cancelled
        case let error as HTTPClientError where error == .cancelled: .cancelled
        case let error as HTTPClientError where failuresBeforeSending.contains(error): .notSent(error.shortDescription)
        case let error as HTTPClientError: .inDoubt(error.shortDescription)
        // A refusal comes as the one or the other, depending on whether the host is a name or an address.
        case let error as IOError where error.errnoCode == ECONNREFUSED: .notSent("the connection was refused")
        case let error as NIOConnectionError: .notSent("cannot connect to \(error.host):\(error.port)")
        // A failed TLS handshake is in here too: read back once too often is better than written twice.
        default: .inDoubt(String(describing: type(of: error)))
        }
    }
}

extension Duration {
    /// Saturating.
    fileprivate var nanoseconds: Int64 {
        let (whole, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole + components.attoseconds / 1_000_000_000
    }
}
