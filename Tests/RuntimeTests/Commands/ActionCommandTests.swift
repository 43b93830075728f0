import ArgumentParser
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("ACT-3 'tandem actions' and 'tandem action'")
struct ActionCommandTests {
    private static let contactID = "003000000000001AAA"
    private let now = CommandFixture.now

    private func fixture() async throws -> CommandFixture {
        let fixture = try await CommandFixture { $0.marketing.requestsPerSecond = 1000 }
        let link = Link(
            integration: "acme", object: .contact, marketingID: "48213", crmID: Self.contactID, externalID: "acme:48213",
            state: .linked)
        try await fixture.leased { try await fixture.store.saveLinks([link], lease: $0, now: now) }
        return fixture
    }

    private func ask(_ fixture: CommandFixture, _ arguments: String...) async throws -> String {
        let command = try ActionCommand.parse(["acme"] + arguments)
        return try await ActionDesk(store: fixture.store, now: now).ask(try command.request(at: now))
    }

    private func outcomes(_ fixture: CommandFixture, of record: String) async throws -> String {
        try await ActionDesk(store: fixture.store, now: now).outcomes(of: try ActionRecord.parse(record, of: "acme"))
    }

    @Test("what has the label is listed")
    func offers() async throws {
        let fixture = try await fixture()
        let vendors = EmulatedVendors({ _ in }, { $0.requestsPerSecond = nil })
        let desk = ActionDesk(store: fixture.store, now: now)
        let none = try await desk.offers(of: "acme", vendors.connections(fixture.store))
        #expect(none == "acme: no campaign and no automation has the label Salesforce")
        await vendors.account.addCampaign("Welcome", labels: ["salesforce"])
        await vendors.account.addCampaign("Plain")
        await vendors.account.addAutomation("Nurture", labels: ["Salesforce"])
        let lines = try await desk.offers(of: "acme", vendors.connections(fixture.store)).split(separator: "\n")
        #expect(lines.dropFirst() == ["send-campaign     1       Welcome", "enter-automation  1       Nurture"])
    }

    @Test("what is asked for is kept, by the short id too, and asked again it is the same request")
    func asks() async throws {
        let fixture = try await fixture()
        let first = try await ask(fixture, "contact/003000000000001", "send-campaign", "12")
        #expect(first.hasPrefix("acme: waiting: send-campaign 12, request send-campaign-12-contact-\(Self.contactID)-"))
        #expect(try await ask(fixture, "contact/\(Self.contactID)", "send-campaign", "12") == first)
        let named = try await ask(fixture, "contact/\(Self.contactID)", "enter-automation", "3", "--request-id", "r-1")
        #expect(named == "acme: waiting: enter-automation 3, request r-1")
        let lines = try await outcomes(fixture, of: "contact/\(Self.contactID)").split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].contains("enter-automation  3       waiting  tandem action  r-1"))
    }

    @Test("a record that is not linked is refused at once with the reason, which is kept")
    func notLinked() async throws {
        let fixture = try await fixture()
        let error = await #expect(throws: CommandFailure.self) { try await ask(fixture, "lead/00Q1", "send-campaign", "12") }
        #expect(error?.description.contains("not-linked") == true)
        #expect(try await outcomes(fixture, of: "lead/00Q1").contains("failed"))
        #expect(try await outcomes(fixture, of: "lead/00Q2") == "acme: nothing was asked for lead/00Q2")
    }

    @Test("a request id that stands for something else, and an integration that has ended, are refused")
    func refused() async throws {
        let fixture = try await fixture()
        _ = try await ask(fixture, "contact/\(Self.contactID)", "send-campaign", "12", "--request-id", "r")
        let taken = await #expect(throws: CommandFailure.self) {
            try await ask(fixture, "contact/\(Self.contactID)", "send-campaign", "13", "--request-id", "r")
        }
        #expect(taken?.description.contains("request id r was used") == true)
        try await fixture.store.setState("acme", .disconnected, now: now)
        let ended = await #expect(throws: CommandFailure.self) {
            try await ask(fixture, "contact/\(Self.contactID)", "send-campaign", "13")
        }
        #expect(ended?.description.contains("disconnected") == true)
    }

    @Test(
        "what names no record, no action or no target is refused",
        arguments: [
            ["account/001", "send-campaign", "1"], ["marketing/1", "send-campaign", "1"], ["contact/003", "create-lead", "1"],
            ["contact/003", "send-campaign", ""], ["contact/003", "send-campaign", "1", "--request-id", "a/b"],
        ])
    func invalid(arguments: [String]) {
        #expect(throws: (any Error).self) { try ActionCommand.parse(["acme"] + arguments) }
    }
}
