import Connectors
import Contracts
import Sandbox
import Testing

@testable import Simulator

@Suite("The oracle of merges")
struct MergeWitnessTests {
    private static func row(_ contact: String, _ name: String, waiting: Bool = false) -> [String: SandboxValue] {
        var row: [String: SandboxValue] = ["FirstName": .string(name), CRMRow.externalID: .string("demo:\(contact)")]
        if waiting { row[CRMRow.status] = .string(CRMRow.waiting) }
        return row
    }

    // MARK: To the CRM

    @Test("IN-6: a user's value goes over the one both sides had, and a newer one over it")
    func rightUpdates() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        for (old, new) in [("Ann", "Bea"), ("Bea", "Cleo")] {
            await world.renames(contact: contact, new)
            await world.shows(record, Self.row(contact, old))
            await world.writes(["FirstName": .string(new)], to: record)
            await world.clock.advance(by: .seconds(60))
        }
        #expect(world.referee.violation == nil)
    }

    @Test("IN-6: a record that waits for the next sync is left alone")
    func waiting() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        await world.renames(contact: contact, "Bea")
        await world.shows(record, Self.row(contact, "Ann", waiting: true))
        await world.writes(["FirstName": "Bea"], to: record)
        #expect(world.broken == .mergesAgree)
    }

    @Test("IN-6: what a user of the CRM wrote and marketing never got stands; what marketing got does not")
    func conflict() async throws {
        for isCarried in [true, false] {
            let world = try WitnessFixture()
            let (contact, record) = try await world.pair()
            await world.renames(record: record, "Dora")
            await world.shows(record, Self.row(contact, "Dora"), to: "outbound-1")
            if isCarried { await world.writes(["firstName": "Dora"], toContact: contact) }
            await world.renames(contact: contact, "Bea")
            await world.shows(record, Self.row(contact, "Dora"))
            await world.writes(["FirstName": "Bea"], to: record)
            #expect(world.broken == (isCarried ? nil : .mergesAgree))
        }
    }

    @Test("a value that was carried over does not give way to an older one")
    func stale() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        await world.renames(contact: contact, "Bea")
        await world.renames(contact: contact, "Cleo")
        await world.shows(record, Self.row(contact, "Ann"))
        await world.writes(["FirstName": "Cleo"], to: record)
        await world.clock.advance(by: .seconds(60))
        await world.shows(record, Self.row(contact, "Cleo"))
        #expect(world.referee.violation == nil)
        await world.writes(["FirstName": "Bea"], to: record)
        #expect(world.broken == .mergesAgree)
    }

    @Test("a process that was stopped beyond its lease writes what it had decided: nobody can hold it back")
    func zombie() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        await world.renames(contact: contact, "Bea")
        await world.shows(record, Self.row(contact, "Ann"))
        await world.renames(contact: contact, "Cleo")
        await world.shows(record, Self.row(contact, "Ann"), to: "inbound-2")
        await world.writes(["FirstName": "Cleo"], to: record, by: "inbound-2")
        await world.clock.advance(by: .seconds(60))
        await world.writes(["FirstName": "Bea"], to: record)
        #expect(world.referee.violation == nil)
    }

    @Test("GEN-5: what Tandem itself wrote to marketing, or nobody did, is not a change")
    func invented() async throws {
        for name in ["Dora", "Nobody"] {
            let world = try WitnessFixture()
            let (contact, record) = try await world.pair()
            await world.renames(record: record, "Dora")
            await world.shows(record, Self.row(contact, "Dora"), to: "outbound-1")
            await world.writes(["firstName": "Dora"], toContact: contact)
            await world.shows(record, Self.row(contact, "Ann"))
            await world.writes(["FirstName": .string(name)], to: record)
            #expect(world.broken == .mergesAgree)
        }
    }

    @Test("what another record of the person brought to marketing is news to this one")
    func otherRecord() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        let other = "0035e0000000099AAA"
        await world.renames(record: other, "Dora")
        await world.shows(other, Self.row(contact, "Dora"), to: "outbound-1")
        await world.writes(["firstName": "Dora"], toContact: contact)
        await world.shows(record, Self.row(contact, "Ann"))
        await world.writes(["FirstName": "Dora"], to: record)
        #expect(world.referee.violation == nil)
    }

    @Test("nothing is written that was not looked at")
    func blind() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        await world.renames(contact: contact, "Bea")
        await world.writes(["FirstName": "Bea", CRMRow.externalID: .string("demo:\(contact)")], to: record)
        #expect(world.broken == .mergesAgree)
    }

    // MARK: To marketing

    @Test("outbound writes what the CRM showed, and not what it did not")
    func shown() async throws {
        for name in ["Dora", "Elsa"] {
            let world = try WitnessFixture()
            let (contact, record) = try await world.pair()
            await world.renames(record: record, "Dora")
            await world.shows(record, Self.row(contact, "Dora"), to: "outbound-1")
            await world.writes(["firstName": .string(name)], toContact: contact)
            #expect(world.broken == (name == "Dora" ? nil : .mergesAgree))
        }
    }

    @Test("what was carried to marketing does not give way to an older value of the CRM")
    func staleOutbound() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        for name in ["Dora", "Elsa"] {
            await world.renames(record: record, name)
            await world.shows(record, Self.row(contact, name), to: "outbound-1")
            await world.writes(["firstName": .string(name)], toContact: contact)
            await world.marketing.editContact(contact) { $0.firstName = name }
            await world.clock.advance(by: .seconds(60))
        }
        #expect(world.referee.violation == nil)
        await world.shows(record, Self.row(contact, "Dora"), to: "outbound-1")
        await world.writes(["firstName": "Dora"], toContact: contact)
        #expect(world.broken == .mergesAgree)
    }

    @Test("IN-6: what marketing's users made of a value both sides had is not undone when the CRM did not change it")
    func undone() async throws {
        for crmChanged in [false, true] {
            let world = try WitnessFixture()
            let (contact, record) = try await world.pair()
            await world.clock.advance(by: .seconds(7200))
            await world.renames(contact: contact, "Bea")
            if crmChanged { await world.renames(record: record, "Ann") }
            await world.shows(record, Self.row(contact, "Ann"), to: "outbound-1")
            await world.writes(["firstName": "Ann"], toContact: contact)
            #expect(world.broken == (crmChanged ? nil : .mergesAgree))
        }
    }
}
