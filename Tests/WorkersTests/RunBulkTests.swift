import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Runs: reading by the CRM's bulk interface")
struct RunBulkTests {
    private static func reading(
        _ configure: (inout IntegrationSettings) -> Void = { _ in }, _ test: (OutboundWorld) async throws -> Void
    ) async throws {
        try await withOutboundWorld(
            leads: .none,
            configure: { settings in
                settings.outbound.schedule = nil
                settings.runs.bulkFrom = 1_000
                configure(&settings)
            }, test)
    }

    @Test("RUN-5 an object with many records is read by a job, one with few by pages")
    func chosen() async throws {
        try await Self.reading { world in
            _ = await world.world.addRecords(5_000)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            let runner = world.runner()
            _ = await runner.conductor.turn()
            let sources = try await world.store.chunks(ofRun: run.id).map(\.source)
            #expect(sources == [.crmPages(.lead), .crmExport(.contact)])
            try await Self.finish(run, runner, in: world)
            let done = try #require(try await world.store.run(run.id))
            #expect(done.counts == RunCounts(read: 5_000, written: 5_000, skipped: 0))
            #expect(await world.tape.count(of: Topics().crmChanges) == 5_000)
            // Begun, looked at, read and ended.
            let calls = await world.salesforce.counters().calls.filter { $0.key.contains("jobs") }
            #expect(calls.values.reduce(0, +) == 4, "\(calls)")
        }
    }

    @Test("RUN-3 a page of results that broke off goes on behind what was taken of it, by another runner")
    func brokenOff() async throws {
        try await Self.reading { world in
            _ = await world.world.addRecords(5_000)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            let first = world.runner(holder: "first")
            for _ in 0..<2 {
                await first.turn()
                await world.clock.advance(by: .seconds(5))
            }
            let chunk = try await Self.contacts(run, in: world)
            #expect(chunk.place.job != nil)
            // The first group is kept, and the log takes nothing of the next.
            await world.tape.fail(after: CRMExportPage.group)
            await first.turn()
            let place = try await Self.contacts(run, in: world).place
            #expect(place.rows == CRMExportPage.group && place.job == chunk.place.job)
            await world.tape.fail(after: nil)
            await world.clock.advance(by: .seconds(60))
            try await Self.finish(run, world.runner(holder: "second"), in: world)
            #expect(try await world.store.run(run.id)?.counts == RunCounts(read: 5_000, written: 5_000, skipped: 0))
            #expect(Set(try await world.published().map(\.key.recordID)).count == 5_000)
            #expect(try await world.published().count == 5_000)
        }
    }

    @Test("RUN-5 a job that fails or is gone is begun anew, and after three the chunk is read by pages")
    func failing() async throws {
        try await Self.reading { world in
            _ = await world.world.addRecords(2_500)
            await world.salesforce.play(FaultPlan(rules: [.init(.failJob(afterRows: 10), method: "POST", path: "*/jobs/query")]))
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            try await Self.finish(run, world.runner(), in: world)
            #expect(try await world.store.run(run.id)?.counts == RunCounts(read: 2_500, written: 2_500, skipped: 0))
        }
    }

    @Test("RUN-5 where no more jobs are taken today, pages are read instead")
    func quota() async throws {
        try await Self.reading { world in
            _ = await world.world.addRecords(2_500)
            await world.salesforce.allowBulkJobs(0)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            try await Self.finish(run, world.runner(), in: world)
            #expect(try await world.store.run(run.id)?.counts == RunCounts(read: 2_500, written: 2_500, skipped: 0))
        }
    }

    @Test("RUN-5 a job from before a mapping changed is begun anew: its results lack the field")
    func mappingChanged() async throws {
        try await Self.reading { world in
            _ = await world.world.addRecords(2_500)
            let run = try await world.desk.begin(.initial, of: World.name, requestID: "r", now: world.clock.now())
            let runner = world.runner()
            for _ in 0..<2 { await runner.turn() }
            let job = try await Self.contacts(run, in: world).place.job
            #expect(job != nil)
            var settings = try #require(try await world.store.integration(World.name)).settings
            settings.mappings.contact.append(FieldMapping(marketing: "perstag:OCCUPATION", crm: "Title"))
            _ = try await world.store.apply(settings, now: world.clock.now())
            await world.clock.advance(by: .seconds(10))
            await runner.turn()
            #expect(try await Self.contacts(run, in: world).place.job != job)
            try await Self.finish(run, runner, in: world)
            let first = try #require(try await world.published().first)
            #expect(first.fields.keys.contains("Title"))
        }
    }

    @Test("RUN-4 a full run by jobs finds who is gone as one by pages does")
    func full() async throws {
        try await withOutboundWorld(leads: .none, configure: { $0.runs.bulkFrom = 0 }) { world in
            let ids = try await world.inStep(1...4)
            await world.salesforce.purge("Contact", id: ids[2])
            let run = try await world.run(.full)
            #expect(run.state == .finished)
            #expect(run.gone == 1)
            #expect(try await world.linkOf(ids[2])?.endedBy == .crmDeleted)
            #expect(try await world.linkOf(ids[3])?.state == .linked)
        }
    }

    private static func finish(_ run: Run, _ runner: TestRunner, in world: OutboundWorld) async throws {
        for _ in 0..<60 {
            await runner.turn()
            if try await world.store.run(run.id)?.state.isOver == true { return }
            await world.clock.advance(by: .seconds(10))
        }
        Issue.record("the run never ends")
    }

    private static func contacts(_ run: Run, in world: OutboundWorld) async throws -> RunChunk {
        try #require(try await world.store.chunks(ofRun: run.id).first { $0.source.object == .contact })
    }
}

extension OutboundWorld {
    fileprivate func published() async throws -> [RecordChange] {
        try await tape.messages(of: Topics().crmChanges).compactMap { message in
            if case .recordChange(let change) = message { change } else { nil }
        }
    }
}
