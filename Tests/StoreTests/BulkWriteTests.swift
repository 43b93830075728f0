import Contracts
import Foundation
import Store
import SyncCore
import Testing

@Suite("Bulk writes under way")
struct BulkWriteTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func queue(_ ids: [String], field: String = "a", now: Timestamp = at(0)) async throws -> [QueueRow] {
        let change = PendingChange(fields: [field: Stamped("x", Stamp(at: now, sequence: 1))])
        _ = try await store.enqueue(ids.map { entry($0, change) }, direction: .inbound, now: now)
        return try await ready(now: now)
    }

    private func ready(now: Timestamp) async throws -> [QueueRow] {
        try await store.take(integration: "acme", direction: .inbound, limit: 99, now: now)
    }

    private func bulkRow(_ row: QueueRow) -> BulkRow {
        let id = row.key.recordID
        let link = Link(
            integration: "acme", object: .contact, marketingID: id, crmID: "003\(id)", externalID: "acme:\(id)", state: .linked,
            base: ["A": .number(1.5)])
        return BulkRow(
            rowID: row.id, version: row.version, key: row.key, resultKey: "acme:\(id)", link: link, outcome: "updated",
            details: ["touches": true])
    }

    private func open(_ rows: [BulkRow], _ lease: Lease, now: Timestamp = at(1)) async throws -> BulkWrite {
        try await store.openBulkWrite(
            rows, integration: "acme", object: .contact, operation: "upsert", lease: lease, now: now)
    }

    private func done(_ rows: [BulkRow]) -> [Settlement] {
        rows.map { Settlement(rowID: $0.rowID, version: $0.version, result: .done, links: [$0.link]) }
    }

    @Test("GEN-6 a bulk write is there again after a crash, with its job and rows as they were sent")
    func roundTrip() async throws {
        let lease = try await store.lease()
        let rows = try await queue(["1", "2", "3"]).map(bulkRow)
        var bulk = try await open(rows, lease)
        #expect(bulk.jobID == nil)
        #expect(try await store.bulkWrites(integration: "acme") == [bulk], "no job yet: nothing was sent")
        try await store.setBulkJob(bulk.id, jobID: "750A", lease: lease, now: at(2))
        bulk.jobID = "750A"
        #expect(try await store.bulkWrites(integration: "acme") == [bulk])
        #expect(try await store.bulkWrites(integration: "other").isEmpty)
        #expect(try await store.bulkRows(of: bulk, limit: 9) == rows)
        #expect(try await store.bulkRows(of: bulk, limit: 2) == Array(rows.prefix(2)))
        #expect(try await store.underImport(integration: "acme", marketingIDs: ["1", "4"]) == ["1"])
        #expect(try await store.underImport(integration: "acme", crmIDs: ["0032", "0034"]) == ["0032"])
        #expect(try await store.underImport(integration: "other", marketingIDs: ["1"]).isEmpty)
    }

    @Test("Its rows wait until they are settled, changes merged meanwhile with them, and it goes with the last of them")
    func rowsWait() async throws {
        let lease = try await store.lease()
        let rows = try await queue(["1", "2", "3"]).prefix(2).map(bulkRow)
        let bulk = try await open(rows, lease)
        #expect(try await queue(["1"], field: "b", now: at(2)).map(\.key.recordID) == ["3"])
        #expect(try await store.depth(integration: "acme", direction: .inbound, now: at(2)).waiting == 3)

        let first = Array(rows.prefix(1))
        try await store.settleBulkRows(first, of: bulk, settlements: done(first), lease: lease, now: at(3))
        #expect(try await ready(now: at(3)).map { "\($0.key.recordID)v\($0.version)" } == ["3v1", "1v2"])
        #expect(try await store.bulkWrites(integration: "acme").map(\.id) == [bulk.id])
        try await store.settleBulkRows(Array(rows.suffix(1)), of: bulk, settlements: [], lease: lease, now: at(4))
        #expect(try await store.bulkWrites(integration: "acme").isEmpty)
        #expect(try await Set(ready(now: at(4)).map(\.key.recordID)) == ["1", "2", "3"])
        #expect(try await store.links(integration: "acme", marketingIDs: ["1", "2"]).keys.sorted() == ["1"])
        let depth = try await store.depth(integration: "acme", direction: .inbound, now: at(4))
        #expect(depth.waiting == 3 && depth.ready == 3)
    }

    @Test("A row that was settled before is not settled again")
    func settledBefore() async throws {
        let lease = try await store.lease()
        let rows = try await queue(["1", "2"]).map(bulkRow)
        let bulk = try await open(rows, lease)
        try await store.settleBulkRows(Array(rows.prefix(1)), of: bulk, settlements: [], lease: lease, now: at(2))
        try await store.settleBulkRows(rows, of: bulk, settlements: done(rows), lease: lease, now: at(3))
        #expect(try await ready(now: at(3)).map(\.key.recordID) == ["1"])
        #expect(try await store.links(integration: "acme", marketingIDs: ["1", "2"]).keys.sorted() == ["2"])
    }

    @Test("A row that does not wait cannot be sent off, and nothing is noted without the lease")
    func refused() async throws {
        let lease = try await store.lease()
        let rows = try await queue(["1", "2"]).map(bulkRow)
        let bulk = try await open(Array(rows.prefix(1)), lease)
        await #expect(throws: StoreError.self) { _ = try await open(rows, lease) }
        #expect(try await ready(now: at(1)).map(\.key.recordID) == ["2"])
        try await store.settleBulkRows(Array(rows.prefix(1)), of: bulk, settlements: [], lease: lease, now: at(2))
        let unknown = await #expect(throws: StoreError.self) {
            try await store.setBulkJob(bulk.id, jobID: "750A", lease: lease, now: at(2))
        }
        #expect(unknown?.code == "unknown-bulk-write")
        let late = at(1_000_000)
        let lost = await #expect(throws: StoreError.self) { _ = try await open(rows, lease, now: late) }
        #expect(lost?.code == StoreError.leaseLostCode)
    }

    @Test("GEN-4 a disconnect forgets what is under way, and its rows do not wait for it any more")
    func disconnected() async throws {
        _ = try await store.apply(settings(), now: at(0))
        let lease = try await store.lease()
        let rows = try await queue(["1", "2"]).map(bulkRow)
        let bulk = try await open(rows, lease)
        try await store.setState("acme", .disconnected, now: at(2))
        #expect(try await store.bulkWrites(integration: "acme").isEmpty)
        #expect(try await store.bulkRows(of: bulk, limit: 9).isEmpty)
        #expect(try await ready(now: at(2)).count == 2)
    }
}
