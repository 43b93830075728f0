import ArgumentParser
import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("OPS-1 'tandem why'")
struct WhyTests {
    private static let contactID = "003000000000001AAA"
    private let now = CommandFixture.now
    private let vendors = EmulatedVendors()

    private func report(_ fixture: CommandFixture, _ record: String, _ field: String? = nil) async throws -> RecordReport {
        let command = try WhyCommand.parse([record] + (field.map { [$0] } ?? []))
        let name = try #require(RecordName(command.record))
        let inquiry = RecordInquiry(store: fixture.store, connections: vendors.connections(fixture.store), now: now)
        return try await inquiry.report(on: name, field: command.field)
    }

    /// A linked contact whose phone the CRM won, with a newer phone waiting inbound and a parked row outbound.
    private func fixture() async throws -> CommandFixture {
        let fixture = try await CommandFixture()
        let store = fixture.store
        let outbound = RecordKey(integration: "acme", object: "contact", recordID: Self.contactID)
        let touch = PendingChange(touchedAt: Stamp(at: now, sequence: 0))
        _ = try await store.enqueue([QueueEntry(key: outbound, change: touch)], direction: .outbound, now: now)
        let row = try #require(await store.take(integration: "acme", direction: .outbound, limit: 1, now: now).first)
        try await fixture.leased { lease in
            let parked = Settlement(
                rowID: row.id, version: row.version, result: .park(SyncError(.permanent, code: "bad", message: "it is bad")),
                links: [link], history: [entry])
            try await store.settle([parked], direction: .outbound, lease: lease, now: now)
        }
        let person = RecordKey(integration: "acme", object: "contact", recordID: "48213")
        let newer = Stamped(JSONValue.string("+1 555 0103"), Stamp(at: now.advanced(by: .seconds(5)), sequence: 9))
        _ = try await store.enqueue(
            [QueueEntry(key: person, change: PendingChange(fields: ["phone": newer]))], direction: .inbound, now: now)
        return fixture
    }

    private var link: Link {
        var link = Link(
            integration: "acme", object: .contact, marketingID: "48213", crmID: Self.contactID, externalID: "acme:48213",
            state: .linked, base: ["Email": .text("ann@example.com"), "FirstName": .text("Ann"), "Phone": .text("+1 555 0102")])
        link.relation = AccountRelation(
            accountID: "001A", error: SyncError(.permanent, code: "no-account", message: "there is none"))
        link.trails = ["FirstName": FieldTrail(lastWritten: .crm, isFrozen: true)]
        link.overruled = ["Phone"]
        return link
    }

    private var entry: HistoryEntry {
        let decision: JSONValue = [
            "field": "Phone", "marketingField": "phone", "reason": .string(FieldDecision.Reason.conflictCRMWins.rawValue),
            "winner": .string(FieldDecision.Side.crm.rawValue), "base": FieldValue.text("+1 555 0100").json,
            "marketing": FieldValue.text("+1 555 0101").json, "crm": FieldValue.text("+1 555 0102").json,
        ]
        return HistoryEntry(
            integration: "acme", direction: .outbound, object: "contact", marketingID: "48213", crmID: Self.contactID, at: now,
            outcome: "marketing-updated", code: "contact", details: .array([decision]))
    }

    @Test(
        "every way to name the record finds it",
        arguments: ["contact/\(contactID)", contactID, "marketing/48213", "48213", "Ann@Example.com"])
    func names(record: String) async throws {
        let report = try await report(try await fixture(), "acme/\(record)", "Phone")
        #expect(report.links.map(\.link.marketingID) == ["48213"])
    }

    @Test("value, source, loser and rule, what waits and is parked, the account and the next poll")
    func text() async throws {
        let report = try await report(try await fixture(), "acme/contact/\(Self.contactID)")
        let text = report.text
        for expected in [
            "acme contact/\(Self.contactID) ↔ marketing/48213  linked\n",
            "\n  account 001A: failed: no-account: there is none\n",
            "\n  Phone ↔ phone: \"+1 555 0102\"\n",
            "\n    \(now.iso8601) outbound, marketing-updated: the CRM's value stands: both sides changed it, ",
            "\n    lost: \"+1 555 0101\"\n", "\n    waiting inbound: \"+1 555 0103\"\n", "\n    waiting outbound: ",
            "\n    frozen: ", "\n  waiting inbound: ready since \(now.iso8601)\n",
            "\n  waiting outbound: parked since \(now.iso8601): bad: it is bad\n",
            "\n  \(now.iso8601) outbound marketing-updated\n", "\n  next poll: none: there is no schedule",
        ] {
            #expect(text.contains(expected), "\(expected) is not in\n\(text)")
        }
        #expect(!text.contains("note:"))
    }

