import Contracts
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("'tandem status'")
struct IntegrationStatusTests {
    private let now = CommandFixture.now

    private func touch(_ id: String, _ direction: Direction, _ fixture: CommandFixture) async throws {
        let key = RecordKey(integration: "acme", object: "contact", recordID: id)
        let change = PendingChange(touchedAt: Stamp(at: now, sequence: 0))
        _ = try await fixture.store.enqueue([QueueEntry(key: key, change: change)], direction: direction, now: now)
    }

    private func park(_ direction: Direction, _ fixture: CommandFixture) async throws {
        let rows = try await fixture.store.take(integration: "acme", direction: direction, limit: 10, now: now)
        let error = SyncError(.permanent, code: "no-good", message: "it is no good")
        try await fixture.leased { lease in
            try await fixture.store.settle(
                rows.map { Settlement(rowID: $0.id, version: $0.version, result: .park(error)) }, direction: direction,
                lease: lease, now: now)
        }
    }

    @Test("CON-2 a new integration: every set-up step, nothing waits, no schedule")
    func fresh() async throws {
        #expect(
            try await CommandFixture().status()
                == """
                acme  activecampaign-salesforce  active
                  set-up    connections done, field mapping done, outbound settings not done, activity panel not done
                  inbound   0 waiting
                  outbound  0 waiting
                  schedule  none: changes in the CRM are not looked for
                """)
    }

    @Test("CON-2 a connection without its secret, or that was refused, is not done; selection and schedule make the third step")
    func setUp() async throws {
        let without = try await CommandFixture(secrets: [.marketingAPIKey: Secret("k")])
        #expect(try await without.status().contains("connections not done"))

        let fixture = try await CommandFixture {
            $0.outbound.schedule = .every(hours: 1)
            $0.outbound.selection = [.lead: .marked]
            $0.mappings = MappingSet(contact: [], lead: [])
        }
        #expect(
            try await fixture.status()
                .contains("connections done, field mapping not done, outbound settings done, activity panel not done"))
        let refusal = SyncError(.auth, code: "invalid_grant", message: "expired")
        try await fixture.store.hold(integration: "acme", direction: .outbound, until: nil, reason: refusal, now: now)
        let status = try await fixture.status()
        #expect(status.contains("connections not done"))
        #expect(status.contains("\n  on hold   outbound until it is applied again or retried: invalid_grant: expired"))
    }

    @Test("both directions show what waits, since when, and what is parked and why")
    func queues() async throws {
        let fixture = try await CommandFixture()
        try await touch("003A", .outbound, fixture)
        let later = now.advanced(by: .seconds(180))
        #expect(try await fixture.status(at: later).contains("\n  outbound  1 waiting, the oldest since \(now.iso8601) (3 min)"))
        try await park(.outbound, fixture)
        for id in ["1", "2", "3"] { try await touch(id, .inbound, fixture) }
        try await park(.inbound, fixture)
        let status = try await fixture.status()
        #expect(status.contains("\n  parked    outbound 1\n"))
        #expect(status.contains("    contact/003A  \(now.iso8601)  no-good  it is no good"))
        #expect(status.contains("\n  parked    inbound 3\n") && status.contains("\n    … and 1 more"))

        _ = try await fixture.store.retryParked(integration: "acme", code: nil, now: now)
        #expect(try await !fixture.status().contains("parked"), "a retry takes up both directions")
    }

    @Test("links, frozen fields, echoes, imports and tags are counted")
    func counts() async throws {
        let fixture = try await CommandFixture()
        var link = Link(
            integration: "acme", object: .contact, marketingID: "7", crmID: "003000000000001AAA", externalID: "acme:7",
            state: .linked)
        link.trails = ["Phone": FieldTrail(lastWritten: .crm, isFrozen: true)]
        let key = RecordKey(integration: "acme", object: "contact", recordID: "003000000000001AAA")
        try await touch(key.recordID, .outbound, fixture)
        let row = try #require(await fixture.store.take(integration: "acme", direction: .outbound, limit: 1, now: now).first)
        try await fixture.leased { lease in
            try await fixture.store.saveLinks([link], lease: lease, now: now)
            _ = try await fixture.store.openImport(
                [
                    ImportRow(
                        rowID: row.id, version: row.version, key: key, email: "a@example.com", marketingID: "7", link: link,
                        outcome: "updated")
                ], integration: "acme", lease: lease, now: now)
        }
        try await fixture.store.count(["echo-suppressed": 5, "echo-near-miss": 2, "updated": 1], integration: "acme")
        let status = try await fixture.status()
        #expect(status.contains("\n  imports   1 under way with 1 people, the oldest since \(now.iso8601)\n"))
        #expect(status.contains("\n  linked    contact 1, ended 0, frozen fields 1\n"))
        #expect(status.contains("\n  settled   updated 1\n  echoes    echo_near_miss 2, echo_suppressed 5"))
    }

    @Test("applying an integration ends the holds of both directions")
    func apply() async throws {
        let fixture = try await CommandFixture()
        let limit = SyncError(.rateLimited(until: now), code: "limit", message: "too many")
        for direction in Direction.allCases {
            try await fixture.store.hold(integration: "acme", direction: direction, until: nil, reason: limit, now: now)
        }
        #expect(try await fixture.status().contains("on hold   inbound"))
        let file = IntegrationFile(settings: CommandFixture.settings, secrets: [:], file: "acme.yaml", line: 1)
        _ = try await Cluster.apply([file], to: fixture.store, now: now)
        #expect(try await !fixture.status().contains("on hold"))
    }
}
