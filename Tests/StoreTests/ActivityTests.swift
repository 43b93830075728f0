import Contracts
import SyncCore
import Testing

@testable import Store

@Suite("Activities")
struct ActivityTests {
    private func activity(
        _ id: String, of person: String = "7", _ kind: Activity.Kind = .campaignOpened, at seconds: Int64 = 0,
        campaign: String? = nil, integration: String = "acme"
    ) -> Activity {
        Activity(
            key: RecordKey(integration: integration, object: "contact", recordID: person), activityID: id, kind: kind,
            occurredAt: at(seconds), details: campaign.map { [.campaignID: $0] } ?? [:])
    }

    private func ids(
        _ store: Store, _ subject: ActivitySubject = .person(marketingID: "7"), _ filter: ActivityFilter = ActivityFilter()
    ) async throws -> [String] {
        try await store.activities(of: subject, integration: "acme", matching: filter, limit: 100).activities.map(\.activityID)
    }

    @Test("ACT-4 an activity that is delivered twice is recorded once, in one batch or in two; another person may have its id")
    func once() async throws {
        let store = try memoryStore()
        let first = activity("a", campaign: "12")
        #expect(try await store.record([first, first, activity("a", of: "8")], now: at(10)).map(\.key.recordID) == ["7", "8"])
        var repeated = first
        repeated.details = [:]
        #expect(try await store.record([repeated, activity("b")], now: at(20)).map(\.activityID) == ["b"])

        let page = try await store.activities(of: .person(marketingID: "7"), integration: "acme", limit: 9)
        let kept = try #require(page.activities.last)
        #expect(kept.details == [.campaignID: "12"], "the first one stays as it was")
        #expect(kept.recordedAt == at(10) && kept.occurredAt == at(0) && kept.kind == .campaignOpened)
        #expect(try await store.activityCounts(integration: "acme") == [.campaignOpened: 3])
        #expect(try await store.activityCounts(integration: "other") == [:])
    }

    @Test("ACT-4 activities that arrive out of order are listed in the order of time, the newest first")
    func order() async throws {
        let store = try memoryStore()
        for (id, seconds) in [("c", 30), ("a", 10), ("d", 30), ("b", 20)] {
            _ = try await store.record([activity(id, at: Int64(seconds))], now: at(100))
        }
        #expect(try await ids(store) == ["d", "c", "b", "a"])
    }

    @Test("ACT-4 what was recorded before a person was linked is on the CRM record once the link exists")
    func attached() async throws {
        let store = try memoryStore()
        _ = try await store.record([activity("a")], now: at(0))
        let record = ActivitySubject.record(.contact, crmID: "003A")
        #expect(try await ids(store, record) == [])
        try await store.saveLinks([link("7", crmID: "003A")], lease: try await store.lease(), now: at(1))
        #expect(try await ids(store, record) == ["a"])
        #expect(try await ids(store, .record(.lead, crmID: "003A")) == [], "the object is part of the name")
    }

    @Test(
        "OUT-5 ACT-4 activities follow the link: through a conversion, a merge and to another person; an ended one keeps its own")
    func relinked() async throws {
        let store = try memoryStore()
        _ = try await store.record([activity("a"), activity("b", of: "8")], now: at(0))
        let lease = try await store.lease()
        try await store.saveLinks([link("7", object: .lead, crmID: "00QA")], lease: lease, now: at(1))
        try await store.saveLinks(
            [link("7", object: .lead, crmID: "00QA").ended(by: .converted), link("7", crmID: "003A")], lease: lease, now: at(2))
        #expect(try await ids(store, .record(.contact, crmID: "003A")) == ["a"])
        #expect(try await ids(store, .record(.lead, crmID: "00QA")) == ["a"])

        // The record 003A was merged into 003B.
        try await store.saveLinks([link("7", crmID: "003B")], lease: lease, now: at(3))
        #expect(try await ids(store, .record(.contact, crmID: "003A")) == [])
        #expect(try await ids(store, .record(.contact, crmID: "003B")) == ["a"])

        try await store.saveLinks(
            [link("7", crmID: "003B").ended(by: .marketingDeleted), link("8", crmID: "003B")], lease: lease, now: at(4))
        #expect(try await ids(store, .record(.contact, crmID: "003B")) == ["b"])
    }

