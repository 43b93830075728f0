import Contracts
import Store
import SyncCore
import Testing

@Suite("Actions that were asked for")
struct ActionTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func request(
        _ kind: ActionKind = .sendCampaign, target: String = "12", record: String = "003", id: String? = nil,
        at seconds: Int64 = 0
    ) -> ActionRequest {
        ActionRequest(
            key: RecordKey(integration: "acme", object: "contact", recordID: record), kind: kind, target: target,
            requestID: id, askedAt: at(seconds), askedBy: "standard")
    }

    private func take(_ request: ActionRequest) async throws -> StoredAction {
        try #require(try await store.take([request], now: request.askedAt).first)
    }

    private func linkRecord() async throws {
        try await store.saveLinks([link("7", crmID: "003")], lease: store.lease(), now: at(0))
    }

    private func due(at seconds: Int64 = 0) async throws -> [String] {
        try await store.dueActions(integration: "acme", limit: 9, now: at(seconds)).map(\.requestID)
    }

    @Test("ACT-3 one is for the person the record is linked to, and due at once")
    func taken() async throws {
        try await linkRecord()
        let action = try await take(request())
        #expect(action.state == .waiting && action.marketingID == "7" && action.attempts == 0)
        #expect(try await due() == [action.requestID])
        #expect(try await store.action(integration: "acme", requestID: action.requestID) == action)
        #expect(try await store.actions(integration: "acme", object: .contact, crmID: "003", limit: 9) == [action])
        #expect(try await store.actions(integration: "acme", object: .lead, crmID: "003", limit: 9).isEmpty)
    }

    @Test("ACT-3 the same wish within a minute is one, another wish or a later one is not")
    func doubleClicks() async throws {
        try await linkRecord()
        let first = try await take(request())
        #expect(try await take(request(at: 60)).id == first.id)
        #expect(try await take(request(at: -60)).id == first.id)
        for other in [request(at: 61), request(target: "13"), request(.enterAutomation), request(id: "other")] {
            #expect(try await take(other).id != first.id)
        }
    }

    @Test("GEN-6 a request with an id is taken once, however late it comes again")
    func requestIDs() async throws {
        try await linkRecord()
        let first = try await take(request(id: "r"))
        #expect(try await take(request(id: "r", at: 9999)).id == first.id)
        #expect(first.isSame(as: request(id: "r")) && !first.isSame(as: request(record: "004")))
    }

    @Test("ACT-3 what failed may be asked for again at once, but not by the same request")
    func afterFailure() async throws {
        let refused = try await take(request(id: "r"))
        #expect(refused.state == .failed && refused.error?.code == "not-linked")
        let clicked = try await take(request())
        try await linkRecord()
        #expect(try await take(request(id: "r")).state == .failed)
        #expect(try await take(request()).id == clicked.id, "delivered again it is the same request")
        #expect(try await take(request(at: 1)).state == .waiting)
    }

    @Test("An ended link, or one on its way, is none")
    func noLink() async throws {
        try await store.saveLinks([link("7", crmID: "003", state: .ended)], lease: store.lease(), now: at(0))
        #expect(try await take(request()).error?.code == "not-linked")
    }

    @Test("GEN-6 what was begun stays known as begun until it is known what came of it")
    func started() async throws {
        try await linkRecord()
        let lease = try await store.lease()
        var action = try await take(request(.enterAutomation))
        try await store.startAction(action.id, earlierEntries: ["5", "4"], lease: lease, now: at(1))
        action = try #require(try await store.dueActions(integration: "acme", limit: 1, now: at(1)).first)
        #expect(action.startedAt == at(1) && action.earlierEntries == ["4", "5"])

        try await store.settle(action, .retry(at: at(30), transient, mayBeDone: true), lease: lease, now: at(2))
        #expect(try await due(at: 29).isEmpty)
        action = try #require(try await store.dueActions(integration: "acme", limit: 1, now: at(30)).first)
        #expect(action.startedAt == at(1) && action.attempts == 1 && action.error == transient)

        try await store.settle(action, .retry(at: at(60), transient, mayBeDone: false), lease: lease, now: at(31))
        action = try #require(try await store.dueActions(integration: "acme", limit: 1, now: at(60)).first)
        #expect(action.startedAt == nil && action.earlierEntries.isEmpty && action.attempts == 2)
    }

    static let endings: [(ActionOutcome, StoredAction.State, String)] = [
        (.done, .done, "campaign-sent"), (.failed(permanent), .failed, "action-failed"),
        (.unknown(transient), .unknown, "action-unknown"),
    ]

    @Test("OPS-1 what is over waits no more and is in the history", arguments: endings)
    func over(outcome: ActionOutcome, state: StoredAction.State, word: String) async throws {
        try await linkRecord()
        let action = try await take(request())
        try await store.settle(action, outcome, lease: store.lease(), now: at(5))
        let settled = try #require(try await store.action(integration: "acme", requestID: action.requestID))
        #expect(settled.state == state && settled.settledAt == at(5))
        #expect(try await due(at: 9999).isEmpty)
        let history = try await store.history(integration: "acme", crmID: "003", object: .contact, limit: 9)
        #expect(history.map(\.outcome) == [word] && history.first?.marketingID == "7")
        #expect(history.first?.message?.hasPrefix("send-campaign 12") == true)
    }

    @Test("GEN-6 whoever lost the lease begins and settles nothing")
    func fenced() async throws {
        try await linkRecord()
        let action = try await take(request())
        let lease = try await store.lease()
        try await store.releaseLease(lease)
        let starting = await errorCode {
            try await store.startAction(action.id, earlierEntries: [], lease: lease, now: at(1))
        }
        let settling = await errorCode { try await store.settle(action, .done, lease: lease, now: at(1)) }
        #expect([starting, settling] == [StoreError.leaseLostCode, StoreError.leaseLostCode])
        #expect(try await store.action(integration: "acme", requestID: action.requestID) == action)
    }

    @Test("GEN-4 a disconnect ends what waits; what was begun stays unknown")
    func disconnected() async throws {
        _ = try await store.apply(settings(), now: at(0))
        try await linkRecord()
        let waiting = try await take(request(id: "waiting"))
        let begun = try await take(request(id: "begun"))
        try await store.startAction(begun.id, earlierEntries: [], lease: store.lease(), now: at(1))
        try await store.setState("acme", .disconnected, now: at(2))
        let states = try await [waiting, begun].states(in: store)
        #expect(states == [.failed, .unknown])
        #expect(try await due(at: 9999).isEmpty)
    }
}

extension [StoredAction] {
    fileprivate func states(in store: Store) async throws -> [StoredAction.State?] {
        var states: [StoredAction.State?] = []
        for action in self { states.append(try await store.action(integration: "acme", requestID: action.requestID)?.state) }
        return states
    }
}
