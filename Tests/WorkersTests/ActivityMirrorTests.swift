import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Activities: their copies in the CRM")
struct ActivityMirrorTests {
    private static let object = SalesforceObject.marketingActivity.name

    private func withMirror(
        settings change: (inout IntegrationSettings) -> Void = { _ in }, _ test: (World, ActivityMirror) async throws -> Void
    ) async throws {
        try await withWorld { world in
            var settings = try #require(try await world.store.integration(World.name)).settings
            settings.activities.mirrorObject = Self.object
            change(&settings)
            _ = try await world.store.apply(settings, now: world.clock.now())
            let mirror = ActivityMirror(
                integration: World.name, holder: "first", store: world.store, connections: world.connections, clock: world.clock,
                settings: DrainSettings(), logger: World.logger, jitter: { 1 })
            try await test(world, mirror)
        }
    }

    /// Records opens of a campaign by person `person`.
    private func record(_ ids: [String], of person: String = "7", in world: World) async throws {
        let messages = ids.map { id in
            Message.activity(
                Activity(
                    key: world.key(person), activityID: id, kind: .campaignOpened, occurredAt: world.clock.now(),
                    details: [.campaignID: "12", .campaignName: "Spring"]))
        }
        let ingest = ActivityIngest(
            log: world.log, store: world.store, topics: Topics(), clock: world.clock, logger: World.logger)
        _ = try await ingest.ingest(await world.records(messages))
    }

    /// Lets the mirror work for so long, whenever it wants to.
    private func work(_ mirror: ActivityMirror, for duration: Duration = .zero, in world: World) async {
        let end = world.clock.now().advanced(by: duration)
        while true {
            guard case .at(let moment) = await mirror.turn() else { continue }
            guard moment <= end else { return }
            await world.clock.advance(by: max(moment.since(world.clock.now()), .seconds(30)))
        }
    }

    private func copies(in world: World) async -> [[String: SandboxValue]] { await world.salesforce.records(Self.object) }

    private func depth(in world: World) async throws -> MirrorDepth {
        try await world.store.mirrorDepth(integration: World.name)
    }

    private func rests(in world: World) async throws -> Bool {
        let depth = try await depth(in: world)
        return depth.waiting == 0 && depth.parked == 0
    }

    @Test("ACT-2 activities become records of the custom object, with the person's record, by a thousand a call")
    func copied() async throws {
        try await withMirror { world, mirror in
            try await world.create(["7"])
            try await record((0..<1000).map { "a\($0)" }, in: world)
            await work(mirror, in: world)  // Looks up whom to ask once.
            try await record((0..<1000).map { "b\($0)" }, in: world)
            let calls = await world.calls { await work(mirror, for: ActivityMirror.interval, in: world) }
            #expect(calls == 1)

            let copies = await copies(in: world)
            #expect(copies.count == 2000)
            let copy = try #require(copies.first { $0["Tandem_Id__c"] == .string("\(World.name):7:a0") })
            #expect(copy["Contact__c"] == .string(try await world.crmID("7")) && copy["Lead__c"] == nil)
            #expect(copy["Kind__c"] == "campaign-opened" && copy["Subject__c"] == "Spring")
            #expect(copy["Details__c"] == "campaignId: 12\ncampaignName: Spring")
            #expect(try await rests(in: world))
        }
    }

    @Test("ACT-4 an activity of a person nobody is linked to is copied once the person is linked")
    func linkedLater() async throws {
        try await withMirror { world, mirror in
            try await record(["a"], in: world)
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).isEmpty)
            #expect(try await rests(in: world), "it waits for a link, not for a call")

