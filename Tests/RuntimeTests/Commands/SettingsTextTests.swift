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
        shown?["inbound"] = nil
        stored?["inbound"] = nil
        #expect(shown == stored)
    }
}
