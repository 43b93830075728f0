import Connectors
import Contracts
import EventLog
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

// Runs in a world whose outbound path is at work.

/// The loops of one sync-runner.
struct TestRunner: Sendable {
    let conductor: RunConductor
    let crm: ChunkReader
    let marketing: ChunkReader

    init(_ world: World, log: any EventLog, holder: String = "runner", settings: DrainSettings = DrainSettings()) {
        let runner = SyncRunner(
            log: log, store: world.store, connections: world.connections, topics: Topics(), clock: world.clock,
            settings: settings, holder: holder, logger: World.logger, jitter: { 1 })
        conductor = runner.conductor(of: World.name)
        crm = runner.reader(of: World.name, readsCRM: true)
        marketing = runner.reader(of: World.name, readsCRM: false)
    }

    /// One turn of each loop.
    func turn() async {
        _ = await conductor.turn()
        _ = await crm.turn()
        _ = await marketing.turn()
    }
}

extension OutboundWorld {
    nonisolated func runner(holder: String = "runner", settings: DrainSettings = DrainSettings()) -> TestRunner {
        TestRunner(world, log: tape, holder: holder, settings: settings)
    }

    nonisolated var desk: RunDesk { RunDesk(store: store) }

    /// Begins a run and lets it go on until it is over or held, and what it found be delivered.
    @discardableResult
    func run(
        _ kind: RunKind, fields: [CRMObject: [String]] = [:], settings: DrainSettings = DrainSettings(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Run {
        let run = try await desk.begin(
            kind, of: World.name, fields: fields, requestID: "test-\(clock.now().milliseconds)", now: clock.now())
        return try await finish(run.id, settings: settings, sourceLocation: sourceLocation)
    }

    @discardableResult
    func finish(
        _ id: Int64, settings: DrainSettings = DrainSettings(), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Run {
        let runner = runner(settings: settings)
        for _ in 0..<200 {
            await runner.turn()
            try await ingest()
            let run = try #require(try await store.run(id), sourceLocation: sourceLocation)
            if run.state.isOver || run.state == .held {
                await world.flush()
                try await deliver(sourceLocation: sourceLocation)
                return run
            }
            await clock.advance(by: .seconds(10))
        }
        Issue.record("the run never ends", sourceLocation: sourceLocation)
        return try #require(try await store.run(id))
    }

    /// Contacts of the CRM that marketing knows, both sides in step; their ids.
    func inStep(_ numbers: ClosedRange<Int>) async throws -> [String] {
        var ids: [String] = []
        for number in numbers {
            ids.append(try #require(await salesforce.insert("Contact", World.crmPerson(String(number)))))
        }
        try await sync()
        // The next poll passes what delivery itself wrote.
        await clock.advance(by: .seconds(1200))
        try await sync()
        await clock.advance(by: .seconds(1200))
        _ = try await poll()
        try await ingest()
        return ids
    }
}
