import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends webhooks over HTTP, once each.
public enum WebhookSender {
    /// A delivery over the shared HTTP client; an answer later than `timeout` seconds counts as none.
    public static func overHTTP(timeout: Int64 = 10) -> WebhookDelivery {
        { url, body, contentType in
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(name: "content-type", value: contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
            guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(timeout)) else { return 0 }
            return Int(response.status.code)
        }
    }
}
