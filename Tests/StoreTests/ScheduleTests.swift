import Contracts
import Store
import SyncCore
import Testing

@Suite("Schedules and polls")
struct ScheduleTests {
    private let store: Store
    private let state = ScheduleState(
        schedule: .daily(hour: 3, minute: 0, timeZone: "Europe/Berlin"), nextAt: at(100), startedAt: at(1), finishedAt: at(2),
        runs: 3, read: 4, published: 5)
    private let poll = ObjectPoll(
        object: .lead,
        selection: .criteria(.any([.rule(FieldRule(field: "Status", .isAnyOf, ["A", "B"])), .all([])])), since: at(3),
        watermark: at(4),
        pass: ObjectPoll.Pass(isFirst: false, from: at(5), until: at(6), afterStamp: at(7), afterID: "00Q"))

    init() throws { store = try memoryStore() }

    @Test("OUT-3 A schedule is kept as it stands, replaced and removed")
    func schedule() async throws {
        let lease = try await store.lease()
        #expect(try await store.scheduleState(of: "acme") == nil)
        try await store.saveSchedule(state, of: "acme", lease: lease, now: at(0))
        #expect(try await store.scheduleState(of: "acme") == state)
        let next = ScheduleState(schedule: .every(hours: 2), nextAt: at(200))
        try await store.saveSchedule(next, of: "acme", lease: lease, now: at(0))
        #expect(try await store.scheduleState(of: "acme") == next)
        #expect(try await store.scheduleState(of: "other") == nil)
        try await store.removeSchedule(of: "acme", lease: lease)
        #expect(try await store.scheduleState(of: "acme") == nil)
    }

    @Test("OUT-3 A run may be asked for at once; one that is due already stays due since then")
    func makeDue() async throws {
        let lease = try await store.lease()
        #expect(try await store.makeDue("acme", now: at(0)) == false)
        try await store.saveSchedule(state, of: "acme", lease: lease, now: at(0))
        #expect(try await store.makeDue("acme", now: at(50)))
        #expect(try await store.scheduleState(of: "acme")?.nextAt == at(50))
        #expect(try await store.makeDue("acme", now: at(70)))
        #expect(try await store.scheduleState(of: "acme")?.nextAt == at(50))
    }

    @Test("OUT-7 How far a poll has come is kept per object, along with the schedule")
    func polls() async throws {
        let lease = try await store.lease()
        try await store.savePoll(poll, of: "acme", schedule: state, lease: lease, now: at(0))
        let first = ObjectPoll(object: .contact, selection: .none, since: at(0))
        try await store.savePoll(first, of: "acme", schedule: nil, lease: lease, now: at(0))
        #expect(try await store.polls(of: "acme") == [.lead: poll, .contact: first])
        #expect(try await store.scheduleState(of: "acme") == state)
        #expect(try await store.polls(of: "other").isEmpty)
        var finished = poll
        finished.pass = nil
        finished.watermark = poll.pass?.until
        try await store.savePoll(finished, of: "acme", schedule: nil, lease: lease, now: at(0))
        #expect(try await store.polls(of: "acme")[.lead] == finished)
    }

    @Test("A worker that lost its lease moves nothing")
    func fencing() async throws {
        let lease = try await store.lease()
        var lost = lease
        lost.token += 1
        try await store.saveSchedule(state, of: "acme", lease: lease, now: at(0))
        let codes = [
            await errorCode { try await store.saveSchedule(state, of: "acme", lease: lost, now: at(0)) },
            await errorCode { try await store.savePoll(poll, of: "acme", schedule: nil, lease: lost, now: at(0)) },
            await errorCode { try await store.removeSchedule(of: "acme", lease: lost) },
        ]
        #expect(codes == ["lease-lost", "lease-lost", "lease-lost"])
        #expect(try await store.scheduleState(of: "acme") == state)
        #expect(try await store.polls(of: "acme").isEmpty)
    }

    private func fill() async throws {
        let lease = try await store.lease()
        _ = try await store.apply(settings(), now: at(0))
        try await store.savePoll(poll, of: "acme", schedule: state, lease: lease, now: at(0))
        for direction in Direction.allCases {
            _ = try await store.enqueue(
                [entry("1")], direction: direction, tags: [(integration: "acme", contactID: "1", tag: "t")], now: at(0))
            try await store.hold(integration: "acme", direction: direction, until: nil, reason: permanent, now: at(0))
        }
        let rows = try await store.take(integration: "acme", direction: .outbound, limit: 9, now: at(0)).map(importRow)
        _ = try await store.openImport(rows, integration: "acme", lease: lease, now: at(0))
        let told = Settlement(rowID: 99, version: 1, result: .done, links: [link("1")], history: [history("1", "created")])
        try await store.settle([told], direction: .outbound, lease: lease, now: at(0))
    }

    @Test("GEN-4 Pausing loses nothing; disconnecting forgets what would still flow and keeps links and history")
    func disconnect() async throws {
        try await fill()
        try await store.setState("acme", .paused, now: at(1))
        #expect(try await store.scheduleState(of: "acme") == state)
        #expect(try await store.polls(of: "acme").count == 1)
        #expect(try await store.imports(integration: "acme").count == 1)
        #expect(try await store.tagDepth(integration: "acme", now: at(1)).waiting == 1)

        try await store.setState("acme", .disconnected, now: at(2))
        #expect(try await store.scheduleState(of: "acme") == nil)
        #expect(try await store.polls(of: "acme").isEmpty)
        #expect(try await store.imports(integration: "acme").isEmpty)
        #expect(try await store.underImport(integration: "acme", marketingIDs: ["1"]).isEmpty)
        #expect(try await store.tagDepth(integration: "acme", now: at(2)) == QueueDepth())
        for direction in Direction.allCases {
            #expect(try await store.hold(of: "acme", direction: direction) == nil)
            let depth = try await store.depth(integration: "acme", direction: direction, now: at(2))
            #expect(depth == QueueDepth(waiting: 1, ready: 1, oldest: at(0)), "no row stays marked for an import")
        }
        #expect(try await store.links(integration: "acme", marketingIDs: ["1"]).count == 1)
        #expect(try await store.history(integration: "acme", marketingID: "1", limit: 9).count == 1)
    }
}
