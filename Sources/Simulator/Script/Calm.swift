import Contracts
import Sandbox
import Store
import SyncCore

/// The end of all trouble: faults end, users rest, and when nothing is on its way any more everything is compared.
struct Calm: Sendable {
    let player: Player

    private var world: SimulatedWorld { player.world }
    private var store: Store { world.store }
    private var isOver: Bool { world.referee.violation != nil }

    func run() async {
        world.trace.note("calm", "begins")
        await player.faults.endAll()
        do {
            if try await store.integration(SimulatedWorld.integration)?.state == .paused { await player.resume() }
            if try await store.activeRun(of: SimulatedWorld.integration)?.pausedAt != nil { try await player.steerRun(.resume) }
            try await settle()
            // Twice, so far apart that the second does not look back on what the first came upon.
            try await poll()
            try await rest(.seconds(20 * 60))
            try await poll()
            try await compareBySelf()
            guard !isOver else { return }
            await findPeople()
            world.diary.noteCalm(at: world.clock.now())
            await Examination(world: world, diary: world.diary).run()
            try await listenForEchoes()
        } catch {
            world.referee.fail(.nothingWaitsForever, "the calm was disturbed: \(error)")
        }
        world.trace.note("calm", "is over")
    }

    /// Where there are runners, Tandem compares both sides itself, and what it finds is settled.
    private func compareBySelf() async throws {
        guard world.setting.hasRunners, !isOver else { return }
        try await wait { try await runComplaints() }
        guard !isOver else { return }
        try await player.beginRun(.full)
        try await settle()
        let run = try await store.runs(of: SimulatedWorld.integration, limit: 1).first
        if !isOver, run?.state != .finished {
            world.referee.fail(
                .nothingWaitsForever, "the full run is \(run.map { "\($0.state) \($0.reason?.code ?? "")" } ?? "gone")")
        }
        try await repairDrift()
    }

    /// What the run reports and may not repair itself, the manager lets be repaired.
    private func repairDrift() async throws {
        guard !isOver, try await store.driftCount(integration: SimulatedWorld.integration) > 0 else { return }
        let repaired = try await player.repairDrift()
        world.trace.note("manager", "lets \(repaired.map(String.init) ?? "no") fields be repaired")
        try await settle()
    }

    /// What keeps a run from its end; one that is held is approved.
    private func runComplaints() async throws -> [String] {
        guard let run = try await store.activeRun(of: SimulatedWorld.integration) else { return [] }
        if run.state == .held { try await player.steerRun(.approve) }
        return ["run \(run.id), \(run.kind) \(run.state)"]
    }

    /// Everything is in step: one more poll, and one more full run, have nothing to write.
    private func listenForEchoes() async throws {
        guard !isOver else { return }
        let before = await writes()
        try await poll()
        try await compareBySelf()
        let after = await writes()
        if !isOver, before != after { world.referee.fail(.noEcho, "writes of a poll with nothing new: \(after) after \(before)") }
    }

    /// Rows that either vendor was asked to write.
    private func writes() async -> [Int] {
        let (crm, marketing) = (await world.salesforce.counters(), await world.marketing.counters())
        return [crm, marketing].map { $0.rowsWritten + $0.rowsRefused }
    }

    /// What the cluster created is found by those who look for the person.
    private func findPeople() async {
        for person in world.diary.people {
            _ = await player.contact(of: person.number)
            _ = await player.records(of: person.number)
        }
    }

    // MARK: Waiting

    private func rest(_ duration: Duration) async throws {
        try await world.clock.sleep(until: world.clock.now().advanced(by: duration))
    }

    /// Lets a poll run that begins after now, and waits until all it leads to is done.
    private func poll() async throws {
        try await wait { try await scheduleComplaints() }
        guard !isOver else { return }
        let runs = try await store.scheduleState(of: SimulatedWorld.integration)?.runs ?? 0
        _ = try await store.makeDue(SimulatedWorld.integration, now: world.clock.now())
        try await wait {
            let done = try await store.scheduleState(of: SimulatedWorld.integration)?.runs ?? 0
            return done > runs ? [] : ["the poll"]
        }
        try await settle()
    }

    private func settle() async throws { try await wait { try await whatWaits() } }

    /// Waits until there is no complaint any more; after six hours the first of them is a violation.
    private func wait(_ complaints: () async throws -> [String]) async throws {
        let end = world.clock.now().advanced(by: .seconds(6 * 3600))
        while !isOver {
            try await world.releaseHolds(on: "calm")
            let waiting = try await complaints()
            if waiting.isEmpty { return }
            guard world.clock.now() < end else {
                return world.referee.fail(.nothingWaitsForever, waiting.joined(separator: "; "))
            }
            try await rest(.seconds(30))
        }
    }

    private func scheduleComplaints() async throws -> [String] {
        guard let schedule = try await store.scheduleState(of: SimulatedWorld.integration) else { return ["the first schedule"] }
        return schedule.startedAt == nil ? [] : ["a poll since \(schedule.startedAt?.iso8601 ?? "")"]
    }

    /// What is on its way anywhere. What a delivery causes is there before the delivery is gone, so webhooks come first.
    private func whatWaits() async throws -> [String] {
        var waiting: [String] = []
        func count(_ number: Int, _ what: String) { if number > 0 { waiting.append("\(number) \(what)") } }
        count(await world.marketing.pendingWebhooks().count, "webhooks")
        if world.post.isBusy { waiting.append("webhooks under way") }
        for group in world.setting.groups { count(await world.log.lag(of: group), "records of \(group)") }
        let (name, now) = (SimulatedWorld.integration, world.clock.now())
        for direction in Direction.allCases {
            count(try await store.depth(integration: name, direction: direction, now: now).waiting, "\(direction) rows")
        }
        count(try await store.imports(integration: name).count, "imports")
        count(try await store.bulkWrites(integration: name).count, "bulk writes")
        count(try await store.tagDepth(integration: name, now: now).waiting, "tags")
        count(try await store.mirrorDepth(integration: name).waiting, "copies of activities")
        waiting += try await runComplaints()
        return waiting
    }
}
