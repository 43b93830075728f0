import ActiveCampaign
import Connectors
import Contracts
import Sandbox
import SyncCore
import Synchronization

/// A connection to an emulated account over HTTP.
struct Loopback {
    let account: ActiveCampaignSandbox
    let marketing: ActiveCampaign
    let clock: VirtualClock
    /// What the operator was told.
    let notices: NoticeLog
}

/// Collects what a connector tells the operator.
final class NoticeLog: Sendable {
    private let told = Mutex<[String]>([])

    var lines: [String] { told.withLock(\.self) }

    func add(_ line: String) { told.withLock { $0.append(line) } }
}

func withSandbox(
    requestsPerSecond: Int = 1000, apiKey: String = "sandbox-api-token",
    _ change: (inout ActiveCampaignOptions) -> Void = { _ in }, _ test: (Loopback) async throws -> Void
) async throws {
    let clock = VirtualClock()
    var options = ActiveCampaignOptions(clock: { clock.now().milliseconds })
    options.requestsPerSecond = requestsPerSecond
    change(&options)
    let account = ActiveCampaignSandbox(options: options)
    let server = SandboxServer(handler: account)
    // Runs until the process ends: NIO traps when a server stops just as a connection is being accepted.
    Task { try await server.run() }
    let notices = NoticeLog()
    let marketing = try ActiveCampaign(
        settings: MarketingSettings(url: "http://127.0.0.1:\(try await server.port())/api/3"), apiKey: Secret(apiKey),
        limiter: RateLimiter(requestsPerSecond: requestsPerSecond, clock: clock), transport: AsyncHTTPTransport(), clock: clock,
        notice: { notices.add($0) }
    )
    try await test(Loopback(account: account, marketing: marketing, clock: clock, notices: notices))
}
