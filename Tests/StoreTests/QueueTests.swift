import Contracts
import Store
import SyncCore
import Testing

@Suite("Queue")
struct QueueTests {
    @Test("IN-2 Changes of one record become one row with the newest value per field")
    func foldsIntoOneRow() async throws {
        let store = try memoryStore()
        let batch = [
            entry("1", change("firstName", "Ada", offset: 1)), entry("2", change("firstName", "Bob", offset: 2)),
            entry("1", change("firstName", "Ida", offset: 3)),
        ]
        #expect(try await store.queue(batch, now: at(0)) == EnqueueResult(inserted: 2, merged: 1))
        #expect(
            try await store.queue([entry("1", change("phone", "1", offset: 4))], now: at(60))
                == EnqueueResult(inserted: 0, merged: 1))

        let rows = try await store.ready(now: at(60))
        #expect(rows.map(\.key.recordID) == ["1", "2"])
        #expect(rows.first?.change.fields.mapValues(\.value) == ["firstName": "Ida", "phone": "1"])
        #expect(rows.map(\.version) == [2, 1])
        #expect(rows.map(\.firstAt) == [at(0), at(0)], "the window is counted from the first change")
    }

    @Test("An older change that arrives late does not undo a newer one")
    func keepsTheNewest() async throws {
        let store = try memoryStore()
        try await store.queue([entry("1", change("firstName", "new", offset: 9))], now: at(0))
        try await store.queue([entry("1", change("firstName", "old", offset: 3))], now: at(1))
        #expect(try await store.ready(now: at(1)).map(\.change.fields["firstName"]?.value) == ["new"])
    }

    @Test("GEN-6 A change delivered twice adds nothing and wakes nothing")
    func redelivery() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        try await store.queue([entry("1")], now: at(0))
        try await store.settle(store.ready(now: at(0)), .park(permanent), lease: lease, now: at(1))
        #expect(try await store.queue([entry("1")], now: at(2)) == EnqueueResult(inserted: 0, merged: 1))
        #expect(try await store.depth(now: at(2)) == QueueDepth(parked: 1))
    }

    @Test("Integrations, directions and objects do not share rows")
    func scopes() async throws {
        let store = try memoryStore()
        try await store.queue([entry("1"), entry("1", integration: "other"), entry("1", object: "lead")], now: at(0))
        _ = try await store.enqueue([entry("1")], direction: .outbound, now: at(0))
        #expect(try await store.ready("acme", now: at(0)).map(\.key.object) == ["contact", "lead"])
        #expect(try await store.ready("other", now: at(0)).map(\.key.integration) == ["other"])
        #expect(try await store.take(integration: "acme", direction: .outbound, limit: 9, now: at(0)).count == 1)
        #expect(try await store.ready("nobody", now: at(0)).isEmpty)
        #expect(try await store.depth(integration: "nobody", direction: .inbound, now: at(0)) == QueueDepth())
    }

    @Test("Batches of any size find the rows that are there", arguments: [1, 2, 15, 16, 17, 255, 256, 257, 1000])
    func batchSizes(count: Int) async throws {
        let store = try memoryStore()
        let ids = (0..<count).map(String.init)
        #expect(try await store.queue(ids.map { entry($0) }, now: at(0)) == EnqueueResult(inserted: count, merged: 0))
        let again = ids.map { entry($0, change("phone", "1", offset: 2)) } + [entry("new")]
        #expect(try await store.queue(again, now: at(1)) == EnqueueResult(inserted: 1, merged: count))
        let rows = try await store.ready(now: at(1))
        #expect(rows.count == count + 1)
        #expect(rows.filter { $0.version == 2 && $0.change.fields.count == 2 }.count == count)
    }

    @Test("IN-1 Taken are the oldest first, never more than asked for")
    func takesOldestFirst() async throws {
        let store = try memoryStore()
        for (second, id) in [(3, "c"), (1, "a"), (2, "b")] { try await store.queue([entry(id)], now: at(Int64(second))) }
        func take(_ limit: Int) async throws -> [String] {
            try await store.take(integration: "acme", direction: .inbound, limit: limit, now: at(9)).map(\.key.recordID)
        }
        #expect(try await take(2) == ["a", "b"])
        #expect(try await take(9) == ["a", "b", "c"])
        #expect(try await take(0) == [])
        #expect(try await take(-1) == [])
        #expect(try await store.depth(now: at(9)).waiting == 3, "taking changes nothing")
    }

    @Test("IN-1 The depth tells how much waits, since when, and when to look again")
    func depth() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        #expect(try await store.depth(now: at(0)) == QueueDepth())
        try await store.queue([entry("retried")], now: at(0))
        try await store.settle(store.ready(now: at(0)), .retry(at: at(100), error: transient), lease: lease, now: at(1))
        try await store.queue([entry("parked")], now: at(2))
        try await store.settle(store.ready(now: at(2)), .park(permanent), lease: lease, now: at(3))
        try await store.queue([entry("fresh")], now: at(4))

        let before = QueueDepth(waiting: 2, ready: 1, oldest: at(4), nextAttempt: at(100), parked: 1)
        #expect(try await store.depth(now: at(99)) == before)
        let due = QueueDepth(waiting: 2, ready: 2, oldest: at(0), nextAttempt: nil, parked: 1)
        #expect(try await store.depth(now: at(100)) == due)
        #expect(try await store.ready(now: at(99)).map(\.key.recordID) == ["fresh"])
        #expect(try await store.ready(now: at(100)).map(\.key.recordID) == ["retried", "fresh"])
    }

    @Test("IN-4 Tags are queued with their changes, each once while it waits")
    func tags() async throws {
        let store = try memoryStore()
        let lease = try await store.lease()
        let tags = [(integration: "acme", contactID: "7", tag: "added-to-salesforce-contact")]
        _ = try await store.enqueue([entry("7")], direction: .inbound, tags: tags + tags, now: at(0))
        _ = try await store.enqueue([], direction: .inbound, tags: tags, now: at(1))
        let tasks = try await store.tagTasks(integration: "acme", limit: 10, now: at(1))
        #expect(tasks.map(\.tag) == ["added-to-salesforce-contact"])
        let id = try #require(tasks.first?.id)

        try await store.settleTags(retry: [(id: id, at: at(50), error: transient)], lease: lease, now: at(2))
        #expect(try await store.tagTasks(integration: "acme", limit: 10, now: at(49)).isEmpty)
        #expect(
            try await store.tagDepth(integration: "acme", now: at(49)) == QueueDepth(waiting: 1, ready: 0, nextAttempt: at(50)))
        #expect(try await store.tagTasks(integration: "acme", limit: 10, now: at(50)).map(\.attempts) == [1])

        try await store.settleTags(parked: [(id: id, error: permanent)], lease: lease, now: at(51))
        #expect(try await store.tagDepth(integration: "acme", now: at(99)) == QueueDepth(parked: 1))
        _ = try await store.enqueue([], direction: .inbound, tags: tags, now: at(52))
        #expect(
            try await store.tagDepth(integration: "acme", now: at(52)) == QueueDepth(waiting: 1, ready: 1, oldest: at(52)),
            "asking again un-parks")

        try await store.settleTags(done: [id], lease: lease, now: at(53))
        #expect(try await store.tagDepth(integration: "acme", now: at(99)) == QueueDepth())
    }
}
