import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing
import Vendors

@testable import Runtime
@testable import Workers

@Suite("Outbound: turns, pauses and the end")
struct OutboundTurnTests {
    @Test("IN-6 the directions of an integration never work at the same time, and take turns while both have work")
    func turns() async throws {
        try await withOutboundWorld { world in
            let inbound = world.world.drain
            // The first turn of all is outbound's.
            try await world.queue(5)
            for round in 1...3 {
                try await world.world.take((1...300).map { world.world.creation("\(1000 * round + $0)") })
                let created = await world.salesforce.counters().rowsCreated
                await world.wire.after(.marketing("/contact/sync")) {
                    #expect(await inbound.turn() != .now)
                    #expect(await world.salesforce.counters().rowsCreated == created)
                }
                #expect(await world.drain.turn() == .now)
                let written = await world.marketing.counters().rowsWritten

                // Inbound has asked meanwhile, so it is its turn.
                await world.salesforce.insert("Contact", World.crmPerson("next\(round)"))
                try await world.tell([try #require(await world.contact("next\(round)"))])
                #expect(await world.drain.turn() != .now)
                await world.wire.after(.write) {
                    #expect(await world.drain.turn() != .now)
                    #expect(await world.marketing.counters().rowsWritten == written)
                }
                #expect(await inbound.turn() == .now)
                #expect(await world.salesforce.counters().rowsCreated > created + 1)
                // And now it is outbound's.
                #expect(await inbound.turn() != .now)
            }
            #expect(await world.drain.turn() == .now)
            #expect(await world.marketing.count() == 8)
        }
    }

    @Test("OUT-9 a long delivery ends its turn after ten seconds, and the rest goes on in the next")
    func longDelivery() async throws {
        try await withOutboundWorld { world in
            try await world.queue(15)
            let drain = world.world.outboundDrain(over: PassingTime(world.wire, clock: world.clock, each: .seconds(2)))
            #expect(await drain.turn() == .now)
            let delivered = await world.marketing.count()
            #expect((1..<15).contains(delivered))
            for _ in 0..<10 where await drain.turn() != .now { break }
            #expect(await world.marketing.count() == 15)
        }
    }

    @Test("GEN-4 a pause stops polls, deliveries, imports and tags where they are; after it all goes on", arguments: [5, 30])
    func pause(people: Int) async throws {
        try await withOutboundWorld { world in
            try await world.queue(people)
            // Some of everything is under way: an import or tags, a poll, and rows.
            #expect(await world.drain.turn() == .now)
            await world.marketing.processImports()
            let more = await world.salesforce.load("Contact", rows: (101...103).map { World.crmPerson("\($0)") })
            try await world.tell([more[0]])
            let calls = await world.calls()
            let depth = try await world.outboundDepth()
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            await world.workForADay()
            #expect(await world.calls() == calls)
            #expect(try await world.outboundDepth() == depth)
            #expect(try await world.store.scheduleState(of: World.name) == nil)

            try await world.store.setState(World.name, .active, now: world.clock.now())
            try await world.sync()
            try await world.sync()
            let persons = await world.marketing.people()
            #expect(persons.count == people + 3)
            #expect(persons.values.allSatisfy { $0.tags == ["created-from-salesforce-contact"] })
            let records = await world.salesforce.records("Contact")
            #expect(records.allSatisfy { $0[World.waitingField] == "Synced successfully" })
        }
    }

    @Test("GEN-4 what is told while an integration is paused is delivered after it")
    func toldWhilePaused() async throws {
        try await withOutboundWorld { world in
            try await world.store.setState(World.name, .paused, now: world.clock.now())
            try await world.queue(3)
            await world.workForADay()
            #expect(await world.marketing.count() == 0)
            try await world.store.setState(World.name, .active, now: world.clock.now())
            try await world.deliver()
            #expect(await world.marketing.count() == 3)
        }
    }

    @Test("GEN-4 after a disconnect neither side hears of Tandem again, and nothing is deleted", arguments: [5, 30])
    func disconnect(people: Int) async throws {
        try await withOutboundWorld { world in
            try await world.sync()
            try await world.queue(people)
            #expect(await world.drain.turn() == .now)
            let calls = await world.calls()
            let (persons, records) = (await world.marketing.people(), await world.salesforce.records("Contact"))
            try await world.store.setState(World.name, .disconnected, now: world.clock.now())
            try await world.tell(records.compactMap { $0["Id"]?.text })
            await world.workForADay()
            #expect(await world.calls() == calls)
            #expect(await world.marketing.people() == persons)
            #expect(await world.salesforce.records("Contact") == records)
        }
    }

    @Test("GEN-4 an integration disconnected in the middle of a delivery writes nothing more to marketing")
    func disconnectMeanwhile() async throws {
        try await withOutboundWorld { world in
            try await world.queue(15)
            await world.wire.after(.marketing("/contact/sync")) {
                try? await world.store.setState(World.name, .disconnected, now: world.clock.now())
            }
            _ = await world.drain.turn()
            #expect(await world.marketing.count() == 1)
            await world.workForADay()
            #expect(await world.marketing.people().values.allSatisfy(\.tags.isEmpty))
        }
    }
}

extension OutboundWorld {
    /// The requests of all kinds that both vendors had.
    fileprivate func calls() async -> Int {
        await salesforce.counters().total + marketing.counters().total
    }

    /// All workers at work, now and then for a day.
    fileprivate func workForADay() async {
        for _ in 0..<24 {
            await clock.advance(by: .seconds(3600))
            _ = await poller.turn()
            _ = await drain.turn()
            _ = await world.tags.turn()
        }
    }
}

extension World {
    nonisolated func outboundDrain(holder: String = "first", over transport: any HTTPTransport) -> OutboundDrain {
        OutboundDrain(
            integration: Self.name, holder: holder, store: store,
            connections: VendorConnections(store: store, transport: transport, clock: clock, logger: Self.logger), clock: clock,
            settings: DrainSettings(), logger: Self.logger, jitter: { 1 })
    }
}

/// A network on which time passes with every call to marketing.
private struct PassingTime: HTTPTransport {
    private let wire: Wire
    private let clock: VirtualClock
    private let time: Duration

    init(_ wire: Wire, clock: VirtualClock, each time: Duration) {
        self.wire = wire
        self.clock = clock
        self.time = time
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let response = try await wire.send(request)
        if request.url.hasPrefix(World.marketingURL) { await clock.advance(by: time) }
        return response
    }
}
