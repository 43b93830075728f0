import Connectors
import Contracts
import EventLog
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Activities: from the log to the store")
struct ActivityRecorderTests {
    private func ingest(_ world: World) -> ActivityIngest {
        ActivityIngest(log: world.log, store: world.store, topics: Topics(), clock: world.clock, logger: World.logger)
    }

    private func activity(_ id: String, _ world: World, at moment: Timestamp? = nil) -> Activity {
        Activity(
            key: world.key("7"), activityID: id, kind: .campaignOpened, occurredAt: moment ?? world.clock.now(),
            details: [.campaignName: "Spring"])
    }

    private func kept(_ world: World) async throws -> [StoredActivity] {
        try await world.store.activities(of: .person(marketingID: "7"), integration: World.name, limit: 100).activities
    }

    @Test("ACT-4 a batch that is delivered again, after a crash before its commit, is recorded without effect")
    func redelivered() async throws {
        try await withWorld { world in
            let batch = await world.records([.activity(activity("a", world)), .activity(activity("b", world))])
            let first = try await ingest(world).ingest(batch)
            #expect(first == [World.name])
            #expect(try await ingest(world).ingest(batch) == [])
            #expect(try await kept(world).map(\.activityID) == ["b", "a"])
        }
    }

    @Test("ACT-4 an activity of a person nobody is linked to is kept, and is on the record once the person is linked")
    func unlinked() async throws {
        try await withWorld { world in
            _ = try await ingest(world).ingest(await world.records([.activity(activity("a", world))]))
            try await world.create(["7"])
            let record = ActivitySubject.record(.contact, crmID: try await world.crmID("7"))
            let page = try await world.store.activities(of: record, integration: World.name, limit: 20)
            #expect(page.activities.map(\.activityID) == ["a"])
        }
    }

    @Test("ACT-4 a producer whose clock is ahead does not put its activity at the head of the list for good")
    func future() async throws {
        try await withWorld { world in
            let now = world.clock.now()
            let ahead = activity("ahead", world, at: now.advanced(by: .seconds(3600)))
            let slightly = activity("slightly", world, at: now.advanced(by: .seconds(60)))
            _ = try await ingest(world).ingest(await world.records([.activity(ahead), .activity(slightly)]))
            let times = Dictionary(uniqueKeysWithValues: try await kept(world).map { ($0.activityID, $0.occurredAt) })
            #expect(times == ["ahead": now, "slightly": slightly.occurredAt])
        }
    }

    @Test("OPS-2 what is no activity of a person of a known integration goes to the dead letters, the rest is recorded")
    func deadLetters() async throws {
        try await withWorld { world in
            var (unknown, company) = (activity("a", world), activity("a", world))
            unknown.key.integration = "nobody"
            company.key.object = "account"
            var records = await world.records([
                .activity(unknown), .activity(company), world.change("7", [:]), .activity(activity("b", world)),
            ])
            records[3].message.value = Array("{".utf8)
            records += await world.records([.activity(activity("c", world))])
            #expect(try await ingest(world).ingest(records) == [World.name])
            #expect(try await kept(world).map(\.activityID) == ["c"])

            let infos = try await world.deadLetters(4).map(\.message).compactMap(DeadLetterInfo.init(reading:))
                .sorted { $0.offset < $1.offset }
            #expect(Set(infos.map(\.code)) == ["unknown-integration", "unknown-object", "unexpected-type", "malformed-json"])
            #expect(infos.allSatisfy { $0.connectorName == Topics().activityGroup && $0.component == "ActivityIngest" })
        }
    }

    @Test("inbound and outbound refuse an activity")
    func refused() async throws {
        try await withWorld { world in
            let records = await world.records([.activity(activity("a", world))])
            #expect(try await world.ingest.ingest(records) == [])
            #expect(try await world.outboundIngest.ingest(records) == [])
            let codes = try await world.deadLetters(2).map(\.message).compactMap(DeadLetterInfo.init(reading:)).map(\.code)
            #expect(codes == ["unexpected-type", "unexpected-type"])
        }
    }

    @Test("GEN-4 a paused integration's activities are recorded, those of one that was disconnected are not")
    func states() async throws {
        try await withWorld { world in
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            _ = try await ingest(world).ingest(await world.records([.activity(activity("a", world))]))
            try await world.store.setState(World.name, .disconnected, now: world.clock.now())
            await world.clock.advance(by: .seconds(10))
            _ = try await ingest(world).ingest(await world.records([.activity(activity("b", world))]))
            #expect(try await kept(world).map(\.activityID) == ["a"])
        }
    }

    @Test("texts that are too long for a panel are cut, whoever the producer is")
    func limits() async throws {
        try await withWorld { world in
            var long = activity("a", world)
            long.details[.subject] = String(repeating: "s", count: 5000)
            _ = try await ingest(world).ingest(await world.records([.activity(long)]))
            #expect(try await kept(world).first?.details[.subject]?.count == 1000)
        }
    }

    @Test("what is older than the settings keep is forgotten, batch after batch")
    func retention() async throws {
        try await withWorld { world in
            var settings = try #require(try await world.store.integration(World.name)).settings
            settings.activities.retentionDays = 30
            _ = try await world.store.apply(settings, now: world.clock.now())
            let now = world.clock.now()
            let days = { (count: Int) in now.advanced(by: .seconds(-86_400 * count)) }
            let old = (0..<ActivityPruner.batch).map { activity("\($0)", world, at: days(31)) }
            _ = try await world.store.record(
                old + [activity("x", world, at: days(31)), activity("young", world, at: days(29))], now: now)
            let pruner = ActivityPruner(
                integration: World.name, store: world.store, clock: world.clock, logger: World.logger)
            #expect(await pruner.turn() == .now)
            #expect(try await kept(world).count == 2)
            #expect(await pruner.turn() == .at(now.advanced(by: ActivityPruner.interval)))
            #expect(try await kept(world).map(\.activityID) == ["young"])

            settings.activities.retentionDays = nil
            _ = try await world.store.apply(settings, now: world.clock.now())
            await world.clock.advance(by: .seconds(86_400 * 10_000))
            _ = await pruner.turn()
            #expect(try await kept(world).count == 1, "kept for good where that is asked for")
        }
    }

    @Test("the recorder consumes its topic, commits, and records until it is stopped")
    func recorder() async throws {
        try await withWorld { world in
            let recorder = ActivityRecorder(
                log: world.log, store: world.store, connections: world.connections, topics: Topics(), clock: world.clock,
                holder: "first", logger: World.logger)
            let work = Task { try await recorder.run() }
            let event = Event(
                attributes: EventAttributes(id: "1", source: "/tests"), message: .activity(activity("a", world)))
            try await world.log.publish([OutgoingRecord(topic: Topics().activities, message: EventCodec.encode(event))])
            while try await kept(world).isEmpty { await world.clock.advance(by: .milliseconds(100)) }
            work.cancel()
            _ = await work.result
            #expect(try await kept(world).map(\.activityID) == ["a"])
        }
    }
}