    @Test("one field alone, by its name on either side; one that is not mapped is said to be so", arguments: ["phone", "PHONE"])
    func field(name: String) async throws {
        let fixture = try await fixture()
        let text = try await report(fixture, "acme/48213", name).text
        #expect(text.contains("Phone ↔ phone") && !text.contains("FirstName"))
        #expect(try await report(fixture, "acme/48213", "Shoe").text.contains("\n  no such field is mapped\n"))
    }

    @Test("as JSON, with the same facts")
    func json() async throws {
        let json = try await report(try await fixture(), "acme/48213", "Phone").json
        let linked = try #require(json["links"]?.arrayValue?.first)
        #expect(linked["crmID"] == .string(Self.contactID) && linked["state"] == "linked")
        let field = try #require(linked["fields"]?.arrayValue?.first)
        #expect(field["last"]?["reason"] == .string(FieldDecision.Reason.conflictCRMWins.rawValue))
        #expect(field["overruled"] == .boolean(true) && field["frozen"] == .boolean(false))
        #expect(linked["waiting"]?.arrayValue?.compactMap { $0["state"]?.stringValue } == ["ready", "parked"])
        #expect(try JSONValue.parse(json.serialized()) == json)
    }

    @Test("without the vendors it says so and tells what the store knows")
    func offline() async throws {
        let fixture = try await fixture()
        _ = try await fixture.store.apply(
            CommandFixture.settings, secrets: [.crmClientSecret: Secret("no"), .marketingAPIKey: Secret("no")], now: now)
        let text = try await report(fixture, "acme/48213", "Phone").text
        #expect(text.contains("Phone ↔ phone: \"+1 555 0102\""))
        #expect(text.contains("note: Salesforce could not be asked") && text.contains("note: ActiveCampaign could not be asked"))
    }

    @Test("a record that is not linked: what waits for it and why it was skipped, or that nothing is known")
    func unlinked() async throws {
        let fixture = try await CommandFixture()
        let key = RecordKey(integration: "acme", object: "lead", recordID: "00Q000000000001AAA")
        let touch = PendingChange(touchedAt: Stamp(at: now, sequence: 0))
        _ = try await fixture.store.enqueue([QueueEntry(key: key, change: touch)], direction: .outbound, now: now)
        let row = try #require(
            await fixture.store.take(integration: "acme", direction: .outbound, limit: 1, now: now).first)
        let skip = HistoryEntry(
            integration: "acme", direction: .outbound, object: "lead", marketingID: "", crmID: key.recordID, at: now,
            outcome: "skipped", code: "no-email", message: "it has no email address")
        try await fixture.leased { lease in
            try await fixture.store.settle(
                [Settlement(rowID: row.id, version: row.version, result: .done, history: [skip])], direction: .outbound,
                lease: lease, now: now)
        }
        #expect(
            try await report(fixture, "acme/00Q000000000001AAA").text
                == """
                acme lead/00Q000000000001AAA: not linked
                  \(now.iso8601) outbound skipped: no-email: it has no email address
                  next poll: none: there is no schedule
                """)
        #expect(try await report(fixture, "acme/nobody@example.com").text.contains("nothing is known of it"))
    }

    @Test(
        "how records are named",
        arguments: [
            ("acme/lead/00Q000000000001AAA", .crm(.lead, id: "00Q000000000001AAA")),
            ("acme/003D000000QV9n2", .crm(.contact, id: "003D000000QV9n2IAD")),
            ("acme/001000000000001AAA", .crm(.account, id: "001000000000001AAA")),
            ("acme/opportunity/006000000000001AAA", .crm(.opportunity, id: "006000000000001AAA")),
            ("acme/48213", .marketing(id: "48213")), ("acme/003", .marketing(id: "003")),
            ("acme/a@b.example", .email("a@b.example")),
        ] as [(String, RecordName.Record)])
    func recordNames(text: String, expected: RecordName.Record) {
        #expect(RecordName(text)?.record == expected)
        #expect(RecordName(text)?.integration == "acme")
    }

    @Test("what names no record is refused", arguments: ["acme", "", "acme/", "/48213", "acme/deal/1", "a/b/c/d"])
    func noRecord(text: String) {
        #expect(RecordName(text) == nil)
        #expect(throws: (any Error).self) { try WhyCommand.parse([text]) }
    }
}
