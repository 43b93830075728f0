import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOHTTPTypesHTTP1

/// Has answers compressed for clients that accept it.
///
/// The compressor speaks HTTP/1 and the server adds handlers where that has already been translated; so this one, once it is
/// in the pipeline, puts the compressor before the translator.
final class CompressionInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    /// Smaller answers are not worth it.
    private static let smallest = 1024

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            let pipeline = context.pipeline.syncOperations
            let translator = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(
                HTTPResponseCompressor(responseCompressionPredicate: Self.isWorthIt), position: .before(translator))
        } catch {
            context.fireErrorCaught(error)
        }
    }

    private static func isWorthIt(
        _ head: inout HTTPResponseHead, _: Bool
    ) -> HTTPResponseCompressor.CompressionIntent {
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        return length < smallest ? .doNotCompress : .compressIfPossible
    }
}
