import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Tags of people sent to the CRM")
struct TagDrainTests {
    @Test("IN-4 every person gets the tag of what was asked for, whoever asked first", arguments: CRMObject.people)
    func everyone(object: CRMObject) async throws {
        try await withWorld { world in
            await world.addPeople(120)
            try await world.take((1...120).map { world.creation("\($0)", as: object) })
            while await world.tags.turn() == .now {}
            let people = await world.marketing.people()
            #expect(people.count == 120)
            #expect(people.values.allSatisfy { $0.tags == ["added-to-salesforce-\(object.rawValue)"] })
            #expect(try await world.tagDepth() == QueueDepth())
        }
    }

    @Test("IN-10 a tag that cannot be given to one person is parked, the others get theirs")
    func onePersonGone() async throws {
        try await withWorld { world in
            await world.addPeople(3)
            await world.marketing.deleteContact("2")
            try await world.take((1...3).map { world.creation("\($0)") })
            while await world.tags.turn() == .now {}
            #expect(try await world.tagDepth() == QueueDepth(parked: 1))
            #expect(await world.marketing.person(id: "3")?.tags == ["added-to-salesforce-contact"])
        }
    }

    @Test("OUT-9 when marketing asks for a pause no more tags are tried until it is over")
    func throttled() async throws {
        try await withWorld { world in
            await world.addPeople(3)
            await world.marketing.play(FaultPlan(rules: [.init(.throttled, limit: 1)]))
            try await world.take((1...3).map { world.creation("\($0)") })
            #expect(await world.tags.turn() == .at(world.clock.now().advanced(by: .seconds(30))))
            #expect(await world.marketing.counters().total == 0)
            await world.clock.advance(by: .seconds(30))
            while await world.tags.turn() == .now {}
            #expect(try await world.tagDepth() == QueueDepth())
        }
    }

    @Test("CON-1 a key that is refused is not tried with every person", arguments: [Fault.unauthorized])
    func refused(fault: Fault) async throws {
        try await withWorld { world in
            await world.addPeople(3)
            await world.marketing.play(.every(fault))
            try await world.take((1...3).map { world.creation("\($0)") })
            #expect(await world.tags.turn() == .at(world.clock.now().advanced(by: .seconds(60))))
            // Once, and once more because the API is known to refuse good keys now and then.
            #expect(await world.marketing.counters().faults == ["unauthorized": 2])
            #expect(try await world.tagDepth().waiting == 3)
        }
    }

    @Test("GEN-6 two workers that give tags at the same time, or one that lost its lease, do no harm")
    func fenced() async throws {
        try await withWorld { world in
            await world.addPeople(1)
            try await world.take(world.creation("1"))
            await world.takeOver("tags")
            #expect(await world.tags.turn() != .now)
            #expect(await world.marketing.counters().total == 0)
            // The other one asked for the lease, and is given the time to come back for it.
            await world.clock.advance(by: .seconds(6))
            while await world.tagDrain(holder: "second").turn() == .now {}
            #expect(await world.marketing.person(id: "1")?.tags == ["added-to-salesforce-contact"])
            #expect(try await world.tagDepth() == QueueDepth())
        }
    }
}

extension World {
    /// People in marketing with the ids from 1.
    func addPeople(_ count: Int) async {
        await marketing.importContacts((1...count).map { ActiveCampaignSandbox.Person(email: "person\($0)@example.com") })
    }

    func tagDepth() async throws -> QueueDepth {
        try await store.tagDepth(integration: World.name, now: clock.now())
    }
}
