import Contracts
import Store
import SyncCore
import Testing

@Suite("Settling")
struct SettlingTests {
    @Test("A settled row goes, with its links and history kept")
    func done() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue([entry("1")], now: at(0))
        let row = try #require(try await store.ready(now: at(0)).first)
        let settlement = Settlement(
            rowID: row.id, version: row.version, result: .done, links: [link("1", crmID: "003A")],
            history: [history("1", "created")])
        try await store.settle([settlement], direction: .inbound, lease: lease, now: at(1))

        #expect(try await store.depth(now: at(1)) == QueueDepth())
        #expect(try await store.links(integration: "acme", marketingIDs: ["1"]) == ["1": [.contact: link("1", crmID: "003A")]])
        #expect(try await store.history(integration: "acme", marketingID: "1", limit: 9) == [history("1", "created")])
    }

    @Test("No lost change: one merged in while its row was worked on waits for its own turn")
    func versionGuard() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue([entry("1", change("firstName", "Ann", offset: 1))], now: at(0))
        let taken = try await store.ready(now: at(10))
        try await store.queue([entry("1", change("phone", "2", offset: 2))], now: at(11))
        try await store.settle(taken, .done, lease: lease, now: at(12))

        let rows = try await store.ready(now: at(12))
        #expect(rows.map(\.change.fields["phone"]?.value) == ["2"])
        #expect(rows.map(\.firstAt) == [at(11)], "its window begins when the newer change came in")
        try await store.settle(rows, .done, lease: lease, now: at(13))
        #expect(try await store.depth(now: at(13)) == QueueDepth())
    }

    @Test(
        "A failure of the older change neither delays nor parks the newer one",
        arguments: [RowSettlement.retry(at: at(999), error: transient), .park(permanent)])
    func versionGuardOnFailure(result: RowSettlement) async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue([entry("1", change("phone", "1", offset: 1))], now: at(0))
        let taken = try await store.ready(now: at(10))
        try await store.queue([entry("1", change("phone", "2", offset: 2))], now: at(11))
        try await store.settle(taken, result, lease: lease, now: at(12))
        let rows = try await store.ready(now: at(12))
        #expect(rows.map(\.change.fields["phone"]?.value) == ["2"])
        #expect(rows.map(\.attempts) == [0])
    }

    @Test("IN-10 Each record is settled on its own: done, later, parked")
    func eachOnItsOwn() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue(["a", "b", "c"].map { entry($0) }, now: at(0))
        let results: [RowSettlement] = [.done, .retry(at: at(60), error: transient), .park(permanent)]
        let settlements = zip(try await store.ready(now: at(0)), results).map { row, result in
            Settlement(rowID: row.id, version: row.version, result: result)
        }
        try await store.settle(settlements, direction: .inbound, lease: lease, now: at(5))
        #expect(try await store.ready(now: at(60)).map { "\($0.key.recordID)\($0.attempts)" } == ["b1"])
        let parked = try await store.parked(integration: "acme", direction: .inbound, limit: 9)
        #expect(parked.map(\.key.recordID) == ["c"])
        #expect(parked.map(\.error) == [permanent])
        #expect(parked.map(\.since) == [at(5)])
        #expect(parked.map(\.attempts) == [1])
    }

    @Test("A newer change makes a delayed or parked row ready, as if it had never failed")
    func newerChangeRevives() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue([entry("a"), entry("b")], now: at(0))
        let rows = try await store.ready(now: at(0))
        try await store.settle([rows[0]], .retry(at: at(999), error: transient), lease: lease, now: at(1))
        try await store.settle([rows[1]], .park(permanent), lease: lease, now: at(1))
        try await store.queue(
            [entry("a", change("phone", "1", offset: 2)), entry("b", change("phone", "1", offset: 3))], now: at(5))
        let revived = try await store.ready(now: at(5))
        #expect(revived.map(\.attempts) == [0, 0])
        #expect(revived.map(\.firstAt) == [at(0), at(5)], "a parked row was not waiting: its window starts anew")
        #expect(try await store.parked(integration: "acme", direction: .inbound, limit: 9).isEmpty)
    }

    @Test("OPS-2 Parked records are listed in pages and retried by code")
    func retryParked() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue((0..<5).map { entry("\($0)") }, now: at(0))
        let rows = try await store.ready(now: at(0))
        try await store.settle(Array(rows[..<3]), .park(permanent), lease: lease, now: at(1))
        let other = SyncError(.permanent, code: "other", message: "")
        try await store.settle(Array(rows[3...]), .park(other), lease: lease, now: at(1))

        let first = try await store.parked(integration: "acme", direction: .inbound, limit: 2)
        let rest = try await store.parked(integration: "acme", direction: .inbound, limit: 9, afterID: first.last?.id ?? 0)
        #expect((first + rest).map(\.key.recordID) == ["0", "1", "2", "3", "4"])

        #expect(try await store.retryParked(integration: "acme", code: "none-such", now: at(2)) == 0)
        #expect(try await store.retryParked(integration: "acme", code: permanent.code, now: at(2)) == 3)
        #expect(try await store.depth(now: at(2)) == QueueDepth(waiting: 3, ready: 3, oldest: at(0), parked: 2))
        #expect(try await store.retryParked(integration: "acme", code: nil, now: at(2)) == 2)
    }

    @Test("An expired or superseded lease cannot commit anything")
    func fencing() async throws {
        let store = try memoryStore()
        try await store.queue([entry("1")], now: at(0))
        let zombie = try #require(try await store.acquireLease("l", holder: "a", ttl: .seconds(30), now: at(0)))
        let rows = try await store.ready(now: at(0))
        func work(_ lease: Lease, _ now: Timestamp) async -> [String?] {
            let settlements = rows.map {
                Settlement(
                    rowID: $0.id, version: $0.version, result: .done, links: [link("1", crmID: "Z")],
                    history: [history("1", "created")])
            }
            return [
                await errorCode { try await store.settle(settlements, direction: .inbound, lease: lease, now: now) },
                await errorCode { try await store.saveLinks([link("1", crmID: "Z")], lease: lease, now: now) },
                await errorCode { try await store.settleTags(done: [1], lease: lease, now: now) },
            ]
        }
        let lost: [String?] = ["lease-lost", "lease-lost", "lease-lost"]
        #expect(await work(zombie, at(30)) == lost, "expired, though nobody has taken over yet")
        let heir = try #require(try await store.acquireLease("l", holder: "b", ttl: .seconds(30), now: at(30)))
        #expect(await work(zombie, at(10)) == lost, "even by a clock that is behind")
        var forged = zombie
        forged.holder = "b"
        #expect(await work(forged, at(31)) == lost)
        #expect(try await store.depth(now: at(31)).waiting == 1)
        #expect(try await store.links(integration: "acme", marketingIDs: ["1"]).isEmpty)
        #expect(try await store.history(integration: "acme", marketingID: "1", limit: 1).isEmpty)
        #expect(await work(heir, at(31)) == [nil, nil, nil])
        #expect(try await store.depth(now: at(31)).waiting == 0)
    }

    @Test("An id is not used again: a settlement repeated by mistake removes no other record's row")
    func idsAreNotReused() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue([entry("1")], now: at(0))
        let taken = try await store.ready(now: at(0))
        try await store.settle(taken, .done, lease: lease, now: at(1))
        try await store.queue([entry("2")], now: at(2))
        try await store.settle(taken, .done, lease: lease, now: at(3))
        #expect(try await store.ready(now: at(3)).map(\.key.recordID) == ["2"])
    }
}
