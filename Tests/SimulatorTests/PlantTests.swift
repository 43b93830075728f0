import Connectors
import Contracts
import EventLog
import Store
import SyncCore
import Testing

@testable import Simulator

@Suite("Planted bugs")
struct PlantTests {
    @Test("every plant changes something, says what, and names who may notice", arguments: Plant.allCases)
    func isComplete(_ plant: Plant) {
        let sabotage = plant.sabotage
        var settings = Self.settings
        sabotage.settings(&settings)
        let changes =
            sabotage.crm != nil || sabotage.marketing != nil || sabotage.log != nil || sabotage.rates() != nil
            || !sabotage.statements.isEmpty || settings != Self.settings
        #expect(changes)
        #expect(!plant.expected.isEmpty)
        #expect(!plant.summary.isEmpty)
    }

    @Test("every trigger goes into a store, which works on", arguments: Plant.allCases)
    func triggersAreSound(_ plant: Plant) async throws {
        let store = try Store.inMemory(key: .generate())
        for statement in plant.sabotage.statements { try await store.execute(statement) }
        let key = RecordKey(integration: "demo", object: "contact", recordID: "1")
        for second in 1...2 {
            let stamp = Stamp(at: Timestamp(seconds: Int64(second)), sequence: 0)
            let change = PendingChange(fields: ["firstName": Stamped(.string("A\(second)"), stamp)])
            _ = try await store.enqueue([QueueEntry(key: key, change: change)], direction: .inbound, now: Self.now)
        }
        let row = try #require(try await store.take(integration: "demo", direction: .inbound, limit: 1, now: Self.now).first)
        #expect((row.version == 1) == (plant == .forgetVersion))

        let lease = try #require(try await store.acquireLease("sync/demo", holder: "a", ttl: .seconds(30), now: Self.now))
        var link = Link(creating: .contact, for: key)
        link.sent = ["FirstName": .text("A2")]
        try await store.saveLinks([link], lease: lease, now: Self.now)
        let kept = try await store.link(integration: "demo", marketingID: "1", object: .contact)
        #expect((kept?.sent.isEmpty == true) == (plant == .forgetSent))
        let later = Self.now.advanced(by: .seconds(60))
        let next = try await store.acquireLease("sync/demo", holder: "b", ttl: .seconds(30), now: later)
        #expect((next == nil) == (plant == .leaseForEver))
    }

    @Test("no-fencing: who lost the lease commits after its successor; with fencing it does not", arguments: [true, false])
    func fencing(_ isForged: Bool) async throws {
        let store = try Store.inMemory(key: .generate())
        for statement in LeaseForgery.statements { try await store.execute(statement) }
        let zombie = try #require(
            try await store.acquireLease("sync/demo", holder: "inbound-1/1/inbound", ttl: .seconds(30), now: Self.now))
        let later = Self.now.advanced(by: .seconds(60))
        let heir = try #require(
            try await store.acquireLease("sync/demo", holder: "inbound-2/1/inbound", ttl: .seconds(30), now: later))
        if isForged { try await LeaseForgery.forge(for: "inbound-1/1", in: store, until: later.advanced(by: .seconds(30))) }
        let outcome: Void? = try? await store.saveLinks([], lease: zombie, now: later)
        #expect((outcome != nil) == isForged)
        if isForged { try await LeaseForgery.forge(for: "inbound-2/1", in: store, until: later.advanced(by: .seconds(30))) }
        try await store.saveLinks([], lease: heir, now: later)
    }

    @Test("watermark-time-only: rows of the last row's time are skipped, later ones are not")
    func timeOnly() {
        let rows = [("a", 1), ("b", 1), ("c", 1), ("d", 2)].map { id, second in
            var record = CRMRecord(object: .contact, id: id, values: [:])
            record.stamp = Timestamp(seconds: Int64(second))
            return record
        }
        var request = CRMFeedRequest(
            object: .contact, scope: .changed(from: .distantPast, until: Timestamp(seconds: 9)), fields: [])
        let first = CRMSabotage.nextByTimeAlone(CRMFeedPage(records: rows, next: nil), request)
        #expect(first.records.map(\.id) == ["a", "b"])
        request.after = first.next
        let second = CRMSabotage.nextByTimeAlone(CRMFeedPage(records: Array(rows.dropFirst(2)), next: nil), request)
        #expect(second.records.map(\.id) == ["d"])
        #expect(second.next == nil)
    }

    @Test("arrival-order: a change is dated when it was appended, and says the same otherwise")
    func arrival() throws {
        let key = RecordKey(integration: "demo", object: "contact", recordID: "1")
        let change = RecordChange(key: key, occurredAt: Timestamp(seconds: 1), fields: ["firstName": "Ada"])
        let event = Event(attributes: EventAttributes(id: "1", source: "/test"), message: .recordChange(change))
        let record = LogRecord(
            topic: "t", partition: 0, offset: 0, timestamp: Timestamp(seconds: 5), message: EventCodec.encode(event))
        var expected = change
        expected.occurredAt = record.timestamp
        #expect(try EventCodec.decode(record.datedAtArrival.message).message == .recordChange(expected))
    }

    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let settings = IntegrationSettings(
        name: "demo", profile: .activeCampaignSalesforce,
        crm: CRMSettings(loginURL: "https://crm.example", flow: .clientCredentials, clientID: "id"),
        marketing: MarketingSettings(url: "https://marketing.example"))
}
