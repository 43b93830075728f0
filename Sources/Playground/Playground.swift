package import Contracts
package import Sandbox
package import SyncCore

/// The emulated vendors as the demo, the benches and `tandem sandbox` set them up, and the integration that pairs them.
package struct Playground: Sendable {
    package static let integration = "demo"
    package static let webhookSecret = "sandbox-webhook-secret"
    package static let statusField = "Tandem_Sync_Status__c"
    package static let accountStatusField = "Tandem_Account_Status__c"
    /// What the account's webhook tells of.
    package static let hookEvents = [
        "subscribe", "update", "contact_tag_added", "contact_tag_removed", "account_add", "account_update",
        "sent", "open", "click", "reply",
    ]

    /// The custom fields of the emulated account, by what the demo's people have.
    package struct FieldIDs: Sendable {
        package var income: String
        package var birthDate: String
        package var occupation: String
    }

    package let salesforce: SalesforceSandbox
    package let marketing: ActiveCampaignSandbox
    package let fields: FieldIDs
    /// The rate the emulated account allows; real ones allow 5.
    package let requestsPerSecond: Int

    /// - Parameters:
    ///   - rules: What the org's admin has set up; as a default the flow that marks what users edit.
    ///   - automation: The account's own, which rewrites what was just written.
    ///   - importDelay: How long the account takes for a bulk import; `nil` leaves it to whoever plays with the account.
    package init(
        requestsPerSecond: Int, instanceURL: String? = nil, clock: @escaping @Sendable () -> Timestamp,
        rules: SalesforceRules = Self.rules, automation: ActiveCampaignOptions.Automation? = nil, importDelay: Duration? = nil,
        deliver: @escaping WebhookDelivery = { _, _, _ in 0 }
    ) async {
        let milliseconds: @Sendable () -> Int64 = { clock().milliseconds }
        var org = SalesforceOptions(clock: milliseconds)
        org.rules = rules
        org.instanceURL = instanceURL
        org.objects = org.objects.map(Self.withCustomFields)
        salesforce = SalesforceSandbox(options: org)
        var account = ActiveCampaignOptions(clock: milliseconds, deliver: deliver)
        account.requestsPerSecond = requestsPerSecond
        account.automation = automation
        account.importDelay = importDelay.map { Int64($0 / .milliseconds(1)) }
        marketing = ActiveCampaignSandbox(options: account)
        fields = FieldIDs(
            income: await marketing.addField("Annual Income"), birthDate: await marketing.addField("Birth Date", type: "date"),
            occupation: await marketing.addField("Occupation"))
        self.requestsPerSecond = requestsPerSecond
    }

    /// A flow marks what users edit, so that their values win until the next sync (IN-6).
    package static var rules: SalesforceRules {
        var rules = SalesforceRules()
        rules.syncStatusField = statusField
        return rules
    }

    package static func withCustomFields(_ object: SalesforceObject) -> SalesforceObject {
        guard object.name == "Contact" || object.name == "Lead" else { return object }
        let fields: [SalesforceField] = [
            .number("AnnualIncome__c", .currency), .text("Occupation__c", 40), .plain("BirthDate__c", .date),
        ]
        return object.adding(object.name == "Contact" ? fields + [.text(accountStatusField, 255)] : fields)
    }

    /// Everything that can flow out does: contacts from the web and those a user has marked, every new lead, the accounts of
    /// either with their web address, and opportunities.
    package static let outbound = OutboundSettings(
        schedule: .every(hours: 1),
        selection: [
            .contact: .criteria(
                .any([
                    .rule(FieldRule(field: "LeadSource", .equals, ["Web"])),
                    .rule(FieldRule(field: statusField, .equals, [Profile(name: .activeCampaignSalesforce).waitingStatus])),
                ])),
            .lead: .newFromNowOn,
        ],
        accounts: .full([
            FieldMapping(marketing: "name", crm: "Name"), FieldMapping(marketing: "accountUrl", crm: "Website"),
        ]), opportunities: true)

    /// The integration as a manager would describe it.
    package func settings(
        salesforceURL: String, marketingURL: String, window: BatchWindow, outbound: OutboundSettings = OutboundSettings()
    ) -> IntegrationSettings {
        let custom = [
            FieldMapping(marketing: "perstag:ANNUAL_INCOME", crm: "AnnualIncome__c"),
            FieldMapping(marketing: "perstag:BIRTH_DATE", crm: "BirthDate__c"),
            FieldMapping(marketing: "perstag:OCCUPATION", crm: "Occupation__c"),
        ]
        return IntegrationSettings(
            name: Self.integration, profile: .activeCampaignSalesforce,
            crm: CRMSettings(
                loginURL: salesforceURL, flow: .clientCredentials, clientID: "sandbox-client", syncStatusField: Self.statusField,
                accountStatusField: Self.accountStatusField),
            marketing: MarketingSettings(url: marketingURL, requestsPerSecond: requestsPerSecond),
            inbound: InboundSettings(window: window), outbound: outbound,
            mappings: MappingSet(contact: MappingSet.defaults.contact + custom, lead: MappingSet.defaults.lead + custom))
    }

    package static let secrets: [SecretName: Secret] = [
        .crmClientSecret: Secret("sandbox-secret"), .marketingAPIKey: Secret("sandbox-api-token"),
        .webhookSecret: Secret(webhookSecret),
    ]
}
