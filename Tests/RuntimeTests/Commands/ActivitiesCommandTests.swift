import ArgumentParser
import Contracts
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("'tandem activities'")
struct ActivitiesCommandTests {
    private let now = CommandFixture.now

    private func fixture() async throws -> CommandFixture {
        let fixture = try await CommandFixture()
        let key = RecordKey(integration: "acme", object: "contact", recordID: "7")
        _ = try await fixture.store.record(
            [
                Activity(
                    key: key, activityID: "a", kind: .linkClicked, occurredAt: now,
                    details: [.campaignID: "12", .campaignName: "Spring\u{1b}[2J", .url: "https://acme.test/offer"]),
                Activity(
                    key: key, activityID: "b", kind: .eventTracked, occurredAt: now.advanced(by: .seconds(60)),
                    details: [.eventName: "Renewed", .eventValue: "gold"]),
            ], now: now)
        let link = Link(
            integration: "acme", object: .contact, marketingID: "7", crmID: "003000000000001AAA", externalID: "acme:7",
            state: .linked)
        try await fixture.leased { try await fixture.store.saveLinks([link], lease: $0, now: now) }
        return fixture
    }

    private func text(_ arguments: [String], _ store: Store) async throws -> String {
        try await ActivitiesCommand.parse(["acme"] + arguments).text(from: store)
    }

    @Test("ACT-2 the latest first, of a CRM record or of a person, one line each")
    func table() async throws {
        let store = try await fixture().store
        let expected = """
            TIME                      KIND           OF               DETAIL
            2027-01-15T08:01:00.000Z  event-tracked                   Renewed = gold
            2027-01-15T08:00:00.000Z  link-clicked   Spring [2J (12)  https://acme.test/offer
            """
        for record in ["contact/003000000000001", "contact/003000000000001AAA", "marketing/7"] {
            #expect(try await text([record], store) == expected)
        }
    }

    @Test("ACT-2 filtered by kind, campaign, time and number")
    func filters() async throws {
        let store = try await fixture().store
        func kinds(_ options: String...) async throws -> [String] {
            let lines = try await text(["marketing/7"] + options, store).split(separator: "\n").dropFirst()
            return lines.map { String($0.split(separator: " ").dropFirst().first ?? "") }
        }
        #expect(try await kinds("--kind", "link-clicked", "--campaign", "12") == ["link-clicked"])
        #expect(try await kinds("--from", now.advanced(by: .seconds(1)).iso8601) == ["event-tracked"])
        #expect(try await kinds("--to", now.advanced(by: .seconds(1)).iso8601) == ["link-clicked"])
        #expect(try await text(["marketing/7", "--limit", "1"], store).hasSuffix("\n… and older ones: --limit shows more"))
        #expect(try await text(["lead/00Q000000000001AAA"], store).contains("no such activities of lead/00Q"))
    }

    @Test(
        "what cannot be asked for is refused, naming it",
        arguments: [
            ["account/001"], ["contact/"], ["marketing/7", "--kind", "opened"], ["marketing/7", "--from", "today"],
            ["marketing/7", "--limit", "0"],
        ])
    func invalid(arguments: [String]) {
        #expect(throws: (any Error).self) { try ActivitiesCommand.parse(["acme"] + arguments) }
    }

    @Test("an integration that does not exist is named")
    func unknown() async throws {
        let store = try await CommandFixture().store
        await #expect(throws: CommandFailure.self) {
            try await ActivitiesCommand.parse(["nobody", "marketing/7"]).text(from: store)
        }
    }

    @Test("CON-2 'tandem status' counts what is kept, and the panel is set up once it has a token")
    func status() async throws {
        let status = try await fixture().status()
        #expect(status.contains("activity panel not done"))
        #expect(status.contains("\n  activity  2 kept: event-tracked 1, link-clicked 1"))
        let secrets = CommandFixture.secrets.merging([.panelToken: Secret("token")]) { $1 }
        #expect(try await CommandFixture(secrets: secrets).status().contains("activity panel done"))
    }
}
