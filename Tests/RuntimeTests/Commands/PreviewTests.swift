import ArgumentParser
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("OUT-1 'tandem preview'")
struct PreviewTests {
    private let vendors = EmulatedVendors()

    private func preview(
        _ fixture: CommandFixture, _ objects: [CRMObject], draft: IntegrationFile? = nil, sample: Int = 10
    ) async throws -> String {
        let preview = SelectionPreview(store: fixture.store, sample: sample, now: CommandFixture.now) { vendors.connections($0) }
        return try await preview.text(of: "acme", objects, draft: draft)
    }

    private func web(_ email: String?) async throws -> String {
        let values: [String: SandboxValue] = [
            "LastName": "Lee", "Company": "Lee & Co", "LeadSource": "Web", "Email": email.map { .string($0) } ?? .null,
        ]
        return try #require(await vendors.org.insert("Lead", values))
    }

    private static let fromTheWeb = Selection.criteria(.rule(FieldRule(field: "LeadSource", .equals, ["Web"])))

    @Test("count and sample of who matches: new ones, linked ones, and those without an email")
    func sample() async throws {
        let fixture = try await CommandFixture { $0.outbound.selection = [.lead: Self.fromTheWeb] }
        let (new, linked, without) = (try await web("a@example.com"), try await web("b@example.com"), try await web(nil))
        _ = await vendors.org.insert("Lead", ["LastName": "No", "Company": "No", "LeadSource": "Other"])
        try await fixture.leased { lease in
            let link = Link(
                integration: "acme", object: .lead, marketingID: "7", crmID: linked, externalID: "acme:7", state: .linked)
            try await fixture.store.saveLinks([link], lease: lease, now: CommandFixture.now)
        }
        let lines = try await preview(fixture, [.contact, .lead]).split(separator: "\n").map(String.init)
        #expect(lines.first == "acme contact: none are selected")
        #expect(lines[1] == "acme lead: 3 match")
        #expect(
            lines[2].hasPrefix("  ID") && lines[2].contains("SYNC") && lines[2].contains("Email")
                && lines[2].contains("LeadSource"))
        #expect(lines[3].hasPrefix("  \(new)  new ") && lines[3].contains("\"a@example.com\"") && lines[3].contains("\"Web\""))
        #expect(lines[4].hasPrefix("  \(linked)  link linked "))
        #expect(lines[5].hasPrefix("  \(without)  skipped: no email  blank"))
        #expect(lines.count == 6)
    }

    @Test("more than the sample are counted")
    func more() async throws {
        let fixture = try await CommandFixture { $0.outbound.selection = [.lead: Self.fromTheWeb] }
        for number in 0..<5 { _ = try await web("p\(number)@example.com") }
        #expect(try await preview(fixture, [.lead], sample: 2).hasSuffix("\n  … and 3 more"))
    }

    @Test("the selection of a file counts, whether the integration is applied or not; nothing is stored")
    func draft() async throws {
        _ = try await web("a@example.com")
        var settings = CommandFixture.settings
        settings.outbound.selection = [.lead: Self.fromTheWeb]
        let file = IntegrationFile(settings: settings, secrets: CommandFixture.secrets, file: "acme.yaml", line: 1)
        let applied = try await CommandFixture()
        #expect(try await preview(applied, [.lead], draft: file).hasPrefix("acme lead: 1 match"))
        #expect(try await applied.store.known("acme").settings.outbound == OutboundSettings())

        let empty = CommandFixture(store: try Store.inMemory(key: .generate()))
        #expect(try await preview(empty, [.lead], draft: file).hasPrefix("acme lead: 1 match"))
        #expect(try await empty.store.integrations().isEmpty)
        await #expect(throws: CommandFailure.self) { try await preview(empty, [.lead]) }

        var refreshing = file
        refreshing.settings.crm.flow = .refreshToken
        let refusal = await #expect(throws: CommandFailure.self) { try await preview(empty, [.lead], draft: refreshing) }
        #expect(refusal?.description == "acme has to be applied first: using its refresh token may end it")
    }

    @Test("'new from now on' counts from when a poll first saw the selection, else from now")
    func newFromNowOn() async throws {
        let fixture = try await CommandFixture { $0.outbound.selection = [.lead: .newFromNowOn] }
        _ = try await web("a@example.com")
        let later = CommandFixture.now.advanced(by: .seconds(3600))
        for (since, expected) in [(CommandFixture.now, 1), (later, 0)] {
            let poll = ObjectPoll(object: .lead, selection: .newFromNowOn, since: since)
            try await fixture.leased { lease in
                try await fixture.store.savePoll(poll, of: "acme", schedule: nil, lease: lease, now: CommandFixture.now)
            }
            #expect(
                try await preview(fixture, [.lead]).hasPrefix("acme lead: \(expected) match, created since \(since.iso8601)"))
        }
    }

    @Test("a rule the CRM does not understand is a failure that names it")
    func badRule() async throws {
        let fixture = try await CommandFixture {
            $0.outbound.selection = [.lead: .criteria(.rule(FieldRule(field: "Nowhere__c", .equals, ["a"])))]
        }
        let failure = await #expect(throws: CommandFailure.self) { try await preview(fixture, [.lead]) }
        #expect(failure?.description.hasPrefix("acme lead: ") == true)
        #expect(failure?.description.contains("Nowhere__c") == true)
    }

    @Test("only contacts and leads are selected")
    func parsing() throws {
        #expect(try PreviewCommand.parse(["acme", "lead", "-f", "a.yaml", "--sample", "3"]).object == .lead)
        #expect(throws: (any Error).self) { try PreviewCommand.parse(["acme", "account"]) }
        #expect(throws: (any Error).self) { try PreviewCommand.parse(["acme", "--sample", "-1"]) }
    }
}
