import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Within the CRM's daily calls")
struct DailyBudgetTests {
    @Test("IN-9 from its share on inbound waits with the reason, queued and not lost, and goes on once calls are free")
    func inbound() async throws {
        try await withWorld { world in
            try await world.take(world.creation("1"))
            await world.clock.advance(by: .seconds(600))
            let now = world.clock.now()
            try await world.store.recordUsage(integration: World.name, used: 96, limit: 100, at: now)
            #expect(await world.calls { _ = await world.drain.turn() } == 0)
            let hold = try #require(try await world.store.hold(of: World.name, direction: .inbound))
            #expect(hold.reason.code == "api-budget" && hold.until == now.advanced(by: .seconds(900)))
            #expect(try await world.depth().waiting == 1)

            await world.clock.advance(by: .seconds(900))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 1)
            #expect(try await world.store.hold(of: World.name, direction: .inbound) == nil)
        }
    }

    @Test("IN-9 outbound waits before inbound does, polls and deliveries alike")
    func outboundFirst() async throws {
        try await withOutboundWorld { world in
            try await world.sync()
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1")))
            try await world.tell([id])
            try await world.world.take(world.world.creation("2"))
            await world.clock.advance(by: .seconds(600))
            let now = world.clock.now()
            try await world.store.recordUsage(integration: World.name, used: 85, limit: 100, at: now)
            _ = try await world.store.makeDue(World.name, now: now)
            let runs = try await world.store.scheduleState(of: World.name)?.runs
            let calls = await world.world.calls {
                _ = await world.poller.turn()
                _ = await world.drain.turn()
            }
            #expect(calls == 0)
            #expect(try await world.store.scheduleState(of: World.name)?.runs == runs)
            #expect(try await world.store.hold(of: World.name, direction: .outbound)?.reason.code == "api-budget")

            await world.world.drainAll()
            #expect(try await world.world.link("2")?.state == .linked)
        }
    }
}
