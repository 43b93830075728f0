import Connectors
import Contracts
import EventLog
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Outbound: from the log to the queue")
struct OutboundIngestTests {
    @Test("OUT-7 a change of any object that syncs is queued as a touch, whatever it carries and of whatever kind")
    func touches() async throws {
        try await withWorld { world in
            let records = await world.crmRecords(
                CRMObject.allCases.map {
                    world.crmChange($0, "id-\($0)", kind: .upserted, fields: ["Nested": [[1, ["deep": 2]]]])
                }
                    + [world.crmChange(.contact, "gone", kind: .deleted)])
            #expect(try await world.outboundIngest.ingest(records) == [World.name])

            let rows = try await world.outboundRows()
            let touches = records.map { PendingChange(touchedAt: Stamp(at: world.clock.now(), sequence: $0.sequence)) }
            #expect(Set(rows.map(\.change)) == Set(touches))
            #expect(
                Set(rows.map(\.key.description))
                    == Set(CRMObject.allCases.map { "demo/\($0)/id-\($0)" } + ["demo/contact/gone"]))
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("OUT-7 a delivery that comes twice adds nothing; a second event of the record does, for its change may be later")
    func repeated() async throws {
        try await withWorld { world in
            let first = await world.crmRecords([world.crmChange(.lead, "1")])
            let second = await world.crmRecords([world.crmChange(.lead, "1")])
            _ = try await world.outboundIngest.ingest(first)
            _ = try await world.outboundIngest.ingest(first)
            #expect(try await world.outboundRows().map(\.version) == [1])
            _ = try await world.outboundIngest.ingest(second)
            _ = try await world.outboundIngest.ingest(first)
            let rows = try await world.outboundRows()
            #expect(rows.map(\.version) == [2])
            #expect(rows.first?.change.touchedAt?.sequence == second[0].sequence)
        }
    }

    @Test("OUT-7 a producer whose clock is ahead does not make later changes look old")
    func future() async throws {
        try await withWorld { world in
            let ahead = world.clock.now().advanced(by: .seconds(3600))
            _ = try await world.outboundIngest.ingest(await world.crmRecords([world.crmChange(.contact, "1", at: ahead)]))
            #expect(try await world.outboundRows().first?.change.touchedAt?.at == world.clock.now())
        }
    }

    @Test("OPS-2 what is no change of a CRM record goes to the dead letters, the rest of its batch goes on")
    func deadLetters() async throws {
        try await withWorld { world in
            let key = RecordKey(integration: "nobody", object: "contact", recordID: "1")
            var deal = key
            (deal.integration, deal.object) = (World.name, "deal")
            let now = world.clock.now()
            let records = await world.crmRecords([
                .recordChange(RecordChange(key: key, occurredAt: now)), .recordChange(RecordChange(key: deal, occurredAt: now)),
                world.creation("1"), world.crmChange(.contact, "1"),
            ])
            #expect(try await world.outboundIngest.ingest(records) == [World.name])
            #expect(try await world.outboundRows().count == 1)

            let infos = try await world.deadLetters(3).map(\.message).compactMap(DeadLetterInfo.init(reading:))
                .sorted { $0.offset < $1.offset }
            #expect(infos.map(\.code) == ["unknown-integration", "unknown-object", "unexpected-type"])
            #expect(infos.allSatisfy { $0.topic == Topics().crmChanges && $0.connectorName == Topics().outboundGroup })
            #expect(infos.allSatisfy { $0.stage == .taskPut && $0.component == "OutboundIngest" })
        }
    }

    @Test("GEN-4 nothing is queued for an integration that was disconnected, and all of it for one that is paused")
    func states() async throws {
        try await withWorld { world in
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            _ = try await world.outboundIngest.ingest(await world.crmRecords([world.crmChange(.contact, "1")]))
            #expect(try await world.outboundRows().count == 1)
            try await world.store.setState(World.name, .disconnected, now: world.clock.now())
            await world.clock.advance(by: .seconds(3))
            #expect(try await world.outboundIngest.ingest(await world.crmRecords([world.crmChange(.contact, "2")])) == [])
            #expect(try await world.outboundRows().map(\.key.recordID).contains("2") == false)
        }
    }

    @Test("OUT-7 what is published reaches the queue through the topic, and its offset is committed")
    func throughTheLog() async throws {
        try await withWorld { world in
            let messages = (1...5).map { world.crmChange(.contact, "\($0)") }
            try await world.log.publish(
                await world.crmRecords(messages).map { OutgoingRecord(topic: $0.topic, message: $0.message) })
            let (news, announce) = AsyncStream.makeStream(of: Set<String>.self)
            let ingest = world.outboundIngest
            let run = Task { try await ingest.run { announce.yield($0) } }
            for await names in news where try await world.outboundRows().count >= 5 {
                #expect(names == [World.name])
                break
            }
            run.cancel()
            try await run.value
            try await world.log.publish(
                await world.crmRecords([world.crmChange(.contact, "6")]).map {
                    OutgoingRecord(topic: $0.topic, message: $0.message)
                })
            #expect(try await world.next(of: Topics().outboundGroup, topic: Topics().crmChanges, count: 1).count == 1)
        }
    }
}
