import Contracts
import Sandbox
import SyncCore

/// The emulated vendors as the demo, the benches and `tandem sandbox` set them up, and the integration that pairs them.
struct Playground: Sendable {
    static let integration = "demo"
    static let webhookSecret = "sandbox-webhook-secret"

    /// The custom fields of the emulated account, by what the demo's people have.
    struct FieldIDs: Sendable {
        var income: String
        var birthDate: String
        var occupation: String
    }

    let salesforce: SalesforceSandbox
    let marketing: ActiveCampaignSandbox
    let fields: FieldIDs
    /// The rate the emulated account allows; real ones allow 5.
    let requestsPerSecond: Int

    init(
        requestsPerSecond: Int, instanceURL: String? = nil, clock: @escaping @Sendable () -> Timestamp,
        rules: SalesforceRules = SalesforceRules(),
        deliver: @escaping WebhookDelivery = { _, _, _ in 0 }
    ) async {
        let milliseconds: @Sendable () -> Int64 = { clock().milliseconds }
        var org = SalesforceOptions(clock: milliseconds)
        org.rules = rules
        org.instanceURL = instanceURL
        org.objects = org.objects.map { object in
            object.adding([
                .number("AnnualIncome__c", .currency), .text("Occupation__c", 40), .plain("BirthDate__c", .date),
            ])
        }
        salesforce = SalesforceSandbox(options: org)
        var account = ActiveCampaignOptions(clock: milliseconds, deliver: deliver)
        account.requestsPerSecond = requestsPerSecond
        marketing = ActiveCampaignSandbox(options: account)
        fields = FieldIDs(
            income: await marketing.addField("Annual Income"), birthDate: await marketing.addField("Birth Date", type: "date"),
            occupation: await marketing.addField("Occupation"))
        self.requestsPerSecond = requestsPerSecond
    }

    /// The integration as a manager would describe it.
    func settings(salesforceURL: String, marketingURL: String, window: BatchWindow) -> IntegrationSettings {
        let custom = [
            FieldMapping(marketing: "perstag:ANNUAL_INCOME", crm: "AnnualIncome__c"),
            FieldMapping(marketing: "perstag:BIRTH_DATE", crm: "BirthDate__c"),
            FieldMapping(marketing: "perstag:OCCUPATION", crm: "Occupation__c"),
        ]
        return IntegrationSettings(
            name: Self.integration, profile: .activeCampaignSalesforce,
            crm: CRMSettings(loginURL: salesforceURL, flow: .clientCredentials, clientID: "sandbox-client"),
            marketing: MarketingSettings(url: marketingURL, requestsPerSecond: requestsPerSecond),
            inbound: InboundSettings(window: window),
            mappings: MappingSet(contact: MappingSet.defaults.contact + custom, lead: MappingSet.defaults.lead + custom))
    }

    static let secrets: [SecretName: Secret] = [
        .crmClientSecret: Secret("sandbox-secret"), .marketingAPIKey: Secret("sandbox-api-token"),
        .webhookSecret: Secret(webhookSecret),
    ]
}
