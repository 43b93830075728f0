import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

/// The real executable is killed with SIGKILL again and again while CRM records change; the vendors, which live in this
/// process, then show what became of them.
@Suite("Dying is safe outbound", .timeLimit(.minutes(5)))
struct OutboundCrashTests {
    private static let outbound = OutboundSettings(
        schedule: .every(hours: 1),
        selection: [.contact: .criteria(.rule(FieldRule(field: "LeadSource", .equals, ["Web"]))), .lead: .newFromNowOn])

    @Test("GEN-6 OUT-7 embedded log: whatever kills the process, every record is known once, in step, and nothing echoes")
    func embedded() async throws {
        try await CrashWorld.withEmbeddedLog(outbound: Self.outbound) { world in
            var run = OutboundCrashRun(world: world, seed: 21)
            try await run.play()
            try await run.finish(named: "embedded")
        }
    }

    @Test("GEN-6 OUT-7 Kafka: whatever kills the poller, every record is known once, in step, and nothing echoes")
    func kafka() async throws {
        try await CrashWorld.withKafka("outbound-poller", outbound: Self.outbound) { world in
            var run = OutboundCrashRun(world: world, seed: 22)
            try await run.play()
            try await run.finish(named: "Kafka")
        }
    }
}

/// A run: rounds of changes in the CRM, each with its kills, and the examination at the end.
struct OutboundCrashRun {
    let world: CrashWorld
    private var crowd: CRMCrowd

    init(world: CrashWorld, seed: UInt64) {
        self.world = world
        crowd = CRMCrowd(seed: seed)
    }

    /// Many new people go by import, few by single writes, many known ones by import again; each way is struck everywhere.
    mutating func play() async throws {
        try await round(
            arriving: 60, edited: 0,
            strikes: [call(.poll), .queued, call(.bulkImport), call(.importInfo), .write(crowd.moment())])
        try await round(
            arriving: 6, edited: 8,
            strikes: [call(.poll), call(.contactSync), call(.contactUpdate), .queued, .write(crowd.moment())])
        try await round(arriving: 0, edited: 40, strikes: [call(.contactCheck), call(.bulkImport), call(.importInfo)])
        // Only new people's ids are written to the CRM.
        try await round(arriving: 3, edited: 0, strikes: [.write(crowd.moment())])
    }

    private mutating func call(_ call: Strike.Call) -> Strike { .call(call, crowd.moment()) }

    // MARK: A round

    private mutating func round(arriving: Int, edited: Int, strikes: [Strike]) async throws {
        try await crowd.change(world.salesforce, arriving: arriving, edited: edited)
        try await requestPoll()
        if await world.worker.starts == 0 { try await world.worker.start() }
        for strike in strikes { try await carryOut(strike, arriving: arriving, edited: edited) }
        try await until("all records are in step") { try await isDone() }
    }

    /// As `tandem schedule --now` does, once the changes are old enough for a poll: one leaves what is younger than the server's
    /// time, known to a second and a call's way, to the next.
    private func requestPoll() async throws {
        let clock = world.clock
        let isOldEnough = clock.now().advanced(by: .seconds(3))
        try await eventually("the changes are old enough") { clock.now() > isOldEnough }
        _ = try await world.store.makeDue(CrashWorld.integration, now: clock.now())
    }

    /// Waits until a strike has struck. On a slow machine all work may be done before it is armed: then there is more of it.
    private mutating func carryOut(_ strike: Strike, arriving: Int, edited: Int) async throws {
        let starts = await world.worker.starts
        for _ in 0..<10 {
            if try await strikes(strike, since: starts) { return }
            try await crowd.change(world.salesforce, arriving: arriving, edited: edited)
            try await requestPoll()
        }
        throw NeverHappened(description: "\(strike) found nothing to hit in ten rounds of changes")
    }

    /// Arms a strike; whether it struck before all work was done.
    private func strikes(_ strike: Strike, since starts: Int) async throws -> Bool {
        let rows = try await world.waitingRows(.outbound)
        await world.striker.arm(strike)
        var isStruck = false
        try await until("\(strike) strikes, or everything is done") {
            if strike == .queued, try await world.waitingRows(.outbound) > rows { await world.striker.strike() }
            isStruck = await world.worker.starts > starts
            if isStruck { return true }
            return try await isDone()
        }
        return isStruck
    }

