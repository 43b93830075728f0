import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Inbound: calls and limits")
struct InboundCostTests {
    @Test("IN-9 a window of 100 creates and updates of contacts and leads costs two calls")
    func window() async throws {
        try await withWorld { world in
            try await world.create((1...25).map(String.init))
            try await world.create((26...50).map(String.init), as: .lead)
            try await world.take((1...50).map { world.change("\($0)", ["phone": "new"]) })
            try await world.take((51...75).map { world.creation("\($0)") })
            try await world.take((76...100).map { world.creation("\($0)", as: .lead) })
            let calls = await world.calls { await world.drainAll() }
            #expect(calls == 2)
            #expect(try await world.depth() == QueueDepth())
            #expect(await world.salesforce.count("Contact") == 50)
            #expect(await world.salesforce.count("Lead") == 50)
            #expect(try await world.crmRecord("1")["Phone"] == "new")
            #expect(try await world.crmRecord("50", .lead)["Phone"] == "new")
        }
    }

    @Test("IN-9 10,000 waiting changes cost at most 60 calls, conflict reads included")
    func backlog() async throws {
        try await withWorld { world in
            func object(_ number: Int) -> CRMObject { number.isMultiple(of: 2) ? .contact : .lead }
            try await world.take((1...5000).map { world.creation("\($0)", as: object($0)) })
            await world.drainAll()
            // Of the same second they would have to be read back: nobody knows which was first.
            await world.clock.advance(by: .seconds(1))
            try await world.take((1...5000).map { world.change("\($0)", ["phone": "new"]) })
            try await world.take((5001...10_000).map { world.creation("\($0)", as: object($0)) })
            let calls = await world.calls { await world.drainAll() }
            #expect(calls <= 60)
            #expect(try await world.depth() == QueueDepth())
            #expect(await world.salesforce.count("Contact") == 5000)
            #expect(await world.salesforce.count("Lead") == 5000)
            let counts = try await world.store.outcomeCounts(integration: World.name)
            #expect(counts == ["created": 10_000, "updated": 5000])
        }
    }

    @Test("IN-9 once the day's calls are used up everything waits, nothing is lost, and goes on later", arguments: [1, 2])
    func quota(call: Int) async throws {
        try await withWorld { world in
            try await world.create(["0"])
            await world.salesforce.play(.composite(.quotaExceeded, calls: [call]))
            try await world.take((1...10).map { world.creation("\($0)") })
            await world.flush()
            let hold = try #require(try await world.store.hold(of: World.name, direction: .inbound))
            #expect(hold.reason.code == "REQUEST_LIMIT_EXCEEDED")
            let until = try #require(hold.until)
            #expect(until == world.clock.now().advanced(by: .seconds(900)))
            #expect(try await world.depth().waiting == 10)

            await world.clock.advance(by: .seconds(899))
            #expect(await world.calls { await world.drainAll() } == 0)
            await world.clock.advance(by: .seconds(1))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 11)
            #expect(try await world.depth() == QueueDepth())
            #expect(try await world.store.hold(of: World.name, direction: .inbound) == nil)
        }
    }

    @Test("IN-9 too many calls at once is no quota: the same is tried again soon", arguments: [1, 2])
    func concurrentLimit(call: Int) async throws {
        try await withWorld { world in
            try await world.create(["0"])
            await world.salesforce.play(.composite(.throttled, calls: [call]))
            try await world.take((1...10).map { world.creation("\($0)") })
            await world.flush()
            let hold = try await world.store.hold(of: World.name, direction: .inbound)
            #expect(hold.map { $0.until != nil && !$0.isActive(at: world.clock.now().advanced(by: .seconds(30))) } != false)
            #expect(await world.salesforce.count("Contact") == 1)
            await world.clock.advance(by: .seconds(30))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 11)
        }
    }

    @Test("IN-9 the calls used are kept as Salesforce itself counts them")
    func usage() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            let usage = try #require(try await world.store.usage(of: World.name))
            #expect(usage.used == (await world.salesforce.counters()).apiCalls)
            #expect(usage.limit == 100_000)
        }
    }
}
