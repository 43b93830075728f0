import Contracts
import Store
import SyncCore
import Testing

@Suite("Settling outbound rows")
struct OutboundSettlingTests {
    private let store: Store
    private let key = RecordKey(integration: "acme", object: "contact", recordID: "003")

    init() throws { store = try memoryStore() }

    private func ready(_ direction: Direction = .outbound, now: Timestamp) async throws -> [QueueRow] {
        try await store.take(integration: "acme", direction: direction, limit: 99, now: now)
    }

    private func settle(_ settlement: Settlement, now: Timestamp) async throws {
        try await store.settle([settlement], direction: .outbound, lease: store.lease(), now: now)
    }

    private func tags() async throws -> [TagChange] {
        try await store.tagTasks(integration: "acme", limit: 99, now: at(99)).map { TagChange($0.action, $0.tag) }
    }

    private func order(_ action: TagChange.Action, _ tag: String) -> TagOrder {
        TagOrder(integration: "acme", contactID: "7", change: TagChange(action, tag))
    }

    @Test("A row that waits is looked at again without an attempt counted, or at once when a newer change comes")
    func wait() async throws {
        _ = try await store.enqueue([entry("003")], direction: .outbound, now: at(0))
        let row = try #require(try await ready(now: at(0)).first)
        try await settle(Settlement(rowID: row.id, version: row.version, result: .wait(until: at(50))), now: at(1))
        #expect(try await ready(now: at(49)).isEmpty)
        #expect(try await ready(now: at(50)) == [row])
        _ = try await store.enqueue([entry("003", change("phone", "1", offset: 2))], direction: .outbound, now: at(2))
        #expect(try await ready(now: at(2)).map(\.version) == [2])
        try await settle(Settlement(rowID: row.id, version: row.version, result: .wait(until: at(90))), now: at(3))
        #expect(try await ready(now: at(3)).map(\.firstAt) == [at(0)], "the newer change does not wait along")
    }

    @Test("OUT-4 Tags are ordered along with what asks for them; the newest order for a tag counts")
    func tagOrders() async throws {
        let both = [order(.add, "created"), order(.remove, "old"), order(.add, "created")]
        try await settle(Settlement(rowID: 1, version: 1, result: .done, tags: both), now: at(0))
        #expect(try await tags() == [TagChange(.add, "created"), TagChange(.remove, "old")])
        #expect(try await store.pendingTags(integration: "acme", contactIDs: ["7"]) == ["7": [PendingTag("created")]])
        let task = try #require(try await store.tagTasks(integration: "acme", limit: 9, now: at(0)).first)

        try await settle(Settlement(rowID: 1, version: 1, result: .done, tags: [order(.remove, "created")]), now: at(1))
        try await store.settleTags(done: [task.id], lease: store.lease(), now: at(2))
        #expect(
            try await tags() == [TagChange(.remove, "old"), TagChange(.remove, "created")],
            "who was at work on the add does not settle the removal")
        #expect(try await store.pendingTags(integration: "acme", contactIDs: ["7"]).isEmpty)
    }

    @Test("OPS-2 A parked removal is listed and retried as one")
    func parkedRemoval() async throws {
        try await settle(Settlement(rowID: 1, version: 1, result: .done, tags: [order(.remove, "old")]), now: at(0))
        let task = try #require(try await store.tagTasks(integration: "acme", limit: 9, now: at(0)).first)
        try await store.settleTags(parked: [(id: task.id, error: permanent)], lease: store.lease(), now: at(1))
        #expect(try await tags().isEmpty)
        #expect(try await store.parkedTags(integration: "acme", limit: 9).map(\.action) == [.remove])
        #expect(try await store.retryParkedTags(integration: "acme", code: permanent.code, now: at(2)) == 1)
        #expect(try await tags() == [TagChange(.remove, "old")])
    }

    @Test("Records to be looked at next are queued in the same transaction")
    func touches() async throws {
        let other = RecordKey(integration: "acme", object: "contact", recordID: "004")
        _ = try await store.enqueue([entry("003")], direction: .outbound, now: at(0))
        let row = try #require(try await ready(now: at(0)).first)
        try await settle(Settlement(rowID: row.id, version: 1, result: .done, touches: [other, other, key]), now: at(1))
        let touched = PendingChange(touchedAt: Stamp(at: at(1), sequence: 0))
        #expect(try await ready(now: at(1)).map(\.key) == [other, key], "a record may ask for itself again")
        #expect(try await ready(now: at(1)).map(\.change) == [touched, touched])

        let parked = try await ready(now: at(1)).map { Settlement(rowID: $0.id, version: 1, result: .park(permanent)) }
        try await store.settle(parked, direction: .outbound, lease: store.lease(), now: at(1))
        try await settle(Settlement(rowID: 99, version: 1, result: .done, touches: [other]), now: at(1))
        #expect(try await ready(now: at(1)).map(\.version) == [2], "even in the same moment: what it saw may be outdated")
    }

    @Test("Inbound may touch what is outbound, and the other way round")
    func touchDirections() async throws {
        _ = try await store.queue([entry("7")], now: at(0))
        let row = try #require(try await ready(.inbound, now: at(0)).first)
        let touch = Settlement(rowID: row.id, version: 1, result: .done, touches: [key])
        try await store.settle([touch], direction: .inbound, lease: store.lease(), now: at(1))
        #expect(try await ready(now: at(1)).map(\.key) == [key])
        try await settle(
            Settlement(rowID: 99, version: 1, result: .done, inboundTouches: [row.key]), now: at(2))
        #expect(try await ready(.inbound, now: at(2)).map(\.key) == [row.key])
    }

    @Test("What waits for records is told by direction and object, whatever its state")
    func pendingChanges() async throws {
        try await store.queue([entry("1"), entry("2"), entry("1", object: "lead")], now: at(0))
        let rows = try await ready(.inbound, now: at(0)).filter { $0.key.object == "contact" }
        try await store.settle([rows[1]], .park(permanent), lease: store.lease(), now: at(1))
        func pending(_ direction: Direction, _ object: String = "contact", of name: String = "acme") async throws -> [String] {
            try await store.pendingChanges(integration: name, direction: direction, object: object, recordIDs: ["1", "2", "3"])
                .filter { $0.value == change() }.keys.sorted()
        }
        #expect(try await pending(.inbound) == ["1", "2"])
        #expect(try await pending(.inbound, "lead") == ["1"])
        #expect(try await pending(.outbound).isEmpty)
        #expect(try await pending(.inbound, of: "nobody").isEmpty)
    }

    @Test("An operator sees what a record waits for")
    func waiting() async throws {
        try await store.queue([entry("1"), entry("2"), entry("3")], now: at(0))
        let rows = try await ready(.inbound, now: at(0))
        try await store.settle([rows[1]], .retry(at: at(60), error: transient), lease: store.lease(), now: at(1))
        try await store.settle([rows[2]], .park(permanent), lease: store.lease(), now: at(1))
        func waiting(_ id: String) async throws -> WaitingRow? {
            try await store.waiting(integration: "acme", direction: .inbound, object: "contact", recordID: id)
        }
        #expect(try await waiting("1") == WaitingRow(row: rows[0], state: "ready"))
        var tried = rows[1]
        tried.attempts = 1
        #expect(try await waiting("2") == WaitingRow(row: tried, state: "delayed", nextAt: at(60), error: transient))
        #expect(try await waiting("3")?.state == "parked")
        #expect(try await waiting("3")?.error == permanent)
        #expect(try await waiting("4") == nil)
    }
}
