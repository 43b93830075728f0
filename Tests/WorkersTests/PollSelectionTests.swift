import Connectors
import Contracts
import EventLog
import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Workers

@Suite("Polls: what they publish")
struct PollSelectionTests {
    @Test("OUT-2 a linked record's changes are published whatever the selection, another one's are not")
    func linkedFlows() async throws {
        try await withWorld { world in
            let contacts = await world.addRecords(2)
            let leads = await world.addRecords(2, .lead, prefix: "l")
            try await world.link(contacts[0], to: "501")
            try await world.link(leads[0], .lead, to: "502")
            try await world.setOutbound()
            let poller = world.poller()
            #expect(try await world.poll(poller) == [])
            for id in contacts { await world.salesforce.edit("Contact", id: id, ["Phone": "1"]) }
            for id in leads { await world.salesforce.edit("Lead", id: id, ["Phone": "1"]) }
            let published = try await world.pollLater(poller)
            #expect(Set(published.map(\.key.recordID)) == [contacts[0], leads[0]])
            #expect(Set(published.map(\.key.object)) == ["contact", "lead"])
        }
    }

    @Test("OUT-7 an event carries the mapped values as the CRM has them, and nothing else")
    func values() async throws {
        try await withWorld { world in
            let id = try #require(
                await world.salesforce.insert(
                    "Contact",
                    [
                        "LastName": "Hopper", "Email": "grace@example.org", "AnnualIncome__c": 1234.5,
                        "BirthDate__c": "1906-12-09",
                        "Title": "Admiral",
                    ]))
            try await world.setOutbound([.contact: .criteria(.rule(FieldRule(field: "Title", .isNotBlank)))])
            await world.clock.advance(by: .seconds(3600))
            let change = try #require(try await world.poll(world.poller()).first)
            #expect(change.key == RecordKey(integration: World.name, object: "contact", recordID: id))
            #expect(change.occurredAt == Timestamp(seconds: 1_800_000_000))
            #expect(
                change.fields == [
                    "LastName": "Hopper", "FirstName": nil, "Email": "grace@example.org", "Phone": nil, "AnnualIncome__c": 1234.5,
                    "BirthDate__c": "1906-12-09", "Occupation__c": nil, "Title": "Admiral",
                ])
        }
    }

    @Test("OUT-1 all created from now on: those made after the selection was set, also before the first poll")
    func newFromNowOn() async throws {
        try await withWorld { world in
            let old = await world.addRecords(2, prefix: "old")
            await world.clock.advance(by: .seconds(60))
            try await world.setOutbound([.contact: .newFromNowOn])
            await world.clock.advance(by: .seconds(60))
            let new = await world.addRecords(2, prefix: "new")
            await world.clock.advance(by: .seconds(3600))
            let poller = world.poller()
            #expect(Set(try await world.poll(poller).map(\.key.recordID)) == Set(new))
            await world.salesforce.edit("Contact", id: old[0], ["Phone": "1"])
            await world.salesforce.edit("Contact", id: new[0], ["Phone": "1"])
            let newer = await world.addRecords(1, .lead) + world.addRecords(1, prefix: "newer")
            #expect(Set(try await world.pollLater(poller).map(\.key.recordID)) == [new[0], newer[1]])
        }
    }

    @Test("OUT-1 a selection that is set counts from then on, though the next poll is hours away")
    func changedSelection() async throws {
        try await withWorld { world in
            try await world.setOutbound(schedule: .every(hours: 12))
            let poller = world.poller()
            _ = try await world.poll(poller)
            try await world.setOutbound(schedule: .every(hours: 12), [.contact: .newFromNowOn])
            let set = world.clock.now()
            await world.clock.advance(by: .seconds(1))
            _ = await poller.turn()
            let new = await world.addRecords(1)
            await world.clock.advance(by: .seconds(3600))
            // Other settings do not change since when the selection stands.
            try await world.setOutbound(schedule: .every(hours: 12), [.contact: .newFromNowOn], opportunities: true)
            _ = await poller.turn()
            #expect(try await world.schedule()?.runs == 1)
            #expect(try await world.objectPoll(.contact)?.since == set)
            // The first pass shows it, and what changed since the last poll does so too.
            #expect(try await world.pollLater(poller).map(\.key.recordID) == new + new)
        }
    }

    @Test("OUT-1 a changed selection takes a first pass over records that have not changed, and loses no change meanwhile")
    func firstPassAgain() async throws {
        try await withWorld { world in
            let contacts = await world.addRecords(3)
            try await world.link(contacts[2], to: "501")
            await world.clock.advance(by: .seconds(3600))
            try await world.setOutbound()
            let poller = world.poller()
            _ = try await world.poll(poller)
            await world.clock.advance(by: .seconds(1800))
            // A first pass does not show it any more: only a look back to the last watermark does.
            await world.salesforce.delete("Contact", id: contacts[2])
            await world.clock.advance(by: .seconds(1200))
            let rule = FieldRule(field: "Email", .equals, ["c1@example.org"])
            try await world.setOutbound([.contact: .criteria(.rule(rule))])
            let published = try await world.pollLater(poller)
            let kinds = Dictionary(uniqueKeysWithValues: published.map { ($0.key.recordID, $0.kind) })
            #expect(kinds == [contacts[0]: .upserted, contacts[2]: .deleted])
        }
    }

    @Test("OUT-1 a record marked as waiting is published when marked records are selected")
    func marked() async throws {
        try await withWorld { world in
            let ids = await world.addRecords(2)
            for id in ids { await world.salesforce.edit("Contact", id: id, [World.waitingField: nil], asUser: false) }
            await world.clock.advance(by: .seconds(3600))
            try await world.setOutbound([.contact: .marked])
            let poller = world.poller()
            #expect(try await world.poll(poller) == [])
            await world.salesforce.edit("Contact", id: ids[1], ["Phone": "1"])
            #expect(try await world.pollLater(poller).map(\.key.recordID) == [ids[1]])
        }
    }

    @Test("GEN-5 what Tandem wrote itself is not published, and counted; somebody's edit of it is")
    func ownWrites() async throws {
        try await withWorld { world in
            let ids = await world.addRecords(3)
            for (number, id) in ids.enumerated() { try await world.link(id, to: "\(500 + number)") }
            try await world.setOutbound([.contact: .criteria(.all([]))])
            let poller = world.poller()
            await world.clock.advance(by: .seconds(3600))
            #expect(try await world.poll(poller) == [])
            #expect(try await world.store.outcomeCounts(integration: World.name)["echo-suppressed"] == 3)
            #expect(try await world.schedule()?.read == 3)
            await world.salesforce.edit("Contact", id: ids[1], ["Phone": "1"])
            await world.salesforce.edit("Contact", id: ids[2], ["Description": "not mapped"], asUser: false)
            #expect(try await world.pollLater(poller).map(\.key.recordID) == [ids[1]])
            #expect(try await world.store.outcomeCounts(integration: World.name)["echo-suppressed"] == 4)
        }
    }

    @Test("OUT-8 linked records that are deleted or merged away are published, others that vanish are not")
    func vanished() async throws {
        try await withWorld { world in
            let ids = await world.addRecords(5)
            for number in 0..<3 { try await world.link(ids[number], to: "\(500 + number)") }
            try await world.setOutbound()
            let poller = world.poller()
            _ = try await world.poll(poller)
            await world.clock.advance(by: .seconds(1200))
            await world.salesforce.delete("Contact", id: ids[0])
            await world.salesforce.merge("Contact", winner: ids[2], loser: ids[1])
            await world.salesforce.delete("Contact", id: ids[4])
            let published = try await world.pollLater(poller)
            let kinds = Dictionary(uniqueKeysWithValues: published.map { ($0.key.recordID, $0.kind) })
            #expect(kinds[ids[0]] == .deleted && kinds[ids[1]] == .deleted && kinds[ids[4]] == nil)
            #expect(published.filter { $0.kind == .deleted }.allSatisfy { $0.fields.isEmpty })
        }
    }

    @Test("OUT-5 a linked lead that is converted is published")
    func converted() async throws {
        try await withWorld { world in
            let leads = await world.addRecords(2, .lead)
            try await world.link(leads[0], .lead, to: "501")
            try await world.setOutbound()
            let poller = world.poller()
            _ = try await world.poll(poller)
            await world.clock.advance(by: .seconds(1200))
            for lead in leads { _ = try #require(await world.salesforce.convertLead(lead)) }
            #expect(try await world.pollLater(poller).map(\.key.recordID) == [leads[0]])
        }
    }

    @Test("MAP-5 opportunities are published when they are on, and again when one of their four fields changes")
    func opportunities() async throws {
        try await withWorld { world in
            let deal: [String: SandboxValue] = ["Name": "Deal", "StageName": "Prospecting", "CloseDate": "2027-03-01"]
            let id = try #require(await world.salesforce.insert("Opportunity", deal))
            await world.clock.advance(by: .seconds(3600))
            try await world.setOutbound(opportunities: true)
            let poller = world.poller()
            #expect(try await world.poll(poller).map(\.key.recordID) == [id])
            try await world.setOutbound()
            await world.clock.advance(by: .seconds(1))
            _ = await poller.turn()
            await world.salesforce.edit("Opportunity", id: id, ["Amount": 5])
            #expect(try await world.pollLater(poller) == [])
        }
    }
}
