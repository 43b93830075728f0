import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Outbound: when something fails")
struct OutboundFailureTests {
    static let outages: [Fault] = [.unavailable, .internalError, .hangUpBefore, .slow(.seconds(600))]

    @Test("IN-10 while marketing is away outbound waits with the reason, without a failed attempt", arguments: outages, [5, 30])
    func marketingAway(outage: Fault, people: Int) async throws {
        try await withOutboundWorld { world in
            let ids = await world.salesforce.load("Contact", rows: (1...people).map { World.crmPerson("\($0)") })
            // The fields were described before.
            try await world.sync()
            for id in ids { await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0123"]) }
            #expect(try await world.poll())
            try await world.ingest()
            await world.marketing.play(.every(outage))
            let before = await world.marketing.counters().faults.values.reduce(0, +)
            for _ in 0..<20 where await world.drain.turn() != .now { break }
            #expect(await world.marketing.counters().faults.values.reduce(0, +) - before <= 2)
            let hold = try #require(try await world.store.hold(of: World.name, direction: .outbound))
            #expect(hold.isActive(at: world.clock.now()) && hold.until != nil)
            for _ in 0..<40 {
                await world.clock.advance(by: .seconds(3600))
                _ = await world.drain.turn()
            }
            #expect(try await world.outboundDepth().waiting == people)
            let attempts = try await world.world.outboundRows().map(\.attempts)
            #expect(attempts.allSatisfy { $0 == 0 })

            await world.marketing.play(.none)
            await world.clock.advance(by: .seconds(3600))
            try await world.deliver()
            #expect(await world.marketing.people().values.allSatisfy { $0.phone == "+1 555 0123" })
            #expect(await world.marketing.count() == people)
        }
    }

    @Test("IN-10 people whose writes always fail park alone, however many; the others are written at once")
    func poison() async throws {
        try await withOutboundWorld { world in
            let ids = await world.salesforce.load("Contact", rows: (1...6).map { World.crmPerson("\($0)") })
            try await world.sync()
            let poisoned = [await world.personID("1"), await world.personID("2")].compactMap(\.self)
            await world.marketing.play(
                FaultPlan(rules: poisoned.map { .init(.internalError, method: "PUT", path: "*/contacts/\($0)") }))
            for id in ids { await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0123"]) }
            #expect(try await world.poll())
            try await world.ingest()
            #expect(await world.drain.turn() == .now)
            for number in 3...6 { #expect(await world.person("\(number)")?.phone == "+1 555 0123") }
            #expect(try await world.store.hold(of: World.name, direction: .outbound) == nil)

            for _ in 0..<40 {
                await world.clock.advance(by: .seconds(3600))
                for _ in 0..<5 where await world.drain.turn() != .now { break }
            }
            let parked = try await world.store.parked(integration: World.name, direction: .outbound, limit: 10)
            #expect(parked.map(\.error.code) == ["500", "500"])
            #expect(try await world.outboundDepth().waiting == 0)

            await world.marketing.play(.none)
            _ = try await world.store.retryParked(integration: World.name, code: nil, now: world.clock.now())
            try await world.deliver()
            #expect(await world.marketing.people().values.allSatisfy { $0.phone == "+1 555 0123" })
        }
    }

    @Test("OUT-9 a pause that marketing asks for holds outbound until it is over", arguments: [3, 30])
    func throttled(people: Int) async throws {
        try await withOutboundWorld { world in
            try await world.queue(people)
            await world.marketing.play(
                FaultPlan(rules: [
                    .init(.throttled, path: "*/contact/sync", limit: 1), .init(.throttled, path: "*/bulk_import", limit: 1),
                ]))
            #expect(await world.drain.turn() != .now)
            let hold = try #require(try await world.store.hold(of: World.name, direction: .outbound))
            #expect(hold.reason.code == "429" && hold.until == world.clock.now().advanced(by: .seconds(30)))
            let calls = await world.marketing.counters().total
            #expect(await world.drain.turn() != .now)
            #expect(await world.marketing.counters().total == calls)
            #expect(try await world.outboundDepth().ready == people)

            await world.clock.advance(by: .seconds(30))
            try await world.deliver()
            #expect(await world.marketing.count() == people)
            #expect(try await world.store.hold(of: World.name, direction: .outbound) == nil)
        }
    }

    @Test("CON-1 a key that marketing refuses holds outbound until the manager acts; nothing is lost", arguments: [3, 30])
    func badKey(people: Int) async throws {
        try await withOutboundWorld { world in
            // The fields are described already: only the writes are refused.
            await world.salesforce.insert("Contact", World.crmPerson("0"))
            try await world.sync()
            try await world.queue(people)
            await world.marketing.play(.every(.unauthorized))
            #expect(await world.drain.turn() != .now)
            let hold = try #require(try await world.store.hold(of: World.name, direction: .outbound))
            #expect(hold.until == nil && hold.reason.errorClass == .auth)
            let asked = await world.marketing.counters().faults
            await world.clock.advance(by: .seconds(86_400))
            #expect(await world.drain.turn() != .now)
            #expect(await world.marketing.counters().faults == asked)
            #expect(try await world.outboundDepth().waiting == people)

            await world.marketing.play(.none)
            try await world.store.releaseHold(integration: World.name, direction: .outbound)
            try await world.deliver()
            #expect(await world.marketing.count() == people + 1)
        }
    }

    @Test("OUT-6 what the CRM could not be told it is told later, and marketing is written once", arguments: [1, 30])
    func writeBackLater(people: Int) async throws {
        try await withOutboundWorld { world in
            await world.salesforce.insert("Contact", World.crmPerson("0"))
            try await world.sync()
            try await world.queue(people)
            // Whatever writes; reads go on.
            await world.wire.after(.read) {
                await world.salesforce.play(FaultPlan(rules: [.init(.unavailable, path: "*/composite", limit: 3)]))
            }
            try await world.deliver()
            #expect(await world.salesforce.counters().faults["unavailable"] == 3)
            #expect(await world.marketing.count() == people + 1)
            let calls = await world.marketing.counters().calls
            #expect(calls["POST /contact/sync", default: 0] + calls["PUT /contacts/{id}", default: 0] == (people == 1 ? 2 : 1))
            let records = await world.salesforce.records("Contact")
            #expect(records.allSatisfy { $0[World.waitingField] == "Synced successfully" && $0["Tandem_Id__c"] != nil })
        }
    }

    @Test("OUT-6 a record that may not be written is done, and its history says why it shows nothing", arguments: [0, 30])
    func writeBackRefused(others: Int) async throws {
        try await withOutboundWorld { world in
            try await world.queue(others)
            // The org's own automation may do what its validation rule refuses everybody else from then on.
            await world.salesforce.automate { _ in ["AnnualIncome__c": 20_000_000] }
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("77")))
            await world.salesforce.automate(nil)
            try await world.tell([id])
            try await world.deliver()
            #expect(await world.marketing.count() == others + 1)
            #expect(try await world.outboundHistory("77").sorted() == ["marketing-created", "write-back-refused"])
            #expect(try await world.linkOf(id)?.state == .linked)
            #expect(try await world.outboundDepth() == QueueDepth())
            let records = await world.salesforce.records("Contact").filter { $0["Id"]?.text != id }
            #expect(records.allSatisfy { $0[World.waitingField] == "Synced successfully" })
        }
    }

    @Test("IN-10 ids that are none and objects that do not sync hold up nothing")
    func strangers() async throws {
        try await withOutboundWorld { world in
            await world.salesforce.insert("Contact", World.crmPerson("0"))
            try await world.sync()
            try await world.queue(2)
            let strange = ["0", "a'b", "\u{0}", String(repeating: "x", count: 5000), "003000000000000"]
            for object in CRMObject.allCases { try await world.tell(strange, object) }
            try await world.deliver()
            #expect(await world.marketing.count() == 3)
            #expect(try await world.outboundDepth() == QueueDepth())
        }
    }
}

extension OutboundWorld {
    func outboundDepth() async throws -> QueueDepth {
        try await store.depth(integration: World.name, direction: .outbound, now: clock.now())
    }

    /// New contacts, numbered from 1, whose changes wait in the queue; their ids.
    @discardableResult
    func queue(_ people: Int) async throws -> [String] {
        guard people > 0 else { return [] }
        let ids = await salesforce.load("Contact", rows: (1...people).map { World.crmPerson("\($0)") })
        try await tell(ids)
        return ids
    }

    /// Takes in that these records changed.
    func tell(_ ids: [String], _ object: CRMObject = .contact) async throws {
        let changes = ids.map { world.crmChange(object, $0) }
        _ = try await world.outboundIngest.ingest(await world.crmRecords(changes))
    }
}
