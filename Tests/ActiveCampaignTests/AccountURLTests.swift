import Connectors
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Account URL")
struct AccountURLTests {
    @Test(
        "CON-1 URLs that are not those of an account, or would send the key in the clear, are refused",
        arguments: [
            "http://acme.api-us1.com", "https://acme.activehosted.com/app", "ftp://acme.test", "", "https://a:b@acme.test",
        ])
    func refused(url: String) {
        let clock = VirtualClock()
        #expect(throws: SyncError.self) {
            try ActiveCampaign(
                settings: MarketingSettings(url: url), apiKey: Secret("key"),
                limiter: RateLimiter(requestsPerSecond: 5, clock: clock),
                transport: AsyncHTTPTransport(), clock: clock
            )
        }
    }
}
