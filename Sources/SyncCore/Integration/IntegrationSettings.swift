/// One integration as its manager describes it: a CRM org paired with a marketing account. Holds no secret; those are
/// kept sealed, by ``SecretName``.
public struct IntegrationSettings: Sendable, Hashable, Codable {
    /// Lower-case letters, digits and hyphens; unique in a cluster; part of topic keys and webhook paths.
    public var name: String
    public var profile: ProfileName
    public var crm: CRMSettings
    public var marketing: MarketingSettings
    public var inbound: InboundSettings
    public var outbound: OutboundSettings
    public var runs: RunSettings
    public var activities: ActivitySettings
    public var mappings: MappingSet

    public init(
        name: String, profile: ProfileName, crm: CRMSettings, marketing: MarketingSettings,
        inbound: InboundSettings = InboundSettings(), outbound: OutboundSettings = OutboundSettings(),
        runs: RunSettings = RunSettings(), activities: ActivitySettings = ActivitySettings(), mappings: MappingSet = .defaults
    ) {
        self.name = name
        self.profile = profile
        self.crm = crm
        self.marketing = marketing
        self.inbound = inbound
        self.outbound = outbound
        self.runs = runs
        self.activities = activities
        self.mappings = mappings
    }

    /// Settings stored before there was an outbound path, or runs, or activities, have none.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        profile = try values.decode(ProfileName.self, forKey: .profile)
        crm = try values.decode(CRMSettings.self, forKey: .crm)
        marketing = try values.decode(MarketingSettings.self, forKey: .marketing)
        inbound = try values.decode(InboundSettings.self, forKey: .inbound)
        outbound = try values.decodeIfPresent(OutboundSettings.self, forKey: .outbound) ?? OutboundSettings()
        runs = try values.decodeIfPresent(RunSettings.self, forKey: .runs) ?? RunSettings()
        activities = try values.decodeIfPresent(ActivitySettings.self, forKey: .activities) ?? ActivitySettings()
        mappings = try values.decode(MappingSet.self, forKey: .mappings)
    }

    /// The mappings of an object with what the account settings add to them (MAP-4).
    public func mappings(of object: CRMObject) -> [FieldMapping] {
        switch (object, outbound.accounts) {
        case (.contact, .nameOnly(let field)):
            mappings.contact + [FieldMapping(marketing: field, crm: CRMRecord.accountNameField)]
        case (.account, .full(let fields)): fields
        default: mappings[object]
        }
    }
}

/// The presets of tags, batching and policies of a pair of systems. Only pairs whose connectors exist are listed.
public enum ProfileName: String, Sendable, Hashable, Codable, CaseIterable {
    case activeCampaignSalesforce = "activecampaign-salesforce"
}

/// How to reach a Salesforce org.
public struct CRMSettings: Sendable, Hashable, Codable {
    /// The OAuth 2.0 flow that yields access tokens (CON-1).
    public enum Flow: String, Sendable, Hashable, Codable, CaseIterable {
        case refreshToken = "refresh-token"
        case jwtBearer = "jwt-bearer"
        case clientCredentials = "client-credentials"
    }

    /// The host tokens are asked from, e.g. `https://acme.my.salesforce.com`.
    public var loginURL: String
    /// The pinned version of the REST API, e.g. `62.0`.
    public var apiVersion: String
    public var flow: Flow
    public var clientID: String
    /// The user the JWT bearer flow acts for.
    public var username: String?
    /// The unique external ID field Tandem owns on Contact and Lead.
    public var externalIDField: String
    /// The field that shows the sync status (IN-6, OUT-6).
    public var syncStatusField: String
    /// The field of Contact that shows whether its account synced as well (MAP-4, OUT-6); `nil` for none.
    public var accountStatusField: String?
    /// How much of the org's calls Tandem may use (IN-9).
    public var budget: APIBudget

    public init(
        loginURL: String, apiVersion: String = "62.0", flow: Flow, clientID: String, username: String? = nil,
        externalIDField: String = "Tandem_Id__c", syncStatusField: String = "Tandem_Sync_Status__c",
        accountStatusField: String? = nil, budget: APIBudget = APIBudget()
    ) {
        self.loginURL = loginURL
        self.apiVersion = apiVersion
        self.flow = flow
        self.clientID = clientID
        self.username = username
        self.externalIDField = externalIDField
        self.syncStatusField = syncStatusField
        self.accountStatusField = accountStatusField
        self.budget = budget
    }

    /// Settings stored before there were budgets have none.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        loginURL = try values.decode(String.self, forKey: .loginURL)
        apiVersion = try values.decode(String.self, forKey: .apiVersion)
        flow = try values.decode(Flow.self, forKey: .flow)
        clientID = try values.decode(String.self, forKey: .clientID)
        username = try values.decodeIfPresent(String.self, forKey: .username)
        externalIDField = try values.decode(String.self, forKey: .externalIDField)
        syncStatusField = try values.decode(String.self, forKey: .syncStatusField)
        accountStatusField = try values.decodeIfPresent(String.self, forKey: .accountStatusField)
        budget = try values.decodeIfPresent(APIBudget.self, forKey: .budget) ?? APIBudget()
    }
}

/// How to reach an ActiveCampaign account.
public struct MarketingSettings: Sendable, Hashable, Codable {
    /// The URL shown under Settings → Developer, with or without `/api/3`.
    public var url: String
    /// The account's limit, shared by everything that uses it (OUT-9).
    public var requestsPerSecond: Int

    public init(url: String, requestsPerSecond: Int = 5) {
        self.url = url
        self.requestsPerSecond = requestsPerSecond
    }
}

/// How inbound changes are batched and matched.
public struct InboundSettings: Sendable, Hashable, Codable {
    /// What happens when a person about to be created is already in the CRM under the same email.
    public enum Matching: String, Sendable, Hashable, Codable, CaseIterable {
        /// The one unlinked record of that object with the email is linked instead of creating a second (GEN-6).
        case email
        /// Always create.
        case none
    }

    /// From so many on a bulk job writes records of one kind with fewer calls: they take one per 1,000 one by one, and a job
    /// some ten, its looks included.
    public static let standardBulk = 10_000

    public var window: BatchWindow
    public var matching: Matching
    /// From so many waiting records of one kind on they are written by a bulk job of the CRM.
    public var bulkFrom: Int

    public init(
        window: BatchWindow = .standard, matching: Matching = .email, bulkFrom: Int = InboundSettings.standardBulk
    ) {
        self.window = window
        self.matching = matching
        self.bulkFrom = bulkFrom
    }

    /// Settings stored before there were bulk jobs do not tell from when on.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        window = try values.decode(BatchWindow.self, forKey: .window)
        matching = try values.decode(Matching.self, forKey: .matching)
        bulkFrom = try values.decodeIfPresent(Int.self, forKey: .bulkFrom) ?? Self.standardBulk
    }
}

/// The secrets an integration may have; which ones it needs follows from its settings.
public enum SecretName: String, Sendable, Hashable, Codable, CaseIterable {
    case crmClientSecret = "crm.client-secret"
    case crmRefreshToken = "crm.refresh-token"
    /// The PEM of the RSA key that signs JWT bearer assertions.
    case crmPrivateKey = "crm.private-key"
    case marketingAPIKey = "marketing.api-key"
    /// The random part of the webhook path.
    case webhookSecret = "webhook.secret"
    /// What the panels of CRM records show as their users' token: the standard role (PERM-1).
    case panelToken = "api.panel-token"
    /// The token of who sets the integration up and keeps it: the manager's role.
    case managerToken = "api.manager-token"
}