            try await world.create(["7"])
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).map { $0["Contact__c"] } == [.string(try await world.crmID("7"))])
        }
    }

    @Test("ACT-4 one whose answer was lost is written again and is there once")
    func answerLost() async throws {
        try await withMirror { world, mirror in
            try await world.create(["7"])
            await work(mirror, in: world)
            try await record(["a", "b"], in: world)
            await world.salesforce.play(FaultPlan(rules: [FaultPlan.Rule(.hangUpAfter, limit: 1)]))
            await work(mirror, for: ActivityMirror.interval, in: world)
            #expect(await copies(in: world).count == 2)
            #expect(try await depth(in: world).waiting == 2)
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).count == 2)
            #expect(try await rests(in: world))
        }
    }

    @Test("IN-9 from outbound's share on the copies wait, and go on once calls are free")
    func budget() async throws {
        try await withMirror { world, mirror in
            try await world.create(["7"])
            try await record(["a"], in: world)
            await world.clock.advance(by: ActivityMirror.interval)
            let now = world.clock.now()
            try await world.store.recordUsage(integration: World.name, used: 85, limit: 100, at: now)
            #expect(await world.calls { await work(mirror, for: .seconds(800), in: world) } == 0)
            #expect(try await depth(in: world).waiting == 1)
            await work(mirror, for: .seconds(900), in: world)
            #expect(await copies(in: world).count == 1)
        }
    }

    @Test("IN-10 while the CRM is away all wait, however many and however long, and no attempt is counted")
    func outage() async throws {
        try await withMirror { world, mirror in
            try await world.create(["7"])
            await work(mirror, in: world)
            try await record((0..<1500).map { "a\($0)" }, in: world)
            await world.salesforce.play(FaultPlan(rules: [FaultPlan.Rule(.unavailable)]))
            let day = Duration.seconds(86_400)
            let calls = await world.calls { await work(mirror, for: day, in: world) }
            #expect(calls == 0, "what is not available takes no call")
            #expect(await world.salesforce.counters().faults["unavailable"] ?? 0 < 100)
            let depth = try await depth(in: world)
            #expect(depth.waiting == 1500 && depth.parked == 0)

            await world.salesforce.play(FaultPlan())
            await work(mirror, for: .seconds(3 * 3600), in: world)
            #expect(await copies(in: world).count == 1500)
        }
    }

    @Test("OUT-5 an activity whose record is gone waits until the link says something else, and is copied then")
    func goneRecord() async throws {
        try await withMirror { world, mirror in
            try await world.create(["7", "8"])
            try await record(["a"], of: "7", in: world)
            try await record(["b"], of: "8", in: world)
            // The link is not told yet that the record is gone.
            let gone = try await world.crmID("8")
            await world.salesforce.delete("Contact", id: gone)
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).map { $0["Tandem_Id__c"] } == [.string("\(World.name):7:a")])
            #expect(try await rests(in: world))

            await world.salesforce.undelete("Contact", id: gone)
            try await world.take(world.change("8", ["phone": "+1 555 0123"], tags: ["added-to-salesforce-contact"]))
            await world.flush()
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).count == 2)
        }
    }

    @Test("IN-10 an activity that the CRM refuses is parked with the reason, the others are copied, and a retry copies it")
    func refused() async throws {
        try await withMirror { world, mirror in
            try await world.create(["7", "8"])
            try await record(["a"], of: "7", in: world)
            // Too long for the external ID, together with the names before it.
            let long = String(repeating: "b", count: 255)
            try await record([long], of: "8", in: world)
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).map { $0["Tandem_Id__c"] } == [.string("\(World.name):7:a")])
            let depth = try await depth(in: world)
            #expect(depth.parked == 1 && depth.waiting == 0 && depth.error?.code == "STRING_TOO_LONG")

            let now = world.clock.now()
            #expect(try await world.store.retryParkedMirror(integration: World.name, code: "OTHER", now: now) == 0)
            #expect(try await world.store.retryParkedMirror(integration: World.name, code: nil, now: now) == 1)
            #expect(try await self.depth(in: world).waiting == 1)
        }
    }

    @Test("where the object is missing all wait, no attempt is counted, and they are copied once it is there")
    func missingObject() async throws {
        try await withMirror(settings: { $0.activities.mirrorObject = "Elsewhere__c" }) { world, mirror in
            try await world.create(["7"])
            try await record(["a"], in: world)
            await work(mirror, for: .seconds(86_400), in: world)
            let depth = try await depth(in: world)
            #expect(depth.waiting == 1 && depth.parked == 0 && depth.error?.errorClass == .schema)

            var settings = try #require(try await world.store.integration(World.name)).settings
            settings.activities.mirrorObject = Self.object
            _ = try await world.store.apply(settings, now: world.clock.now())
            await work(mirror, for: .seconds(86_400), in: world)
            #expect(await copies(in: world).count == 1)
        }
    }

    @Test("GEN-4 while the integration is paused nothing is copied")
    func paused() async throws {
        try await withMirror { world, mirror in
            try await world.create(["7"])
            try await record(["a"], in: world)
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            #expect(await world.calls { await work(mirror, for: .seconds(3600), in: world) } == 0)
            try await world.store.setState(World.name, .active, now: world.clock.now())
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).count == 1)
        }
    }

    @Test("what is forgotten before it could be copied is not copied, and hinders nothing")
    func forgotten() async throws {
        try await withMirror { world, mirror in
            try await record(["a"], in: world)
            await world.clock.advance(by: .seconds(86_400 * 401))
            let pruner = ActivityPruner(
                integration: World.name, store: world.store, clock: world.clock, logger: World.logger)
            _ = await pruner.turn()
            try await world.create(["7"])
            await work(mirror, for: .seconds(3600), in: world)
            #expect(await copies(in: world).isEmpty)
        }
    }
}
