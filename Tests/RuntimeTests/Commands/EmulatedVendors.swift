import Connectors
import Contracts
import Logging
import Playground
import Sandbox
import Store
import SyncCore
import Vendors

@testable import Runtime

/// Both emulated vendors where ``CommandFixture/settings`` look for them, without a network.
struct EmulatedVendors {
    let org: SalesforceSandbox
    let account: ActiveCampaignSandbox

    init(
        _ changeOrg: (inout SalesforceOptions) -> Void = { _ in },
        _ changeAccount: (inout ActiveCampaignOptions) -> Void = { _ in }
    ) {
        let now = CommandFixture.now
        var org = SalesforceOptions(clock: { now.milliseconds })
        org.instanceURL = "https://\(CommandFixture.crmHost)"
        changeOrg(&org)
        self.org = SalesforceSandbox(options: org)
        var account = ActiveCampaignOptions(clock: { now.milliseconds })
        changeAccount(&account)
        self.account = ActiveCampaignSandbox(options: account)
    }

    func connections(_ store: Store) -> VendorConnections {
        VendorConnections(
            store: store,
            transport: InProcessTransport([CommandFixture.crmHost: org, CommandFixture.marketingHost: account]),
            clock: VirtualClock(now: CommandFixture.now), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}
