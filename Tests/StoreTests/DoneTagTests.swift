import Contracts
import Store
import SyncCore
import Testing

@Suite("Tags that were put on")
struct DoneTagTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func order(_ action: TagChange.Action = .add, now: Timestamp) async throws {
        let order = TagOrder(integration: "acme", contactID: "7", change: TagChange(action, "added"))
        let settlement = Settlement(rowID: 1, version: 1, result: .done, tags: [order])
        try await store.settle([settlement], direction: .outbound, lease: store.lease(), now: now)
    }

    private func carryOut(now: Timestamp) async throws {
        let tasks = try await store.tagTasks(integration: "acme", limit: 9, now: now)
        try await store.settleTags(done: tasks.map(\.id), lease: store.lease(), now: now)
    }

    private func pending() async throws -> [PendingTag]? {
        try await store.pendingTags(integration: "acme", contactIDs: ["7"])["7"]
    }

    @Test("IN-3 one is remembered with its moment, and neither waits nor is put on again")
    func remembered() async throws {
        try await order(now: at(0))
        #expect(try await pending() == [PendingTag("added")])
        try await carryOut(now: at(5))
        #expect(try await pending() == [PendingTag("added", doneAt: at(5))])
        #expect(try await store.tagTasks(integration: "acme", limit: 9, now: at(99)).isEmpty)
        #expect(try await store.tagDepth(integration: "acme", now: at(99)) == QueueDepth())
        #expect(try await store.parkedTags(integration: "acme", limit: 9).isEmpty)
        #expect(try await store.retryParkedTags(integration: "acme", code: nil, now: at(99)) == 0)
    }

    @Test("IN-4 asked for again it is put on again")
    func askedAgain() async throws {
        try await order(now: at(0))
        try await carryOut(now: at(5))
        try await order(now: at(9))
        #expect(try await pending() == [PendingTag("added")])
        #expect(try await store.tagDepth(integration: "acme", now: at(9)) == QueueDepth(waiting: 1, ready: 1, oldest: at(9)))
        try await carryOut(now: at(10))
        #expect(try await pending() == [PendingTag("added", doneAt: at(10))])
    }

    @Test("OUT-4 one that is to be taken off is forgotten, and so is its taking off")
    func takenOff() async throws {
        try await order(now: at(0))
        try await carryOut(now: at(5))
        try await order(.remove, now: at(6))
        #expect(try await pending() == nil)
        #expect(try await store.tagTasks(integration: "acme", limit: 9, now: at(6)).map(\.action) == [.remove])
        try await carryOut(now: at(7))
        #expect(try await store.tagDepth(integration: "acme", now: at(99)) == QueueDepth())
        #expect(try await pending() == nil)
    }

    @Test("One is forgotten after a day")
    func forgotten() async throws {
        try await order(now: at(0))
        try await carryOut(now: at(5))
        try await carryOut(now: at(5 + 24 * 3600))
        #expect(try await pending() == [PendingTag("added", doneAt: at(5))])
        try await carryOut(now: at(6 + 24 * 3600))
        #expect(try await pending() == nil)
    }
}
