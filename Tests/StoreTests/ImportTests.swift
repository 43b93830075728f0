import Contracts
import Foundation
import Store
import SyncCore
import Testing

@Suite("Imports under way")
struct ImportTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func queue(_ ids: [String], sequence: Int64 = 1, now: Timestamp = at(0)) async throws -> [QueueRow] {
        let change = PendingChange(touchedAt: Stamp(at: at(0), sequence: sequence))
        _ = try await store.enqueue(ids.map { entry($0, change) }, direction: .outbound, now: now)
        return try await ready(now: now)
    }

    private func ready(now: Timestamp) async throws -> [QueueRow] {
        try await store.take(integration: "acme", direction: .outbound, limit: 99, now: now)
    }

    private func done(_ rows: [ImportRow]) -> [Settlement] {
        rows.map { Settlement(rowID: $0.rowID, version: $0.version, result: .done, links: [$0.link]) }
    }

    @Test("GEN-6 An import is there again after a crash, as it was sent")
    func roundTrip() async throws {
        let lease = try await store.lease()
        let queued = try await queue(["1", "2"])
        var known = importRow(queued[0])
        known.link = Link(
            integration: "acme", object: .lead, marketingID: "1", crmID: "00Q", externalID: "acme:1", state: .linked,
            base: ["A": .number(1.5), "B": .choices(["x"]), "C": .blank], seen: ["email": Stamp(at: at(1), sequence: 9)],
            tags: Stamped(["one"], Stamp(at: at(2), sequence: 10)), overruled: ["B"])
        known.link.sent = ["A": .number(2)]
        known.link.endedBy = .merged
        known.link.writtenAt = at(4)
        known.link.trails = ["A": FieldTrail(lastWritten: .crm, flips: 1, repeats: 0, values: [.text("x")])]
        known.link.relation = AccountRelation(accountID: "001")
        known.details = ["fields": [["A", 1.5]], "back": nil]
        var new = importRow(queued[1])
        new.marketingID = nil
        new.link = Link(integration: "acme", object: .contact, marketingID: "", externalID: "", state: .linked)

        let job = try await store.openImport([known, new], integration: "acme", lease: lease, now: at(5))
        #expect(job.rows == [known, new])
        #expect(job.startedAt == at(5))
        #expect(try await store.imports(integration: "acme") == [job], "no answer yet: it may be under way")
        try await store.setImportBatch(job.id, batchID: "b-1", lease: lease, now: at(6))
        #expect(try await store.imports(integration: "acme").map(\.batchID) == ["b-1"])
        #expect(try await store.imports(integration: "other").isEmpty)
        let people = try await store.underImport(integration: "acme", marketingIDs: ["1", "2", "3"])
        #expect(people == ["1"], "a new person has no id to wait for")
        #expect(try await store.underImport(integration: "other", marketingIDs: ["1"]).isEmpty)
    }

    @Test("Its rows wait until it is closed, changes merged meanwhile with them")
    func rowsWait() async throws {
        let lease = try await store.lease()
        let rows = try await queue(["1", "2", "3"]).prefix(2).map(importRow)
        let job = try await store.openImport(rows, integration: "acme", lease: lease, now: at(1))
        #expect(try await queue(["1"], sequence: 2, now: at(2)).map(\.key.recordID) == ["3"])
        let depth = try await store.depth(integration: "acme", direction: .outbound, now: at(2))
        #expect(depth == QueueDepth(waiting: 3, ready: 1, oldest: at(0)))
        let waiting = try await store.waiting(integration: "acme", direction: .outbound, object: "contact", recordID: "1")
        #expect(waiting?.state == "importing")

        try await store.closeImport(job.id, settlements: done(job.rows), lease: lease, now: at(3))
        #expect(try await ready(now: at(3)).map { "\($0.key.recordID)v\($0.version)" } == ["3v1", "1v2"])
        #expect(try await ready(now: at(3)).last?.firstAt == at(2), "only the newer change waits now")
        #expect(try await store.imports(integration: "acme").isEmpty)
        #expect(try await store.underImport(integration: "acme", marketingIDs: ["1", "2"]).isEmpty)
        #expect(try await store.links(integration: "acme", marketingIDs: ["1", "2"]).count == 2)
    }

    @Test("What is not settled when it closes is ready again")
    func unsettled() async throws {
        let lease = try await store.lease()
        let rows = try await queue(["1", "2"]).map(importRow)
        let job = try await store.openImport(rows, integration: "acme", lease: lease, now: at(1))
        let later = Settlement(rowID: rows[0].rowID, version: 1, result: .retry(at: at(60), error: transient))
        try await store.closeImport(job.id, settlements: [later], lease: lease, now: at(2))
        #expect(try await ready(now: at(2)).map(\.key.recordID) == ["2"])
        #expect(try await ready(now: at(60)).map(\.attempts) == [1, 0])
    }

    @Test("It is closed once, and only under the lease")
    func closedOnce() async throws {
        let lease = try await store.lease()
        let rows = try await queue(["1"]).map(importRow)
        var lost = lease
        lost.token += 1
        func codes(_ lease: Lease, _ id: Int64) async -> [String?] {
            [
                await errorCode { try await store.setImportBatch(id, batchID: "b", lease: lease, now: at(1)) },
                await errorCode { try await store.closeImport(id, settlements: done(rows), lease: lease, now: at(1)) },
            ]
        }
        #expect(
            await errorCode { _ = try await store.openImport(rows, integration: "acme", lease: lost, now: at(1)) } == "lease-lost"
        )
        let job = try await store.openImport(rows, integration: "acme", lease: lease, now: at(1))
        #expect(
            await errorCode { _ = try await store.openImport(rows, integration: "acme", lease: lease, now: at(1)) }
                == "not-queued")
        #expect(await codes(lost, job.id) == ["lease-lost", "lease-lost"])
        #expect(await codes(lease, job.id) == [nil, nil])
        #expect(await codes(lease, job.id) == ["unknown-import", "unknown-import"])
        #expect(try await store.imports(integration: "acme").isEmpty)
    }
}
