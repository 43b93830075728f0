import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Full runs: what incremental ones cannot find")
struct RunDriftTests {
    @Test("RUN-4 a record deleted in the CRM, though no poll can tell any more, ends its link")
    func purged() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            await world.salesforce.purge("Contact", id: ids[0])
            let run = try await world.run(.full)
            #expect(run.gone == 1)
            #expect(try await world.linkOf(ids[0])?.endedBy == .crmDeleted)
            #expect(try await world.linkOf(ids[1])?.state == .linked)
            #expect(await world.personID("1") != nil)
        }
    }

    @Test("RUN-4 a person deleted in marketing, which tells nobody, ends their link")
    func personGone() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            await world.marketing.deleteContact(try #require(await world.personID("3")))
            let run = try await world.run(.full)
            #expect(run.gone == 1)
            #expect(try await world.linkOf(ids[2])?.endedBy == .marketingDeleted)
            #expect(await world.salesforce.record("Contact", id: ids[2]) != nil)
        }
    }

    @Test("OUT-8 a run that finds too many gone ends no link before somebody approves it")
    func brake() async throws {
        try await withOutboundWorld(configure: { ($0.runs.deletionFloor, $0.runs.deletionShare) = (1, 10) }) { world in
            let ids = try await world.inStep(1...6)
            for id in ids.prefix(3) { await world.salesforce.purge("Contact", id: id) }
            let held = try await world.run(.full)
            #expect(held.state == .held)
            #expect(held.gone == 3)
            #expect(held.reason?.code == "mass-deletion")
            for id in ids { #expect(try await world.linkOf(id)?.state == .linked) }
            await world.runner().turn()
            #expect(try await world.store.run(held.id)?.state == .held)

            _ = try await world.desk.steer(.approve, of: World.name, now: world.clock.now())
            #expect(try await world.finish(held.id).state == .finished)
            for id in ids.prefix(3) { #expect(try await world.linkOf(id)?.endedBy == .crmDeleted) }
            for id in ids.dropFirst(3) { #expect(try await world.linkOf(id)?.state == .linked) }
        }
    }

    @Test("RUN-4 a change in marketing of which nobody told is reported, and repaired by the merge rules on demand")
    func driftInMarketing() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            let id = try #require(await world.personID("2"))
            await world.marketing.editContact(id) { $0.phone = "+44 20 7946 0018" }
            let run = try await world.run(.full)
            #expect(run.state == .finished)
            let drifts = try await world.store.drifts(integration: World.name, limit: 10).map(\.drift)
            #expect(drifts.map(\.field) == ["Phone"])
            #expect(drifts.first?.side == .marketing)
            #expect(drifts.first?.agreed == .text("+1 555 0100"))
            #expect(drifts.first?.found == .text("+44 20 7946 0018"))
            #expect(await world.salesforce.record("Contact", id: ids[1])?["Phone"]?.text == "+1 555 0100")

            #expect(try await world.repairDrift() == 1)
            #expect(await world.salesforce.record("Contact", id: ids[1])?["Phone"]?.text == "+44 20 7946 0018")
            #expect(try await world.store.driftCount(integration: World.name) == 0)
            #expect(try await world.run(.full).state == .finished)
            #expect(try await world.store.driftCount(integration: World.name) == 0)
        }
    }

    @Test("RUN-4 a value that changed in the CRM without its stamp, as a formula does, is drift")
    func driftInCRM() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            await world.salesforce.setSilently("Contact", id: ids[0], ["Phone": "+1 555 0111"])
            let run = try await world.run(.full)
            #expect(run.counts.written == 0)
            let drifts = try await world.store.drifts(integration: World.name, limit: 10).map(\.drift)
            #expect(drifts.map(\.side) == [.crm])
            #expect(await world.person("1")?.phone == "+1 555 0100")
            #expect(try await world.repairDrift() == 1)
            #expect(await world.person("1")?.phone == "+1 555 0111")
        }
    }

    @Test("RUN-4 a run that waits before it confirms drift still tells how many are gone")
    func goneAndDrift() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            await world.salesforce.purge("Contact", id: ids[0])
            await world.salesforce.setSilently("Contact", id: ids[1], ["Phone": "+1 555 0111"])
            let run = try await world.run(.full)
            #expect(run.state == .finished && run.gone == 1)
            #expect(try await world.store.driftCount(integration: World.name) == 1)
        }
    }

    @Test("GEN-2 somebody whose email address is gone does not sync, and is no drift that a repair could end")
    func noEmail() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            await world.marketing.editSilently(try #require(await world.personID("1"))) {
                ($0.email, $0.phone) = ("", "+1 555 0122")
            }
            await world.salesforce.setSilently("Contact", id: ids[1], ["Email": "", "Phone": "+1 555 0133"])
            let run = try await world.run(.full)
            #expect(run.state == .finished && run.gone == 0)
            #expect(try await world.store.driftCount(integration: World.name) == 0)
            for id in ids { #expect(try await world.linkOf(id)?.state == .linked) }
        }
    }

    @Test("RUN-4 what differs is drift once all that was told before has had the time to arrive", arguments: [20, 180])
    func settling(seconds: Int) async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...2)
            await world.salesforce.setSilently("Contact", id: ids[0], ["Phone": "+1 555 0111"])
            let run = try await world.run(.full, settings: DrainSettings(driftSettling: .seconds(seconds)))
            // The test's clock goes on by ten seconds a turn.
            let time = run.workingTime(now: world.clock.now())
            #expect(time >= .seconds(seconds) && time <= .seconds(seconds + 30))
            #expect(try await world.store.driftCount(integration: World.name) == 1)
        }
    }

    @Test("RUN-4 a field that flows one way only is repaired to what its source has")
    func oneWay() async throws {
        try await withOutboundWorld(
            configure: { settings in
                settings.mappings.contact = settings.mappings.contact.map { mapping in
                    var mapping = mapping
                    if mapping.crm == "Phone" { mapping.direction = .outbound }
                    return mapping
                }
            }
        ) { world in
            let ids = try await world.inStep(1...2)
            await world.marketing.editContact(try #require(await world.personID("1"))) { $0.phone = "+44 20 7946 0018" }
            try await world.run(.full)
            #expect(try await world.repairDrift() == 1)
            #expect(await world.person("1")?.phone == "+1 555 0100")
            #expect(await world.salesforce.record("Contact", id: ids[0])?["Phone"]?.text == "+1 555 0100")
        }
    }

    @Test("RUN-4 what a webhook or a poll is about to tell is no drift")
    func newsIsNoDrift() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...2)
            let id = try #require(await world.personID("1"))
            await world.marketing.editContact(id) { $0.phone = "+44 20 7946 0018" }
            await world.salesforce.edit("Contact", id: ids[1], ["Phone": "+1 555 0122"])
            let run = try await world.desk.begin(.full, of: World.name, requestID: "r", now: world.clock.now())
            let runner = world.runner()
            for _ in 0..<20 { await runner.turn() }
            try await world.hear(id)
            try await world.finish(run.id)
            #expect(try await world.store.driftCount(integration: World.name) == 0)
            #expect(await world.salesforce.record("Contact", id: ids[0])?["Phone"]?.text == "+44 20 7946 0018")
            #expect(await world.person("2")?.phone == "+1 555 0122")
        }
    }
}

extension OutboundWorld {
    /// Repairs what was reported, and lets it be delivered; how many fields that were.
    fileprivate func repairDrift() async throws -> Int {
        let integration = try #require(try await store.integration(World.name))
        let desk = DriftDesk(integration: integration, store: store, connections: world.connections, clock: clock)
        let repaired = try #require(try await desk.repair(holder: "tests", patience: .seconds(1)))
        await world.flush()
        try await deliver()
        return repaired
    }
}
