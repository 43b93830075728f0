import Connectors
import Contracts
import EventLog
import Foundation
import Store
import SyncCore
import Testing

@testable import Sandbox

/// The real executable is killed with SIGKILL again and again while changes come in; the vendors, which live in this
/// process, then show what became of them.
@Suite("Dying is safe", .timeLimit(.minutes(5)))
struct CrashTests {
    @Test("GEN-6 embedded log: whatever kills the process, every change has its effect once and none is lost")
    func embedded() async throws {
        try await CrashWorld.withEmbeddedLog { world in
            var run = CrashRun(world: world, seed: 11)
            // An ingest is quick to start again, a drain waits for the lease of the dead: hence many of the first kind.
            for _ in 0..<6 {
                try await run.round(
                    arriving: 50,
                    strikes: [
                        .accepted(run.crowd.random(5...50)), .queued, run.request(), run.write(),
                    ])
            }
            try await run.finish(named: "embedded")
        }
    }

    @Test("GEN-6 Kafka: whatever kills the batcher, every change has its effect once and none is lost")
    func kafka() async throws {
        try await CrashWorld.withKafka { world in
            var run = CrashRun(world: world, seed: 12)
            for _ in 0..<6 {
                try await run.round(arriving: 50, strikes: [.queued, run.tag(), run.request(), run.write()])
            }
            try await run.finish(named: "Kafka")
        }
    }
}

/// A run: rounds of changes, each with its kills, and the examination at the end.
struct CrashRun {
    let world: CrashWorld
    var crowd: Crowd

    init(world: CrashWorld, seed: UInt64) {
        self.world = world
        crowd = Crowd(seed: seed)
    }

    // MARK: Where to strike

    private mutating func moment() -> Strike.Moment { crowd.random(0...1) == 0 ? .beforeEffect : .afterEffect }

    /// Signing in, the descriptions and the conflict read are the first requests of a process, writes come next.
    mutating func request() -> Strike { .request(crowd.random(1...6), moment()) }
    mutating func write() -> Strike { .write(moment()) }
    mutating func tag() -> Strike { .tag(crowd.random(1...30), moment()) }

    // MARK: A round

    /// Publishes changes of one second and kills the worker at one strike after the other.
    mutating func round(arriving count: Int, edited share: Double = 0.4, strikes: [Strike]) async throws {
        if await world.worker.starts == 0 { try await world.worker.start() }
        let changes = crowd.round(arriving: try await arrivals(count), edited: share, at: try await nextSecond())
        await happen()
        let world = world
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await world.publisher.publish(changes) { await world.striker.accepted() } }
            for strike in strikes { try await carryOut(strike) }
            // Later rounds must not overtake this one: their edits are newer.
            try await group.waitForAll()
        }
    }

    private func settle() async throws {
        try await world.until("all changes have their effect", crowd.people) {
            try await world.worker.requireAlive()
            return try await world.isDone(crowd.people)
        }
    }

    /// Waits until a strike has struck. Where nothing is left to be done that it could hit, it hits the idle worker.
    private func carryOut(_ strike: Strike) async throws {
        let (starts, rows) = (await world.worker.starts, try await world.waitingRows())
        await world.striker.arm(strike)
        try await world.until("\(strike) strikes", crowd.people) {
            try await world.worker.requireAlive()
            if await world.worker.starts > starts { return true }
            let isReached =
                if strike == .queued { try await world.waitingRows() != rows } else { try await world.isDone(crowd.people) }
            if isReached { await world.striker.strike() }
            return false
        }
    }

    /// New people of the marketing account; their ids.
    private func arrivals(_ count: Int) async throws -> [String] {
        var ids: [String] = []
        for number in crowd.people.count..<crowd.people.count + count {
            let email = "person.\(number + 1)@example.com"
            _ = await world.marketing.importContacts([ActiveCampaignSandbox.Person(email: email)])
            ids.append(try #require(await world.marketing.contactID(email: email)))
        }
        return ids
    }

    /// Makes marketing show everyone as they are by now: who tells of a change is believed only as far as marketing shows it.
    private func happen() async {
        for person in crowd.people {
            await world.marketing.editContact(person.id) {
                ($0.firstName, $0.lastName, $0.phone, $0.account) = (
                    person.firstName, person.lastName, person.phone, person.company
                )
            }
        }
    }

    /// The round's time: ActiveCampaign stamps in whole seconds, and two edits of a person in one second have no order. It has
    /// just begun, so that the round's edits happen in the second they are stamped with.
    private func nextSecond() async throws -> Timestamp {
        let clock = world.clock
        let next = Timestamp(seconds: clock.now().milliseconds / 1000 + 1)
        try await eventually("the next second comes") { clock.now() >= next }
        return next
    }
}

// MARK: The end

extension CrashRun {
    /// A last round in peace, of enough changes to reach every partition behind all that came before, and then the proof.
    mutating func finish(named name: String) async throws {
        try await round(arriving: 40, edited: 1, strikes: [])
        try await settle()
        try await world.worker.stop()
        await report(name)
        try await proveState()
        try await Self.proveNoDeadLetters(try world.openLog())
    }

    private func report(_ name: String) async {
        let (crm, marketing) = (await world.salesforce.counters(), await world.marketing.counters())
        print(
            "Dying is safe, \(name): \(await world.worker.kills) kills, \(await world.worker.starts) starts; "
                + "\(crowd.people.count) people, Salesforce \(crm.total) requests, \(crm.rowsCreated) rows created, "
                + "\(crm.rowsWritten) written; ActiveCampaign \(marketing.total) requests")
    }

    private func proveState() async throws {
        let (store, name) = (world.store, CrashWorld.integration)
        #expect(await world.worker.kills >= 24)
        let differences = await world.differences(crowd.people)
        #expect(differences.isEmpty, "\(differences.count) differences: \(differences.prefix(10).joined(separator: "; "))")
        #expect(await world.salesforce.counters().rowsCreated == crowd.people.count)
        let relapses = await world.watch.relapses
        #expect(relapses.isEmpty, "\(relapses.count) old values came back: \(relapses.prefix(10).joined(separator: "; "))")

        #expect(try await store.parked(integration: name, direction: .inbound, limit: 10).isEmpty)
        #expect(try await store.tagDepth(integration: name, now: world.clock.now()).parked == 0)
        for object in CRMObject.people {
            let links = try await store.linkCount(integration: name, object: object)
            #expect(links == crowd.people.count { $0.object == object })
        }
        let people = await world.marketing.people()
        let untagged = crowd.people.filter { people[$0.id]?.tags != [$0.tag] }.map(\.id)
        #expect(untagged.isEmpty, "these people do not have their tag: \(untagged)")
    }

    static func proveNoDeadLetters(_ log: any EventLog) async throws {
        let letters = try await log.everything(on: [Topics().deadLetters])
        #expect(letters.isEmpty, "\(letters.count) changes became dead letters")
        await log.close()
    }
}
