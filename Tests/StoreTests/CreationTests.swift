import Contracts
import Store
import SyncCore
import Testing

@Suite("People about to be made known to marketing")
struct CreationTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func intent(_ id: String, _ email: String = "a@acme.test", object: String = "contact") -> CreationIntent {
        CreationIntent(
            key: RecordKey(integration: "acme", object: object, recordID: id), email: email, sentAt: at(7))
    }

    private func kept() async throws -> [RecordKey: CreationIntent] {
        try await store.creations(integration: "acme", crmIDs: ["1", "2", "3"])
    }

    @Test("GEN-6 an intent is kept per record, the newest one, until it is forgotten")
    func roundTrip() async throws {
        let lease = try await store.lease()
        let (one, two, lead) = (intent("1"), intent("2"), intent("1", "lead@acme.test", object: "lead"))
        try await store.noteCreations([intent("1", "old@acme.test"), two, lead], lease: lease, now: at(1))
        try await store.noteCreations([one], lease: lease, now: at(2))
        #expect(try await kept() == [one.key: one, two.key: two, lead.key: lead])
        #expect(try await store.creations(integration: "other", crmIDs: ["1"]) == [:])
        try await store.forgetCreations([two.key, lead.key], lease: lease, now: at(3))
        #expect(try await kept() == [one.key: one])
    }

    @Test("GEN-6 it goes along with the record's first link, in one transaction")
    func linked() async throws {
        let lease = try await store.lease()
        let change = PendingChange(touchedAt: Stamp(at: at(0), sequence: 1))
        _ = try await store.enqueue([entry("1", change), entry("2", change)], direction: .outbound, now: at(0))
        let rows = try await store.take(integration: "acme", direction: .outbound, limit: 9, now: at(0))
        try await store.noteCreations([intent("1"), intent("2")], lease: lease, now: at(1))
        var made = Settlement(rowID: rows[0].id, version: 1, result: .wait(until: at(1)))
        made.links = [link("7", crmID: "1")]
        let failed = Settlement(rowID: rows[1].id, version: 1, result: .retry(at: at(2), error: transient))
        try await store.settle([made, failed], direction: .outbound, lease: lease, now: at(1))
        #expect(try await kept().keys.map(\.recordID) == ["2"])
    }

    @Test("Only under the lease, and not beyond a disconnect")
    func fenced() async throws {
        _ = try await store.apply(settings(), now: at(0))
        let lease = try await store.lease()
        try await store.noteCreations([intent("1")], lease: lease, now: at(1))
        var lost = lease
        lost.token += 1
        #expect(await errorCode { try await store.noteCreations([intent("2")], lease: lost, now: at(1)) } == "lease-lost")
        #expect(await errorCode { try await store.forgetCreations([intent("1").key], lease: lost, now: at(1)) } == "lease-lost")
        #expect(try await kept().count == 1)
        try await store.setState("acme", .disconnected, now: at(2))
        #expect(try await kept() == [:])
    }
}
