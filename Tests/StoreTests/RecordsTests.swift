import Contracts
import Foundation
import Store
import SyncCore
import Testing

@Suite("Links, history, holds and usage")
struct RecordsTests {
    @Test("A link comes back as it was kept, every kind of value in its base")
    func linkRoundTrip() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        var full = Link(
            integration: "acme", object: .lead, marketingID: "7", crmID: "00Q7", externalID: "x", state: .linked,
            base: [
                "A": .blank, "B": .text("Zoë \"quoted\"\n"), "C": .number(1234.5), "D": .boolean(true),
                "E": .date(CalendarDate(year: 2026, month: 2, day: 28)), "F": .instant(at(5)), "G": .choices(["a", "b"]),
            ],
            seen: ["email": Stamp(at: at(1), sequence: 9)], tags: Stamped(["one", "two"], Stamp(at: at(2), sequence: 10)),
            overruled: ["B", "A"])
        full.sent = ["B": .text("new")]
        let creating = link("7", object: .contact, state: .creating)
        try await store.saveLinks([full, creating], lease: lease, now: at(0))
        let expected = ["7": [CRMObject.lead: full, .contact: creating]]
        #expect(try await store.links(integration: "acme", marketingIDs: ["7", "8"]) == expected)
        #expect(try await store.links(integration: "other", marketingIDs: ["7"]).isEmpty)
        #expect(try await store.links(integration: "acme", marketingIDs: []).isEmpty)

        var ended = full
        ended.state = .ended
        ended.tags = nil
        try await store.saveLinks([ended], lease: lease, now: at(1))
        #expect(try await store.links(integration: "acme", marketingIDs: ["7"])["7"]?[.lead] == ended)
        #expect(try await store.linkCount(integration: "acme", object: .lead) == 0)
        #expect(try await store.linkCount(integration: "acme", object: .lead, state: .ended) == 1)
        #expect(try await store.linkCount(integration: "acme", object: .contact, state: .creating) == 1)
    }

    @Test("A CRM record's link is found by its id, a live one before one that ended")
    func linkByCRMID() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.saveLinks(
            [link("1", crmID: "003", state: .ended), link("2", crmID: "003"), link("3", crmID: "004", state: .ended)],
            lease: lease,
            now: at(0))
        #expect(try await store.link(byCRMID: "003", object: .contact, integration: "acme")?.marketingID == "2")
        #expect(try await store.link(byCRMID: "004", object: .contact, integration: "acme")?.state == .ended)
        #expect(try await store.link(byCRMID: "003", object: .lead, integration: "acme") == nil)
        #expect(try await store.link(byCRMID: "005", object: .contact, integration: "acme") == nil)
    }

    @Test("OPS-1 A person's history is kept whole, newest first; outcomes are counted")
    func historyAndCounts() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        let entries = [
            history("1", "created", at: at(0), details: ["fields": ["Email", "Phone"]]),
            history("1", "updated", code: "ignored-here", at: at(1)), history("2", "skipped", code: "no-email"),
            history("3", "skipped", code: "no-email"), history("4", "skipped", code: "other"), history("5", "parked"),
        ]
        for batch in [entries[..<3], entries[3...]] {
            let settlement = Settlement(rowID: 1, version: 1, result: .done, history: Array(batch))
            try await store.settle([settlement], direction: .inbound, lease: lease, now: at(2))
        }
        #expect(try await store.history(integration: "acme", marketingID: "1", limit: 9) == [entries[1], entries[0]])
        #expect(try await store.history(integration: "acme", marketingID: "1", limit: 1) == [entries[1]])
        let counts = ["created": 1, "updated": 1, "skipped:no-email": 2, "skipped:other": 1, "parked": 1]
        #expect(try await store.outcomeCounts(integration: "acme") == counts)
        #expect(try await store.outcomeCounts(integration: "other") == [:])
    }

    @Test("IN-9 A hold stops one direction of one integration until its time, or until released")
    func holds() async throws {
        let store = try memoryStore()
        let limit = SyncError(
            .rateLimited(until: at(60)), code: "REQUEST_LIMIT_EXCEEDED", message: "TotalRequests Limit exceeded.")
        try await store.hold(integration: "acme", direction: .inbound, until: at(60), reason: limit, now: at(0))
        let hold = try #require(try await store.hold(of: "acme", direction: .inbound))
        #expect(hold == Hold(until: at(60), reason: limit, since: at(0)))
        #expect(hold.isActive(at: at(59)))
        #expect(!hold.isActive(at: at(60)))
        #expect(try await store.hold(of: "acme", direction: .outbound) == nil)

        let auth = SyncError(.auth, code: "invalid_grant", message: "expired access/refresh token")
        try await store.hold(integration: "acme", direction: .inbound, until: nil, reason: auth, now: at(1))
        #expect(try await store.hold(of: "acme", direction: .inbound)?.isActive(at: .distantFuture) == true)
        try await store.releaseHold(integration: "acme", direction: .inbound)
        #expect(try await store.hold(of: "acme", direction: .inbound) == nil)
    }

    @Test("IN-9 The latest reading of the quota counts, whatever order readings arrive in")
    func usage() async throws {
        let store = try memoryStore()
        #expect(try await store.usage(of: "acme") == nil)
        try await store.recordUsage(integration: "acme", used: 20, limit: 15_000, at: at(2))
        try await store.recordUsage(integration: "acme", used: 10, limit: 15_000, at: at(1))
        #expect(try await store.usage(of: "acme") == APIUsage(used: 20, limit: 15_000, at: at(2)))
        try await store.recordUsage(integration: "acme", used: 1, limit: 16_000, at: at(3))
        // Some calls became free: the use is measured anew.
        let start = APIUsage.Start(used: 1, at: at(3))
        #expect(try await store.usage(of: "acme") == APIUsage(used: 1, limit: 16_000, at: at(3), start: start))
    }
}
