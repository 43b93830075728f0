/// Delivers one webhook and answers the receiver's HTTP status, 0 when there was no answer.
public typealias WebhookDelivery = @Sendable (_ url: String, _ body: [UInt8], _ contentType: String) async -> Int

/// How the emulated account is set up.
public struct ActiveCampaignOptions: Sendable {
    /// What becomes of a contact; its tags are left alone.
    public typealias Automation = @Sendable (ActiveCampaignSandbox.Person) -> ActiveCampaignSandbox.Person

    public var apiToken = "sandbox-api-token"
    /// Requests allowed in any second, for the whole account; `nil` for no limit.
    public var requestsPerSecond: Int? = 5
    /// What a 429 says in `Retry-After`, in seconds.
    public var retryAfter = 30
    /// Minutes east of UTC; the account's dates carry it.
    public var utcOffset = -300
    /// The account's URL, to be found in `links`.
    public var accountURL = "https://acme.api-us1.com"
    /// Whether the plan has accounts; if not, they answer 403 and a contact has its company's name as free text.
    public var hasAccounts = true
    /// Whether the plan has custom objects; if not, they answer 403.
    public var hasCustomObjects = true
    /// Whether the filter by label tells `Salesforce` from `salesforce`; nobody says whether the vendor's does.
    public var labelsMatchCase = false
    /// Milliseconds after which a bulk import is done with the next request; `nil` leaves that to
    /// ``ActiveCampaignSandbox/processImports()``.
    public var importDelay: Int64?
    /// An automation of the account that rewrites each contact a user or the API has written. It is not set off by itself.
    public var automation: Automation?
    public var faults = FaultPlan()
    public var deliver: WebhookDelivery
    /// Milliseconds since 1970.
    public var clock: @Sendable () -> Int64

    /// - Parameter deliver: Where webhooks go when ``ActiveCampaignSandbox/deliverPending(concurrency:)`` is called; as a
    ///   default nowhere.
    public init(clock: @escaping @Sendable () -> Int64, deliver: @escaping WebhookDelivery = { _, _, _ in 0 }) {
        self.clock = clock
        self.deliver = deliver
    }
}

/// Who caused a change, as webhooks tell it in `initiated_from`.
public enum ActiveCampaignSource: String, Sendable, Hashable, CaseIterable {
    /// The contact.
    case `public`
    /// A user in the web interface.
    case admin
    /// An API call.
    case api
    /// An automation.
    case system
}