    @Test("ACT-2 a cursor leads through the rest, each once, whatever is recorded meanwhile")
    func pages() async throws {
        let store = try memoryStore()
        // Three of each second, so that pages part those of one time.
        _ = try await store.record((0..<50).map { activity("\($0)", at: Int64($0 / 3)) }, now: at(100))
        var (seen, cursor, pages) = ([String](), ActivityCursor?.none, 0)
        repeat {
            let page = try await store.activities(of: .person(marketingID: "7"), integration: "acme", after: cursor, limit: 20)
            seen += page.activities.map(\.activityID)
            cursor = page.next.flatMap { ActivityCursor(text: $0.text) }
            pages += 1
            _ = try await store.record([activity("later \(pages)", at: 1000)], now: at(200))
        } while cursor != nil && pages < 10
        #expect(pages == 3)
        #expect(seen == (0..<50).reversed().map(String.init))
    }

    @Test("a list that ends with its page has no cursor, and a cursor is only what a page gave")
    func cursors() async throws {
        let store = try memoryStore()
        _ = try await store.record([activity("a"), activity("b")], now: at(0))
        let page = try await store.activities(of: .person(marketingID: "7"), integration: "acme", limit: 2)
        #expect(page.activities.count == 2 && page.next == nil)
        #expect(try await store.activities(of: .person(marketingID: "7"), integration: "acme", limit: 1).next != nil)
        for text in ["", "1", "1.", ".1", "1.2.3", "a.b", "1 .2"] { #expect(ActivityCursor(text: text) == nil, "\(text)") }
    }

    @Test("ACT-2 a list is filtered by kind, campaign and time")
    func filters() async throws {
        let store = try memoryStore()
        _ = try await store.record(
            [
                activity("sent", .campaignSent, at: 0, campaign: "12"),
                activity("opened", .campaignOpened, at: 10, campaign: "12"),
                activity("clicked", .linkClicked, at: 20, campaign: "13"), activity("page", .pageVisited, at: 30),
            ], now: at(100))
        func list(_ filter: ActivityFilter) async throws -> [String] {
            try await ids(store, .person(marketingID: "7"), filter)
        }
        #expect(try await list(ActivityFilter(kinds: [.campaignSent, .pageVisited])) == ["page", "sent"])
        #expect(try await list(ActivityFilter(campaignID: "12")) == ["opened", "sent"])
        #expect(try await list(ActivityFilter(from: at(10))) == ["page", "clicked", "opened"])
        #expect(try await list(ActivityFilter(to: at(10))) == ["sent"])
        #expect(
            try await list(ActivityFilter(kinds: [.campaignOpened], campaignID: "12", from: at(10), to: at(11))) == ["opened"])
        #expect(try await list(ActivityFilter(campaignID: "14")) == [])
    }

    @Test("the oldest are forgotten first, in batches, and are not counted any more")
    func pruning() async throws {
        let store = try memoryStore()
        _ = try await store.record((0..<5).map { activity("\($0)", at: Int64($0)) }, now: at(100))
        _ = try await store.record([activity("other", integration: "other")], now: at(100))
        #expect(try await store.pruneActivities(integration: "acme", before: at(3), limit: 2) == 2)
        #expect(try await ids(store) == ["4", "3", "2"])
        #expect(try await store.pruneActivities(integration: "acme", before: at(3), limit: 2) == 1)
        #expect(try await store.pruneActivities(integration: "acme", before: at(3), limit: 2) == 0)
        #expect(try await ids(store) == ["4", "3"])
        #expect(try await store.activityCounts(integration: "acme") == [.campaignOpened: 2])
        #expect(try await store.activityCounts(integration: "other") == [.campaignOpened: 1])
        #expect(try await store.pruneActivities(integration: "nobody", before: at(3), limit: 2) == 0)
    }

    @Test("GEN-4 disconnecting forgets no activity")
    func disconnected() async throws {
        let store = try memoryStore()
        _ = try await store.apply(settings(), now: at(0))
        _ = try await store.record([activity("a")], now: at(0))
        try await store.setState("acme", .disconnected, now: at(1))
        #expect(try await ids(store) == ["a"])
    }
}
