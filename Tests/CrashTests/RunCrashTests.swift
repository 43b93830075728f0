import Connectors
import Contracts
import EventLog
import Store
import SyncCore
import Testing

@testable import Sandbox

/// The real executable is killed with SIGKILL again and again in the middle of a run; the run, the log and the vendors then show
/// what became of it.
@Suite("Dying is safe in runs", .timeLimit(.minutes(5)))
struct RunCrashTests {
    /// An initial run by jobs is struck as it is split, between two pages, and at each kind of call that a job consists of.
    private static let jobStrikes: [RunCrashRun.Target] = [
        .call(.count), .call(.exportStart), .call(.exportPage, 2), .kept, .call(.exportEnd), .call(.exportState),
    ]
    /// A full run is struck as it is split, and at both sides' pages and between two.
    private static let passStrikes: [RunCrashRun.Target] = [.call(.count), .call(.people, 3), .kept, .call(.recordPage, 2)]
    private static let byJobs = RunSettings(bulkFrom: 0)
    private static let selection = OutboundSettings(selection: [
        .contact: .criteria(.rule(FieldRule(field: "LeadSource", .equals, ["Web"]))),
        .lead: .criteria(.rule(FieldRule(field: "Company", .isNotBlank))),
    ])

    @Test("RUN-3 GEN-6 embedded log: whatever kills an initial run by jobs, everybody selected is made once")
    func initialEmbedded() async throws {
        try await CrashWorld.withEmbeddedLog(outbound: Self.selection, runs: Self.byJobs) { world in
            var crowd = CRMCrowd(seed: 31)
            try await crowd.change(world.salesforce, arriving: 400, edited: 0)
            var run = RunCrashRun(world: world, kind: .initial, seed: 31)
            try await run.play(Self.jobStrikes)
            let people = crowd
            try await run.until("all records are in step") {
                guard try await world.isIdle() else { return false }
                return await people.differences(world).isEmpty
            }
            try await world.worker.stop()
            try await run.proveRuns(read: crowd.selected.count...crowd.selected.count, kills: Self.jobStrikes.count)
            #expect(await world.marketing.count() == crowd.selected.count)
            for object in CRMObject.people {
                let links = try await world.store.linkCount(integration: CrashWorld.integration, object: object)
                #expect(links == crowd.selected.count { $0.object == object })
            }
            let told = try await RunCrashRun.told(by: try world.openLog())
            #expect(Set(told.crm.map(\.key.recordID)) == Set(crowd.selected.map(\.id)))
            #expect(told.marketing.isEmpty)
        }
    }

    @Test("RUN-3 Kafka: whatever kills the runner in an initial run by jobs, everybody selected is told of, and nobody else")
    func initialKafka() async throws {
        try await CrashWorld.withKafka("sync-runner", outbound: Self.selection, runs: Self.byJobs) { world in
            var crowd = CRMCrowd(seed: 32)
            try await crowd.change(world.salesforce, arriving: 400, edited: 0)
            var run = RunCrashRun(world: world, kind: .initial, seed: 32)
            try await run.play(Self.jobStrikes)
            try await world.worker.stop()
            try await run.proveRuns(read: crowd.selected.count...crowd.selected.count, kills: Self.jobStrikes.count)
            let told = try await RunCrashRun.told(by: try world.openLog())
            #expect(Set(told.crm.map(\.key.recordID)) == Set(crowd.selected.map(\.id)))
            #expect(told.marketing.isEmpty)
        }
    }

    @Test("RUN-4 embedded log: whatever kills a full run, links end only for who is gone, and nobody is made twice")
    func fullEmbedded() async throws {
        try await CrashWorld.withEmbeddedLog(outbound: Self.selection) { world in
            // Edits that are delivered while people are read would be suspected of drift, which is settled minutes later.
            let people = try await LinkedPeople.make(in: world, edited: 0)
            var run = RunCrashRun(world: world, kind: .full, seed: 33)
            try await run.play(Self.passStrikes)
            try await run.until("what the run found is done") {
                guard try await world.isIdle() else { return false }
                return try await people.unsettled(world).isEmpty
            }
            try await world.worker.stop()
            // Whoever is new may be among the people that are read.
            try await run.proveRuns(read: people.read...(people.read + people.new.count), kills: Self.passStrikes.count)
            try await people.proveState(of: world)
            let told = try await RunCrashRun.told(by: try world.openLog())
            people.provePublished(crm: told.crm, marketing: told.marketing)
        }
    }

    @Test("RUN-4 Kafka: whatever kills the runner in a full run, all is read once, and told of is what differs and who is gone")
    func fullKafka() async throws {
        try await CrashWorld.withKafka("sync-runner", outbound: Self.selection) { world in
            let people = try await LinkedPeople.make(in: world, edited: 20)
            var run = RunCrashRun(world: world, kind: .full, seed: 34)
            // As nothing is delivered, every run looks up those who were not seen.
            try await run.play(Self.passStrikes + [.call(.contactCheck)])
            try await world.worker.stop()
            try await run.proveRuns(read: people.read...people.read, kills: Self.passStrikes.count + 1)
            #expect(try await people.endedByRun(in: world) == Set(people.purged))
            let told = try await RunCrashRun.told(by: try world.openLog())
            people.provePublished(crm: told.crm, marketing: told.marketing)
        }
    }
}

/// Runs of one kind, the first with its kills. On a slow machine a run may be over before a strike: then there is another.
struct RunCrashRun {
    private static let mostRuns = 10

