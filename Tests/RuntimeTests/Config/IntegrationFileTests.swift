import SyncCore
import Testing

@testable import Runtime

@Suite("Files of integrations")
struct IntegrationFileTests {
    private func load(_ yaml: String, _ fixture: ConfigurationFixture = .secrets) throws -> IntegrationFile {
        var fixture = fixture
        fixture.files["acme.yaml"] = yaml
        return try #require(try fixture.loader.integrations(at: ["acme.yaml"]).first)
    }

    @Test("MAP-1 the shortest file gives the documented defaults")
    func defaults() throws {
        let file = try load(ConfigurationFixture.integration)
        #expect(
            file.settings
                == IntegrationSettings(
                    name: "acme", profile: .activeCampaignSalesforce,
                    crm: CRMSettings(loginURL: "https://acme.my.salesforce.com", flow: .clientCredentials, clientID: "client"),
                    marketing: MarketingSettings(url: "https://acme.api-us1.com")))
        #expect(file.settings.mappings == .defaults)
        #expect(file.settings.inbound.window == .standard)
        #expect(
            file.secrets == [
                .crmClientSecret: Secret("crm-secret"), .marketingAPIKey: Secret("api-key"),
                .webhookSecret: Secret("0123456789abcdef"),
            ])
    }

    @Test("MAP-10 every part of a mapping is read; the YAML 1.1 boolean `on` is an ordinary key")
    func mapping() throws {
        let file = try load(
            ConfigurationFixture.integration + """

                  inbound: {window: {records: 7, interval: 90s}, matching: none, bulkFrom: 5000}
                  mapping:
                    defaults: false
                    contact:
                      - {marketing: "field:7", crm: Tier__c, direction: inbound, on: create-only, rule: newest-wins}
                    lead:
                      - marketing: perstag:CITY
                        crm: City
                        transforms:
                          - trim
                          - split: {separator: ", ", index: -1}
                          - join: ;
                          - lookup: {table: {a: b, 1: ""}, otherwise: c}
                          - dateFormat: dmy
                          - numberFormat: ","
                          - default: Unknown
                """)
        #expect(
            file.settings.mappings
                == MappingSet(
                    contact: [
                        FieldMapping(
                            marketing: "field:7", crm: "Tier__c", direction: .inbound, scope: .createOnly, rule: .newestWins)
                    ],
                    lead: [
                        FieldMapping(
                            marketing: "perstag:CITY", crm: "City",
                            transforms: [
                                .trim, .split(separator: ", ", index: -1), .join(separator: ";"),
                                .lookup(table: ["a": "b", "1": ""], otherwise: "c"), .dateFormat(.dayMonthYear),
                                .numberFormat(decimalSeparator: ","), .defaultValue("Unknown"),
                            ])
                    ]))
        #expect(
            file.settings.inbound
                == InboundSettings(
                    window: BatchWindow(records: 7, interval: .seconds(90)), matching: .none, bulkFrom: 5000))
    }

    @Test("MAP-1 a mapping replaces the default of the same CRM field and keeps the others")
    func overridesDefault() throws {
        let file = try load(
            ConfigurationFixture.integration + """

                  mapping:
                    lead: [{marketing: "field:3", crm: company}]
                """)
        #expect(file.settings.mappings.contact == MappingSet.defaults.contact)
        #expect(file.settings.mappings.lead.map(\.crm) == ["FirstName", "LastName", "Email", "Phone", "company"])
        #expect(file.settings.mappings.lead.last?.marketing == "field:3")
    }

    @Test("CON-1 each OAuth flow takes its own secrets, from variables and files")
    func flows() throws {
        var fixture = ConfigurationFixture.secrets
        fixture.files["key.pem"] = "-----BEGIN-----\nabc\n-----END-----\n\n"
        let jwt = ConfigurationFixture.integration.replacing(
            "flow: client-credentials, clientID: client, clientSecret: {env: CRM_SECRET}",
            with: "flow: jwt-bearer, clientID: client, username: a@b.test, privateKey: {file: key.pem}")
        let file = try load(jwt, fixture)
        #expect(file.settings.crm.flow == .jwtBearer)
        #expect(file.settings.crm.username == "a@b.test")
        #expect(file.secrets[.crmPrivateKey] == Secret("-----BEGIN-----\nabc\n-----END-----"))
        #expect(file.secrets[.crmClientSecret] == nil)

        let refresh = ConfigurationFixture.integration.replacing(
            "flow: client-credentials,", with: "flow: refresh-token, refreshToken: {env: API_KEY},")
        #expect(try load(refresh).secrets[.crmRefreshToken] == Secret("api-key"))
    }

    @Test("ACT-1 PERM-1 how long activities are kept, and the tokens of the two roles")
    func activities() throws {
        var fixture = ConfigurationFixture.secrets
        fixture.variables["PANEL"] = "panel-token-0123456789"
        fixture.variables["MANAGER"] = "manager-token-0123456789"
        let yaml = ConfigurationFixture.integration
        let file = try load(
            yaml + "\n  activities: {retention: 30d}\n  api: {panelToken: {env: PANEL}, managerToken: {env: MANAGER}}", fixture)
        #expect(file.settings.activities == ActivitySettings(retentionDays: 30))
        #expect(file.secrets[.panelToken] == Secret("panel-token-0123456789"))
        #expect(file.secrets[.managerToken] == Secret("manager-token-0123456789"))
        #expect(try load(yaml).settings.activities == ActivitySettings(retentionDays: 400, mirrorObject: nil))
        let mirrored = try load(yaml + "\n  activities: {mirror: Marketing_Activity__c}")
        #expect(mirrored.settings.activities.mirrorObject == "Marketing_Activity__c")
        let standard = fixture.integrationProblems(yaml + "\n  activities: {mirror: Contact}")
        #expect(standard.count == 1 && standard.first?.contains("spec.activities.mirror") == true)
        #expect(try load(yaml + "\n  activities: {retention: none}").settings.activities.retentionDays == nil)

        let same = fixture.integrationProblems(yaml + "\n  api: {panelToken: {env: PANEL}, managerToken: {env: PANEL}}")
        #expect(same.count == 1 && same.first?.contains("spec.api.managerToken") == true)
        let short = fixture.integrationProblems(yaml + "\n  activities: {retention: 0d}\n  api: {panelToken: {env: API_KEY}}")
        #expect(short.count == 2)
    }

    @Test("several documents in a file and several files in a directory are read in order")
    func severalDocuments() throws {
        var fixture = ConfigurationFixture.secrets
        let yaml = ConfigurationFixture.integration
        fixture.files = [
            "all/b.yml": yaml.replacing("name: acme", with: "name: third"),
            "all/a.yaml": "\(yaml)\n---\n\(yaml.replacing("name: acme", with: "name: second"))\n---\n",
            "all/notes.txt": "not this one",
        ]
        let files = try fixture.loader.integrations(at: ["all"])
        #expect(files.map(\.settings.name) == ["acme", "second", "third"])
        #expect(files.map(\.file) == ["all/a.yaml", "all/a.yaml", "all/b.yml"])
    }

    @Test("an integration that is described twice is refused, naming both places")
    func describedTwice() {
        let yaml = ConfigurationFixture.integration
        #expect(
            ConfigurationFixture.secrets.integrationProblems("\(yaml)\n---\n\(yaml)")
                == ["acme.yaml:12: acme is described twice, first in acme.yaml:1"])
    }
}
