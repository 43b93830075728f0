import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Salesforce

/// A connection to an emulated org without a network, with a clock that stands still.
struct EmulatedOrg: HTTPTransport {
    let sandbox: SalesforceSandbox
    let clock: VirtualClock
    private let vendor: Vendor

    init(_ configure: (inout SalesforceOptions) -> Void = { _ in }) {
        let clock = VirtualClock()
        var options = SalesforceOptions { clock.now().milliseconds }
        options.instanceURL = "https://acme.test"
        configure(&options)
        sandbox = SalesforceSandbox(options: options)
        vendor = Vendor(sandbox: sandbox)
        self.clock = clock
    }

    /// A new connection, which knows nothing of the org yet.
    func crm(accountStatusField: String? = nil) throws -> SalesforceCRM {
        let settings = CRMSettings(
            loginURL: "https://acme.test", flow: .clientCredentials, clientID: "sandbox-client",
            accountStatusField: accountStatusField)
        let credentials = SalesforceCredentials(clientSecret: Secret("sandbox-secret"))
        let oauth = try SalesforceOAuth(settings: settings, credentials: credentials, transport: self, clock: clock)
        return SalesforceCRM(settings: settings, tokens: oauth.tokenSource(), transport: self, clock: clock)
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse { try await vendor.send(request) }

    /// API calls made while `work` ran.
    func cost(_ work: () async throws -> Void) async rethrows -> Int {
        let before = await sandbox.counters().apiCalls
        try await work()
        return await sandbox.counters().apiCalls - before
    }

    private struct Vendor: HTTPTransport {
        let sandbox: SalesforceSandbox

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            let target = request.url.trimmingPrefix("https://acme.test").split(separator: "?", maxSplits: 1)
            let headers = Dictionary(request.headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
            let reply = await sandbox.reply(
                to: SandboxRequest(
                    method: request.method, path: target.first.map(String.init) ?? "/",
                    query: target.count > 1 ? String(target[1]) : "", headers: headers, body: request.body))
            guard case .answer(let answer) = reply else { throw .inDoubt("no answer") }
            return HTTPResponse(status: answer.status, headers: answer.headers, body: answer.body)
        }
    }
}

extension SalesforceCRM {
    /// All pages of a poll, each with its ids.
    func pages(_ request: CRMFeedRequest, between: (Int) async -> Void = { _ in }) async throws -> [[CRMRecord]] {
        var request = request
        var pages: [[CRMRecord]] = []
        while true {
            let page = try await page(request)
            pages.append(page.records)
            guard let next = page.next else { return pages }
            request.after = next
            await between(pages.count)
        }
    }
}

extension SandboxValue {
    static func person(_ name: String, _ more: [String: SandboxValue] = [:]) -> [String: SandboxValue] {
        ["LastName": .string(name), "Company": "Acme"].merging(more) { $1 }
    }

    static func contact(_ name: String, _ more: [String: SandboxValue] = [:]) -> [String: SandboxValue] {
        ["LastName": .string(name)].merging(more) { $1 }
    }
}
