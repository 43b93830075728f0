import Connectors
import Contracts
import EventLog
import Gateway
import Playground
import Sandbox
import Store
import SyncCore
import Vendors
import Workers

/// Everything of one run: time, both vendors, the log, the store, and the way between them.
final class SimulatedWorld: Sendable {
    static let integration = "demo"
    static let beginning = Timestamp(seconds: 1_800_000_000)

    let seed: UInt64
    let setting: Setting
    let sabotage: Sabotage
    let clock: SimulatedClock
    let trace: Trace
    let referee: Referee
    let salesforce: SalesforceSandbox
    let marketing: ActiveCampaignSandbox
    let post: WebhookPost
    /// What no process holds: for looking, and for what managers do.
    let store: Store
    let log: SimulatedLog
    let network: VendorNetwork
    /// What a manager's tools reach the vendors by.
    let managersConnections: any Connections

    /// What users did so far.
    let diary = Diary()
    /// The ids of the account's custom fields.
    let customFields: [PersonField: String]
    /// What both vendors held, and when.
    let ledger: Ledger

    init(seed: UInt64, setting: Setting, sabotage: Sabotage, keepsTrace: Bool) async throws {
        self.seed = seed
        self.setting = setting
        self.sabotage = sabotage
        let clock = SimulatedClock(now: Self.beginning)
        self.clock = clock
        trace = Trace(clock: clock, isKept: keepsTrace)
        referee = Referee(clock: clock, trace: trace)
        let post = WebhookPost(clock: clock, dice: SharedDice(Dice(seed: seed, purpose: "webhooks")), trace: trace)
        self.post = post
        salesforce = SalesforceSandbox(options: Self.org(setting, clock))
        marketing = ActiveCampaignSandbox(options: Self.account(setting, clock, post))
        log = SimulatedLog(clock: clock)
        store = try Store.inMemory(key: .generate()).sharing {}
        customFields = await Self.addCustomFields(to: marketing)
        let seat = WitnessSeat(
            clock: clock, trace: trace, referee: referee, setting: setting, salesforce: salesforce, marketing: marketing,
            store: store, diary: diary, customFields: customFields)
        let ledger = Ledger(seat: seat)
        self.ledger = ledger
        network = VendorNetwork(
            vendors: InProcessTransport([Vendor.salesforce.host: salesforce, Vendor.activeCampaign.host: marketing]),
            witnesses: [ledger] + Witnesses.all(seat), clock: clock, trace: trace,
            dice: SharedDice(Dice(seed: seed, purpose: "network")))
        let transport = ProcessTransport(
            network: network, process: "manager", lifeline: Lifeline(clock: clock, dice: Dice(seed: seed, purpose: "manager")))
        managersConnections = VendorConnections(
            store: store, transport: transport, clock: clock, logger: trace.logger(of: "manager"))
        for statement in sabotage.statements { try await store.execute(statement) }
        await marketing.addHook(
            url: "https://tandem.example/hooks/\(Self.integration)/\(Playground.webhookSecret)", events: Playground.hookEvents)
        try await apply(.standard)
    }

    /// Applies the settings as a manager would, with these mappings.
    func apply(_ mapping: MappingVariant) async throws {
        var settings = IntegrationSettings(
            name: Self.integration, profile: .activeCampaignSalesforce,
            crm: CRMSettings(
                loginURL: Vendor.salesforce.url, flow: .clientCredentials, clientID: "sandbox-client",
                syncStatusField: Playground.statusField, accountStatusField: Playground.accountStatusField),
            marketing: MarketingSettings(url: Vendor.activeCampaign.url, requestsPerSecond: setting.requestsPerSecond),
            inbound: InboundSettings(window: setting.window, bulkFrom: setting.inboundBulkFrom),
            outbound: OutboundSettings(
                schedule: .every(hours: 1), selection: [.contact: setting.contactSelection, .lead: .newFromNowOn],
                accounts: setting.accounts, opportunities: setting.opportunities),
            runs: setting.runs,
            activities: ActivitySettings(mirrorObject: setting.mirrorsActivities ? SalesforceObject.marketingActivity.name : nil),
            mappings: mapping.mappings)
        sabotage.settings(&settings)
        _ = try await store.apply(settings, secrets: Playground.secrets, now: clock.now())
        diary.note(Diary.Mapping(moment: clock.now(), variant: mapping))
    }

    /// Where Tandem waits for the integration's manager, the manager lets it go on.
    func releaseHolds(on occasion: String) async throws {
        for direction in Direction.allCases {
            guard let hold = try await store.hold(of: Self.integration, direction: direction), hold.until == nil else { continue }
            trace.note(occasion, "the hold of \(direction) for \(hold.reason.code) is released")
            try await store.releaseHold(integration: Self.integration, direction: direction)
        }
    }

    private static func addCustomFields(to marketing: ActiveCampaignSandbox) async -> [PersonField: String] {
        var ids: [PersonField: String] = [:]
        for field in PersonField.allCases {
            if let title = field.customTitle { ids[field] = await marketing.addField(title) }
        }
        return ids
    }

    private static func org(_ setting: Setting, _ clock: SimulatedClock) -> SalesforceOptions {
        var org = SalesforceOptions { clock.now().milliseconds }
        org.rules = setting.marksEdits ? Playground.rules : SalesforceRules()
        org.objects = org.objects.map(Playground.withCustomFields)
        org.instanceURL = Vendor.salesforce.url
        org.dailyLimit = setting.dailyLimit
        org.clockSkew = setting.crmSkew.wholeMilliseconds
        return org
    }

    private static func account(_ setting: Setting, _ clock: SimulatedClock, _ post: WebhookPost) -> ActiveCampaignOptions {
        var account = ActiveCampaignOptions(
            clock: { clock.now().milliseconds }, deliver: { url, body, type in await post.deliver(url, body, type) })
        account.requestsPerSecond = setting.requestsPerSecond
        account.importDelay = 20_000
        return account
    }
}

/// What a witness may look at.
struct WitnessSeat: Sendable {
    let clock: any WallClock
    let trace: Trace
    let referee: Referee
    let setting: Setting
    let salesforce: SalesforceSandbox
    let marketing: ActiveCampaignSandbox
    let store: Store
    let diary: Diary
    /// The ids of the account's custom fields.
    let customFields: [PersonField: String]
}