    /// Where a run is to be struck.
    enum Target: Sendable {
        /// At the request of that number of that kind.
        case call(Strike.Call, Int = 1)
        case kept
    }

    let world: CrashWorld
    let kind: RunKind
    private var generator: SeededGenerator
    private var ordered = 0

    init(world: CrashWorld, kind: RunKind, seed: UInt64) {
        self.world = world
        self.kind = kind
        generator = SeededGenerator(seed: seed)
    }

    mutating func play(_ targets: [Target]) async throws {
        try await order()
        for target in targets {
            switch target {
            case .call(let call, let number):
                let moment: Strike.Moment = generator.unit() < 0.5 ? .beforeEffect : .afterEffect
                try await carryOut(.call(call, moment, number: number))
            case .kept: try await carryOut(.kept)
            }
        }
        let ordered = ordered
        try await until("the run is over") { try await isOver(ordered) }
    }

    /// By the topic of commands where others than the worker can write to it, otherwise as `tandem run` does.
    private mutating func order() async throws {
        ordered += 1
        let (id, now) = ("crash-\(ordered)", world.clock.now())
        if let publisher = world.publisher as? LogPublisher, let command = SyncCommand.Command(rawValue: kind.rawValue) {
            return try await publisher.order(command, id: id, at: now)
        }
        _ = try await world.store.beginRun(kind, of: CrashWorld.integration, requestID: id, now: now)
    }

    private mutating func carryOut(_ strike: Strike) async throws {
        while ordered <= Self.mostRuns {
            if try await strikes(strike) { return }
            try await order()
        }
        throw NeverHappened(description: "\(strike) found nothing to hit in \(Self.mostRuns) runs")
    }

    /// Arms a strike; whether it struck before all runs were over.
    private func strikes(_ strike: Strike) async throws -> Bool {
        let (kills, read) = (await world.worker.kills, try await read())
        await world.striker.arm(strike)
        if await world.worker.starts == 0 { try await world.worker.start() }
        var isStruck = false
        try await until("\(strike) strikes, or the run is over") {
            if strike == .kept, try await self.read() > read { await world.striker.strike() }
            isStruck = await world.worker.kills > kills
            if isStruck { return true }
            return try await isOver(ordered)
        }
        return isStruck
    }

    /// How many records all runs have read so far.
    private func read() async throws -> Int {
        try await world.store.runs(of: CrashWorld.integration, limit: Self.mostRuns * 2).map(\.counts.read).reduce(0, +)
    }

    private func isOver(_ ordered: Int) async throws -> Bool {
        let runs = try await world.store.runs(of: CrashWorld.integration, limit: Self.mostRuns * 2)
        return runs.count >= ordered && runs.allSatisfy(\.state.isOver)
    }

    func until(_ fact: String, _ isTrue: () async throws -> Bool) async throws {
        do {
            try await eventually(fact, every: .milliseconds(2)) {
                try await world.worker.requireAlive()
                try await world.endDoubts()
                return try await isTrue()
            }
        } catch let error as NeverHappened {
            let runs = try await world.store.runs(of: CrashWorld.integration, limit: 3)
            let chunks = try await world.store.chunks(ofRun: runs.first?.id ?? 0)
            throw NeverHappened(
                description: "\(error); the latest runs: \(runs); chunks: \(chunks); the worker's last words:\n"
                    + "\(await world.worker.lastWords())")
        }
    }

    /// Every run came to its end and read all there was, no page of it twice as far as it counts.
    func proveRuns(read: ClosedRange<Int>, kills: Int) async throws {
        let runs = try await world.store.runs(of: CrashWorld.integration, limit: Self.mostRuns * 2)
        print(
            "Dying is safe in runs, \(kind): \(await world.worker.kills) kills, \(runs.count) runs, read \(runs.map(\.counts.read)), "
                + "Salesforce \(await world.salesforce.counters().total) requests, "
                + "ActiveCampaign \(await world.marketing.counters().total)")
        #expect(await world.worker.kills >= kills)
        #expect(runs.count == ordered)
        for run in runs {
            #expect(run.kind == kind && run.state == .finished)
            #expect(read.contains(run.counts.read), "read \(run.counts.read), not \(read)")
            #expect(run.counts.read == run.counts.written + run.counts.skipped)
        }
    }
    /// The changes that the log has of either side; nothing became a dead letter. Closes the log.
    static func told(by log: any EventLog) async throws -> (crm: [RecordChange], marketing: [RecordChange]) {
        let topics = Topics()
        let records = try await log.everything(on: [topics.crmChanges, topics.marketingChanges, topics.deadLetters])
        await log.close()
        #expect(!records.contains { $0.topic == topics.deadLetters })
        var told: (crm: [RecordChange], marketing: [RecordChange]) = ([], [])
        for record in records where record.topic != topics.deadLetters {
            guard case .recordChange(let change) = try EventCodec.decode(record.message).message else { continue }
            if record.topic == topics.crmChanges { told.crm.append(change) } else { told.marketing.append(change) }
        }
        return told
    }
}

extension LogPublisher {
    /// Orders a run twice over: that begins one.
    fileprivate func order(_ command: SyncCommand.Command, id: String, at now: Timestamp) async throws {
        let command = SyncCommand(integration: integration, command: command, requestID: id, occurredAt: now)
        let order = record(id, .syncCommand(command), on: topics.syncCommands)
        try await log.publish([order, order])
    }
}
