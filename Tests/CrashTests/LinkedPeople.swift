import Connectors
import Contracts
import Store
import SyncCore
import Testing

@testable import Sandbox

/// Many contacts in step on both sides, and some that are not: what a full run is to find.
struct LinkedPeople: Sendable {
    /// More than two pages of the CRM.
    private static let linked = 4_300
    private static let perKind = 10
    private static let strangers = 40

    /// CRM ids, as all that follow: gone from the CRM for good, in its recycle bin, gone from marketing.
    let purged: [String]
    let deleted: [String]
    let gone: [String]
    /// The people in marketing of those who are gone there.
    let goneIDs: [String]
    let edited: [String]
    /// Selected, but not known in marketing yet.
    let new: [String]

    /// How many records there are to read on both sides: of the CRM's those that are linked or selected.
    var read: Int { Self.linked - purged.count - deleted.count + new.count + Self.linked - gone.count }

    /// Puts them into the world, and lets happen what nobody is told of.
    static func make(in world: CrashWorld, edited count: Int) async throws -> LinkedPeople {
        let pairs = try await makePairs(in: world)
        let groups = (0..<3).map { Array(pairs[($0 * 1_000)..<($0 * 1_000 + perKind)]) }
        let edited = pairs[3_500..<(3_500 + count)].map(\.crmID)
        for pair in groups[0] { await world.salesforce.purge("Contact", id: pair.crmID) }
        for pair in groups[1] { await world.salesforce.delete("Contact", id: pair.crmID) }
        for pair in groups[2] { await world.marketing.deleteContact(pair.marketingID) }
        for id in edited { await world.salesforce.edit("Contact", id: id, ["Phone": "555-edited"]) }
        let new = await world.salesforce.load("Contact", rows: (0..<perKind).map { record("new.\($0)", source: "Web") })
        _ = await world.salesforce.load("Contact", rows: (0..<strangers).map { record("stranger.\($0)", source: "Other") })
        return LinkedPeople(
            purged: groups[0].map(\.crmID), deleted: groups[1].map(\.crmID), gone: groups[2].map(\.crmID),
            goneIDs: groups[2].map(\.marketingID), edited: edited, new: new)
    }

    private static func makePairs(in world: CrashWorld) async throws -> [(crmID: String, marketingID: String)] {
        let names = (0..<linked).map { "linked.\($0)" }
        await world.marketing.importContacts(
            names.map { ActiveCampaignSandbox.Person(email: email($0), firstName: "Grace", lastName: $0, phone: "555-0-0") })
        let people = Dictionary(await world.marketing.people().map { ($1.email, $0) }, uniquingKeysWith: { $1 })
        let marketingIDs = names.compactMap { people[email($0)] }
        let crmIDs = await world.salesforce.load(
            "Contact",
            rows: zip(names, marketingIDs).map { name, id in
                var row = record(name, source: nil)
                row["Tandem_Id__c"] = .string(Link.externalID(integration: CrashWorld.integration, marketingID: id))
                row["Tandem_Sync_Status__c"] = "Synced successfully"
                return row
            })
        try #require(crmIDs.count == linked)
        let pairs = Array(zip(crmIDs, marketingIDs))
        try await save(zip(names, pairs).map { link($0, crmID: $1.0, marketingID: $1.1) }, in: world)
        return pairs.map { (crmID: $0, marketingID: $1) }
    }

    private static func email(_ name: String) -> String { "\(name)@example.com" }

    private static func record(_ name: String, source: String?) -> [String: SandboxValue] {
        var row: [String: SandboxValue] = [
            "FirstName": "Grace", "LastName": .string(name), "Email": .string(email(name)), "Phone": "555-0-0",
        ]
        if let source { row["LeadSource"] = .string(source) }
        return row
    }

    private static func link(_ name: String, crmID: String, marketingID: String) -> Link {
        let key = RecordKey(integration: CrashWorld.integration, object: "contact", recordID: marketingID)
        var link = Link(creating: .contact, for: key)
        (link.state, link.crmID) = (.linked, crmID)
        link.base = [
            "FirstName": .text("Grace"), "LastName": .text(name), "Email": .text(email(name)), "Phone": .text("555-0-0"),
        ]
        return link
    }

    private static func save(_ links: [Link], in world: CrashWorld) async throws {
        let (store, clock) = (world.store, world.clock)
        let lease = try #require(
            try await store.acquireLease("tests", holder: "tests", ttl: .seconds(60), now: clock.now()))
        try await store.saveLinks(links, lease: lease, now: clock.now())
        try await store.releaseLease(lease)
    }
}

// MARK: What became of them

extension LinkedPeople {
    /// Whose links are not yet as they should be once what the run found is delivered.
    func unsettled(_ world: CrashWorld) async throws -> [String] {
        let links = try await links(of: purged + deleted + gone + new, in: world)
        let ends: [(ids: [String], state: Link.State, reason: Link.EndReason?)] = [
            (purged + deleted, .ended, .crmDeleted), (gone, .ended, .marketingDeleted), (new, .linked, nil),
        ]
        return ends.flatMap { ids, state, reason in
            ids.filter { links[$0]?.state != state || links[$0]?.endedBy != reason }
        }
    }

    /// Of those who are gone, whose links ended without anybody else's doing.
    func endedByRun(in world: CrashWorld) async throws -> Set<String> {
        let ended = try await links(of: purged + deleted + gone + edited, in: world).filter { $0.value.state == .ended }
        #expect(
            try await world.store.linkCount(integration: CrashWorld.integration, object: .contact, state: .ended) == ended.count)
        return Set(ended.keys)
    }

    private func links(of ids: [String], in world: CrashWorld) async throws -> [String: Link] {
        try await world.store.links(integration: CrashWorld.integration, crmIDs: ids, object: .contact)
    }

    /// Nobody else's link ended, and nobody was made but who is new.
    func proveState(of world: CrashWorld) async throws {
        let (store, name) = (world.store, CrashWorld.integration)
        let ended = purged.count + deleted.count + gone.count
        #expect(try await unsettled(world).isEmpty)
        #expect(try await store.linkCount(integration: name, object: .contact, state: .ended) == ended)
        #expect(try await store.linkCount(integration: name, object: .contact) == Self.linked - ended + new.count)
        #expect(await world.marketing.count() == Self.linked - gone.count + new.count)
        #expect(await world.salesforce.counters().rowsCreated == 0)
        #expect(try await store.driftCount(integration: name) == 0)
    }

    /// Told of is who differs, is new or is gone, and nobody else.
    func provePublished(crm: [RecordChange], marketing: [RecordChange]) {
        #expect(Set(crm.filter { $0.kind == .deleted }.map(\.key.recordID)) == Set(deleted))
        #expect(Set(crm.filter { $0.kind != .deleted }.map(\.key.recordID)) == Set(edited + new))
        #expect(Set(marketing.map(\.key.recordID)) == Set(goneIDs))
        #expect(marketing.allSatisfy { $0.kind == .deleted })
    }
}
