import Contracts
import Foundation
import SyncCore
import Testing

@testable import Runtime

@Suite("What 'tandem get NAME' shows")
struct SettingsTextTests {
    private let settings = IntegrationSettings(
        name: "acme", profile: .activeCampaignSalesforce,
        crm: CRMSettings(loginURL: "https://acme.my.salesforce.com", flow: .clientCredentials, clientID: "id"),
        marketing: MarketingSettings(url: "https://acme.api-us1.com"))

    @Test("the window's interval reads as in a file")
    func interval() throws {
        let shown = try JSONValue.parse(Array(try SettingsText(settings).text.utf8))
        let window = shown.objectValue?["inbound"]?.objectValue?["window"]
        #expect(window == .object(["interval": .string("10m"), "records": .integer(100)]))
    }

    @Test("nothing that is stored is left out")
    func complete() throws {
        var shown = try JSONValue.parse(Array(try SettingsText(settings).text.utf8)).objectValue
        var stored = try JSONValue.parse(Array(JSONEncoder().encode(settings))).objectValue
        #expect(shown?["inbound"]?.objectValue?.keys.sorted() == stored?["inbound"]?.objectValue?.keys.sorted())
        #expect(stored?["outbound"] != nil && shown?["outbound"] != nil)
        for part in ["inbound", "outbound"] {
            shown?[part] = nil
            stored?[part] = nil
        }
        #expect(shown == stored)
    }

    private static let outbound: [OutboundSettings] = [
        OutboundSettings(),
        OutboundSettings(
            schedule: .every(hours: 6), selection: [.contact: .newFromNowOn, .lead: .marked], overlap: .seconds(90),
            accounts: .nameOnly(marketingField: "field:1"), opportunities: true, bounceLimit: 9),
        OutboundSettings(
            schedule: .daily(hour: 3, minute: 5, timeZone: "Europe/Berlin"),
            selection: [
                .contact: .criteria(
                    .any(
                        FieldRule.Operator.allCases.map { comparison in
                            let values = [FieldRule.Operator.Operand.nothing: [], .one: ["1"], .list: ["a", "b"]]
                            return .rule(FieldRule(field: "A__c", comparison, values[comparison.operand] ?? []))
                        } + [.all([.rule(FieldRule(field: "B", .equals, ["\"'#: {"]))])]))
            ]),
    ]

    @Test("what is shown of outbound reads back, as part of a file, as what is stored", arguments: outbound)
    func readsBack(outbound: OutboundSettings) throws {
        var settings = settings
        settings.outbound = outbound
        let shown = try JSONValue.parse(Array(try SettingsText(settings).text.utf8)).objectValue?["outbound"] ?? .null
        // JSON is YAML.
        let text = String(decoding: shown.serialized(), as: UTF8.self)
        var fixture = ConfigurationFixture.secrets
        fixture.files["acme.yaml"] = ConfigurationFixture.integration + "\n  outbound: \(text)\n"
        #expect(try fixture.loader.integrations(at: ["acme.yaml"]).first?.settings.outbound == outbound)
    }

    @Test("account mappings are shown as the other mappings are")
    func accountMappings() throws {
        var settings = settings
        settings.outbound.accounts = .fullByDefault
        let shown = try JSONValue.parse(Array(try SettingsText(settings).text.utf8)).objectValue
        let full = shown?["outbound"]?.objectValue?["accounts"]?.objectValue?["full"]
        let mapping = try JSONValue.parse(Array(JSONEncoder().encode(FieldMapping(marketing: "name", crm: "Name"))))
        #expect(full == .array([mapping]))
    }
}
