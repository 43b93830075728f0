import Sandbox
import Synchronization

/// A clock that stands still until it is told to move.
final class HandClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_790_000_000_000)

    var now: Int64 { milliseconds.withLock { $0 } }

    func advance(seconds: Int64) {
        milliseconds.withLock { $0 += seconds * 1000 }
    }
}

/// Talks to an emulated org as a client would, without a socket.
struct SalesforceClient {
    let sandbox: SalesforceSandbox
    let clock: HandClock
    private let token: String

    init(_ change: (inout SalesforceOptions) -> Void = { _ in }) async {
        let clock = HandClock()
        var options = SalesforceOptions(clock: { clock.now })
        options.instanceURL = "https://acme.my.salesforce.com"
        change(&options)
        sandbox = SalesforceSandbox(options: options)
        self.clock = clock
        token = await Self.token(sandbox, Self.refresh())["access_token"]?.text ?? ""
    }

    static func refresh(_ token: String = "sandbox-refresh-token") -> String {
        "grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret&refresh_token=\(token)"
    }

    static func token(_ sandbox: SalesforceSandbox, _ form: String, host: String = "acme.my.salesforce.com") async -> SandboxValue
    {
        let reply = await sandbox.reply(
            to: SandboxRequest(
                method: "POST", path: "/services/oauth2/token", headers: ["host": host], body: Array(form.utf8)))
        guard case .answer(let response) = reply else { return .null }
        return response.json ?? .null
    }

    func reply(
        _ method: String, _ path: String, query: String = "", _ body: SandboxValue? = nil, headers: [String: String] = [:],
        token: String? = nil, version: String = "v62.0"
    ) async -> SandboxReply {
        await reply(method, path, query: query, bytes: body?.json() ?? [], headers: headers, token: token, version: version)
    }

    private func reply(
        _ method: String, _ path: String, query: String, bytes: [UInt8], headers: [String: String], token: String?,
        version: String
    ) async -> SandboxReply {
        var headers = headers
        headers["authorization"] = "Bearer \(token ?? self.token)"
        return await sandbox.reply(
            to: SandboxRequest(
                method: method, path: "/services/data/\(version)" + path, query: query, headers: headers, body: bytes))
    }

    func send(
        _ method: String, _ path: String, query: String = "", _ body: SandboxValue? = nil, headers: [String: String] = [:],
        token: String? = nil, version: String = "v62.0"
    ) async -> SandboxResponse {
        let reply = await reply(method, path, query: query, body, headers: headers, token: token, version: version)
        return Self.response(of: reply)
    }

    /// A request whose body is not JSON.
    func send(_ method: String, _ path: String, bytes: [UInt8], headers: [String: String]) async -> SandboxResponse {
        Self.response(
            of: await reply(method, path, query: "", bytes: bytes, headers: headers, token: nil, version: "v62.0"))
    }

    private static func response(of reply: SandboxReply) -> SandboxResponse {
        switch reply {
        case .answer(let response), .cut(let response, _), .delayed(let response, _): response
        case .hangUp: SandboxResponse(status: 0)
        }
    }

    func query(_ soql: String) async -> SandboxResponse {
        await send("GET", "/query", query: "q=" + Self.encoded(soql))
    }

    static func encoded(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Creates contacts in one collections call.
    func create(_ contacts: [[String: SandboxValue]]) async -> SandboxResponse {
        await send("POST", "/composite/sobjects", Self.collection("Contact", contacts))
    }

    static func collection(_ object: String, _ records: [[String: SandboxValue]]) -> SandboxValue {
        let records = records.map { record in
            SandboxValue.object(record.merging(["attributes": ["type": .string(object)]]) { $1 })
        }
        return ["allOrNone": false, "records": .array(records)]
    }
}

extension SandboxResponse {
    /// The code of the first error, of the call or of the row of that index.
    func code(row: Int = 0) -> String? {
        json?[row]?["errorCode"]?.text ?? json?[row]?["errors"]?[0]?["statusCode"]?.text
    }
}
