import Connectors
import Contracts
import EventLog
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Runs: how they are begun, steered and resumed")
struct RunControlTests {
    private static let people = 4_500

    @Test("RUN-3 a runner that dies leaves its chunk at the page it was on, and another one goes on there")
    func resumes() async throws {
        try await withOutboundWorld(configure: { $0.outbound.schedule = nil }) { world in
            _ = await world.world.addRecords(Self.people)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            // Two pages are kept, the third is read but its runner's lease was lost.
            let first = world.runner(holder: "first")
            _ = await first.conductor.turn()
            let before = await world.salesforce.counters().queries["Contact", default: 0]
            _ = await first.crm.turn()
            await world.salesforce.play(.composite(.hangUpAfter, calls: [3]))
            _ = await first.crm.turn()
            let chunk = try #require(try await world.store.chunks(ofRun: run.id).first { $0.source.object == .contact })
            #expect(chunk.counts.read == 4_000)
            #expect(chunk.place.afterID != nil && !chunk.isDone)
            await world.salesforce.play(.none)

            await world.clock.advance(by: .seconds(60))
            let second = world.runner(holder: "second")
            for _ in 0..<6 { await second.turn() }
            let done = try #require(try await world.store.run(run.id))
            #expect(done.state == .finished)
            #expect(done.counts == RunCounts(read: Self.people, written: Self.people, skipped: 0))
            // Each page was asked for once, and the one that was lost twice.
            #expect(await world.salesforce.counters().queries["Contact", default: 0] - before == 4)
            #expect(await world.tape.count(of: Topics().crmChanges) == Self.people)
        }
    }

    @Test("RUN-3 a paused run reads nothing and loses nothing; a cancelled one ends")
    func pauses() async throws {
        try await withOutboundWorld(configure: { $0.outbound.schedule = nil }) { world in
            _ = await world.world.addRecords(10)
            let (runner, desk) = (world.runner(), world.desk)
            let run = try await desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            _ = await runner.conductor.turn()
            #expect(try await desk.steer(.pause, of: World.name, now: world.clock.now()).pausedAt != nil)
            for _ in 0..<3 { await runner.turn() }
            #expect(try await world.store.run(run.id)?.counts == RunCounts())
            await world.clock.advance(by: .seconds(600))
            _ = try await desk.steer(.resume, run: run.id, of: World.name, now: world.clock.now())
            for _ in 0..<4 { await runner.turn() }
            let done = try #require(try await world.store.run(run.id))
            #expect(done.state == .finished)
            #expect(done.pausedFor == .seconds(600))
            #expect(done.workingTime(now: world.clock.now()) == .zero)

            let second = try await desk.begin(.initial, of: World.name, requestID: "r2", now: world.clock.now())
            _ = await runner.conductor.turn()
            #expect(try await desk.steer(.cancel, of: World.name, now: world.clock.now()).state == .cancelled)
            for _ in 0..<3 { await runner.turn() }
            #expect(try await world.store.run(second.id)?.counts == RunCounts())
            #expect(try await world.store.chunks(ofRun: second.id).isEmpty)
        }
    }

    @Test("RUN-3 an integration that is paused rests its runs as well (GEN-4), one that is disconnected ends them")
    func integrationRests() async throws {
        try await withOutboundWorld { world in
            _ = await world.world.addRecords(10)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            let runner = world.runner()
            _ = await runner.conductor.turn()
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            for _ in 0..<3 { await runner.turn() }
            #expect(try await world.store.run(run.id)?.counts == RunCounts())
            try await world.store.setState(World.name, .disconnected, now: world.clock.now())
            #expect(try await world.store.run(run.id)?.state == .cancelled)
        }
    }

