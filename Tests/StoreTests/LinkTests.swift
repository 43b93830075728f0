import Contracts
import Foundation
import Store
import SyncCore
import Testing

@Suite("Links from the CRM's side")
struct LinkTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func save(_ links: [Link]) async throws {
        try await store.saveLinks(links, lease: store.lease(), now: at(0))
    }

    private func known(_ marketingID: String, email: String, object: CRMObject = .contact, state: Link.State = .linked) -> Link {
        var link = link(marketingID, object: object, crmID: "crm\(marketingID)", state: state)
        link.base = ["Email": .text(email)]
        return link
    }

    @Test("What outbound knows of a link comes back as it was kept, and goes again")
    func roundTrip() async throws {
        var full = known("7", email: "a@example.com", state: .ended)
        full.endedBy = .crmDeleted
        full.writtenAt = at(9)
        full.relation = AccountRelation(accountID: "001", error: permanent)
        full.trails = [
            "Phone": FieldTrail(
                lastWritten: .crm, flips: 5, repeats: 2, values: [.blank, .number(1.5), .text("x")], isFrozen: true),
            "Name": FieldTrail(lastWritten: .marketing),
        ]
        try await save([full])
        #expect(try await store.link(integration: "acme", marketingID: "7", object: .contact) == full)

        let plain = known("7", email: "a@example.com")
        try await save([plain])
        #expect(try await store.link(integration: "acme", marketingID: "7", object: .contact) == plain)
        #expect(try await store.link(integration: "acme", marketingID: "7", object: .lead) == nil)
        #expect(try await store.link(integration: "other", marketingID: "7", object: .contact) == nil)
    }

    @Test("CRM records' links are found by their ids, a live one before those that ended")
    func byCRMIDs() async throws {
        let links = [
            link("1", crmID: "A", state: .ended), link("2", crmID: "A"), link("3", crmID: "A", state: .ended),
            link("4", crmID: "B", state: .ended), link("5", crmID: "B", state: .ended), link("6", object: .lead, crmID: "C"),
            link("7", state: .creating),
        ]
        try await save(links)
        let found = try await store.links(integration: "acme", crmIDs: ["A", "B", "C", "D"], object: .contact)
        #expect(found.mapValues(\.marketingID) == ["A": "2", "B": "5"])
        #expect(try await store.links(integration: "acme", crmIDs: ["C"], object: .lead).keys.sorted() == ["C"])
        #expect(try await store.links(integration: "acme", crmIDs: [], object: .lead).isEmpty)
    }

    @Test("People are found by email, whatever its case; links that ended do not count")
    func byEmail() async throws {
        let links = [
            known("1", email: " Ada@Example.com"), known("1", email: "ada@example.COM ", object: .lead),
            known("2", email: "ada@example.com", state: .ended), known("3", email: "ÅSA@example.com"), known("4", email: "  "),
        ]
        try await save(links)
        let found = try await store.links(
            integration: "acme", emails: ["ADA@EXAMPLE.COM", "ada@example.com", " åsa@example.com ", "", "nobody@example.com"])
        #expect(found.mapValues { $0.map(\.object) } == ["ada@example.com": [.contact, .lead], "åsa@example.com": [.contact]])

        try await save([known("1", email: "new@example.com")])
        let moved = try await store.links(integration: "acme", emails: ["ada@example.com", "new@example.com"])
        #expect(moved.mapValues { $0.map(\.object) } == ["ada@example.com": [.lead], "new@example.com": [.contact]])
    }

    @Test("The summary counts what is linked, what is frozen and what ended")
    func summary() async throws {
        var frozen = known("1", email: "a@example.com")
        frozen.trails = ["A": FieldTrail(lastWritten: .crm, isFrozen: true), "B": FieldTrail(lastWritten: .crm, isFrozen: true)]
        frozen.trails["C"] = FieldTrail(lastWritten: .crm)
        var ended = frozen
        ended.marketingID = "2"
        ended.state = .ended
        try await save([frozen, ended, link("3"), link("4", object: .lead), link("5", object: .lead, state: .creating)])
        let summary = try await store.linkSummary(integration: "acme")
        #expect(summary.linked == [.contact: 2, .lead: 1])
        #expect(summary.frozenFields == 2)
        #expect(summary.ended == 1)
        let none = try await store.linkSummary(integration: "other")
        #expect(none.linked.isEmpty && none.frozenFields == 0 && none.ended == 0)
    }

    @Test("OPS-1 A CRM record's history is found by its id and object")
    func history() async throws {
        let entries = [
            HistoryEntry(
                integration: "acme", direction: .outbound, object: "lead", marketingID: "1", crmID: "X", at: at(0),
                outcome: "updated"),
            HistoryEntry(
                integration: "acme", direction: .inbound, object: "contact", marketingID: "2", crmID: "X", at: at(1),
                outcome: "created"),
            HistoryEntry(
                integration: "acme", direction: .outbound, object: "lead", marketingID: "1", crmID: "X", at: at(2),
                outcome: "ended", code: "crm-deleted", message: "It was deleted.", details: ["a": 1]),
        ]
        let settlement = Settlement(rowID: 1, version: 1, result: .done, history: entries)
        try await store.settle([settlement], direction: .outbound, lease: store.lease(), now: at(3))
        func find(_ object: CRMObject, limit: Int = 9) async throws -> [HistoryEntry] {
            try await store.history(integration: "acme", crmID: "X", object: object, limit: limit)
        }
        #expect(try await find(.lead) == [entries[2], entries[0]])
        #expect(try await find(.lead, limit: 1) == [entries[2]])
        #expect(try await find(.contact) == [entries[1]])
        #expect(try await find(.account).isEmpty)
    }

    @Test("Outcomes without history are counted along with the others")
    func counts() async throws {
        let updated = HistoryEntry(
            integration: "acme", direction: .outbound, object: "lead", marketingID: "1", at: at(0), outcome: "updated")
        let settlement = Settlement(rowID: 1, version: 1, result: .done, history: [updated])
        try await store.settle([settlement], direction: .inbound, lease: store.lease(), now: at(0))
        try await store.count(["echo-suppressed": 3, "updated": 1], integration: "acme")
        try await store.count(["echo-suppressed": 2, "echo-near-miss": 0], integration: "acme")
        #expect(try await store.outcomeCounts(integration: "acme") == ["echo-suppressed": 5, "updated": 2])
    }
}