    private func until(_ fact: String, _ isTrue: () async throws -> Bool) async throws {
        do {
            try await eventually(fact, every: .milliseconds(20)) {
                try await world.worker.requireAlive()
                try await world.endDoubts()
                return try await isTrue()
            }
        } catch let error as NeverHappened {
            let hold = try await world.store.hold(of: CrashWorld.integration, direction: .outbound)
            let differences = await crowd.differences(world)
            throw NeverHappened(
                description:
                    "\(error); \(try await world.waitingRows(.outbound)) rows wait, hold: \(hold.map { "\($0)" } ?? "none"), "
                    + "\(differences.count) differences: \(differences.prefix(10).joined(separator: "; ")); "
                    + "the worker's last words:\n\(await world.worker.lastWords())")
        }
    }

    /// Whether nothing is on its way and every selected record is in step.
    private func isDone() async throws -> Bool {
        let (store, name, now) = (world.store, CrashWorld.integration, world.clock.now())
        guard let schedule = try await store.scheduleState(of: name), schedule.startedAt == nil, schedule.nextAt > now,
            try await world.waitingRows(.outbound) == 0, try await store.imports(integration: name).isEmpty,
            try await store.tagDepth(integration: name, now: now).waiting == 0
        else { return false }
        return await crowd.differences(world).isEmpty
    }
}

// MARK: The end

extension OutboundCrashRun {
    /// A last round in peace, and then the proof.
    mutating func finish(named name: String) async throws {
        try await round(arriving: 4, edited: 4, strikes: [])
        try await proveRest()
        try await world.worker.stop()
        try await report(name)
        try await proveState()
        try await CrashRun.proveNoDeadLetters(try world.openLog())
    }

    /// GEN-5: a poll of what Tandem itself wrote leads to nothing.
    private func proveRest() async throws {
        let (store, name) = (world.store, CrashWorld.integration)
        let before = try #require(try await store.scheduleState(of: name))
        let requests = await world.marketing.counters().total
        try await requestPoll()
        try await until("one more poll") { try await store.scheduleState(of: name)?.runs == before.runs + 1 }
        let after = try #require(try await store.scheduleState(of: name))
        #expect(after.read > 0)
        #expect(after.published == 0)
        #expect(await world.marketing.counters().total == requests)
    }

    private func proveState() async throws {
        let (store, name) = (world.store, CrashWorld.integration)
        #expect(await world.worker.kills >= 14)
        let calls: Set<Strike.Call> = [.poll, .contactSync, .contactUpdate, .contactCheck, .bulkImport, .importInfo]
        let missed = calls.subtracting(await world.striker.struck)
        #expect(missed.isEmpty, "nothing was struck at these requests: \(missed)")
        #expect(await world.striker.writesStruck > 0)
        let differences = await crowd.differences(world)
        #expect(differences.isEmpty, "\(differences.count) differences: \(differences.prefix(10).joined(separator: "; "))")
        #expect(await world.marketing.count() == crowd.selected.count)
        for direction in Direction.allCases {
            #expect(try await store.parked(integration: name, direction: direction, limit: 10).isEmpty)
        }
        #expect(try await store.tagDepth(integration: name, now: world.clock.now()).parked == 0)
        for object in CRMObject.people {
            #expect(try await store.linkCount(integration: name, object: object) == crowd.selected.count { $0.object == object })
        }
    }

    private func report(_ name: String) async throws {
        let (crm, marketing) = (await world.salesforce.counters(), await world.marketing.counters())
        print(
            "Dying is safe outbound, \(name): \(await world.worker.kills) kills, \(await world.worker.starts) starts; "
                + "\(crowd.selected.count) records, Salesforce \(crm.total) requests; ActiveCampaign \(marketing.total) requests, "
                + "\(marketing.rowsWritten) rows written")
    }
}