    @Test("Runs do not overlap, and an order that comes twice begins one run")
    func overlap() async throws {
        try await withOutboundWorld { world in
            let (desk, now) = (world.desk, world.clock.now())
            let run = try await desk.begin(.full, of: World.name, requestID: "r", now: now)
            #expect(try await desk.begin(.full, of: World.name, requestID: "r", now: now).id == run.id)
            await #expect(throws: RunRefusal(reason: "run \(run.id) of demo (full, waiting) is not over; runs do not overlap")) {
                try await desk.begin(.incremental, of: World.name, requestID: "other", now: now)
            }
            _ = try await desk.steer(.cancel, of: World.name, now: now)
            #expect(try await desk.begin(.incremental, of: World.name, requestID: "other", now: now).id != run.id)
        }
    }

    @Test("Several runners share the chunks of one run")
    func sharing() async throws {
        try await withOutboundWorld(configure: { $0.outbound.schedule = nil }) { world in
            _ = await world.world.addRecords(600)
            _ = await world.world.addRecords(600, .lead, prefix: "l")
            let run = try await world.desk.begin(.full, of: World.name, requestID: "r", now: world.clock.now())
            let (first, second) = (world.runner(holder: "first"), world.runner(holder: "second"))
            _ = await first.conductor.turn()
            #expect(await world.tape.count(of: Topics().syncCommands) == 4)
            async let one = first.crm.turn()
            async let other = second.crm.turn()
            _ = await (one, other)
            let read = try await world.store.chunks(ofRun: run.id).filter { $0.source.isCRM }
            #expect(read.count == 2)
            #expect(read.allSatisfy { $0.isDone && $0.counts.read == 600 })
        }
    }

    @Test("IN-9 a run waits at its share of the CRM's calls, before outbound does, and goes on once calls are free")
    func budget() async throws {
        try await withOutboundWorld(configure: { $0.outbound.schedule = nil }) { world in
            _ = await world.world.addRecords(10)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            try await world.store.recordUsage(integration: World.name, used: 61, limit: 100, at: world.clock.now())
            let runner = world.runner()
            #expect(await runner.conductor.turn() == .at(world.clock.now().advanced(by: .seconds(900))))
            #expect(try await world.store.run(run.id)?.state == .waiting)
            await world.clock.advance(by: .seconds(900))
            for _ in 0..<4 { await runner.turn() }
            #expect(try await world.store.run(run.id)?.state == .finished)
        }
    }

    @Test("Commands on the topic begin and steer runs; what cannot be read goes to the dead letters")
    func commands() async throws {
        try await withOutboundWorld { world in
            let ingest = CommandIngest(
                log: world.tape, store: world.store, topics: Topics(), clock: world.clock, logger: World.logger)
            func command(_ command: SyncCommand.Command, id: String = "r", fields: [String: JSONValue] = [:]) -> Message {
                .syncCommand(
                    SyncCommand(
                        integration: World.name, command: command, requestID: id, fields: fields, occurredAt: world.clock.now()))
            }
            let stranger = SyncCommand(integration: "stranger", command: .full, requestID: "r", occurredAt: world.clock.now())
            let news = try await ingest.ingest(
                await world.world.records([command(.full), command(.full), command(.pause), .syncCommand(stranger)]))
            #expect(news == [World.name])
            let run = try #require(try await world.store.activeRun(of: World.name))
            #expect(run.kind == .full && run.pausedAt != nil)
            _ = try await ingest.ingest(
                await world.world.records([
                    command(.cancel), command(.backfill, id: "b", fields: ["contact": ["Phone"]]), world.world.creation("1"),
                ]))
            #expect(try await world.store.run(run.id)?.state == .cancelled)
            #expect(try await world.store.activeRun(of: World.name)?.fields == [.contact: ["Phone"]])
            #expect(await world.tape.count(of: Topics().deadLetters) == 2)
        }
    }

    @Test("Every state of a run is told on the topic of notifications, once unless told twice by a crash")
    func notifications() async throws {
        try await withOutboundWorld { world in
            _ = await world.world.addRecords(3)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            let runner = world.runner()
            for _ in 0..<5 { await runner.turn() }
            let told = try await world.tape.messages(of: Topics().notifications).compactMap { message -> RunNotification? in
                if case .runNotification(let notification) = message { notification } else { nil }
            }
            #expect(told.map(\.state) == ["waiting", "reading", "finished"])
            #expect(told.allSatisfy { $0.run == run.id && $0.kind == "initial" })
            #expect(told.last?.read == 3 && told.last?.written == 3)
        }
    }
}
