import Contracts
import Store
import SyncCore
import Testing

@Suite("Records passed over for another one's sake")
struct PassedOverTests {
    private let store: Store
    private let lead = RecordKey(integration: "acme", object: "lead", recordID: "00Q")

    init() throws { store = try memoryStore() }

    private func rival(_ email: String = "ada@example.com", state: Link.State = .linked) -> Link {
        var link = link("7", crmID: "003", state: state)
        link.base = ["Email": .text(email)]
        return link
    }

    private func ready(now: Timestamp = at(99)) async throws -> [RecordKey] {
        try await store.take(integration: "acme", direction: .outbound, limit: 9, now: now).map(\.key)
    }

    private func save(_ link: Link) async throws { try await store.saveLinks([link], lease: store.lease(), now: at(0)) }

    private func settle(_ settlements: [Settlement]) async throws {
        try await store.settle(settlements, direction: .outbound, lease: store.lease(), now: at(1))
    }

    /// The lead's turn, which comes to this.
    private func turn(_ result: RowSettlement = .done, for rival: Link? = nil) async throws -> Settlement {
        _ = try await store.enqueue([QueueEntry(key: lead, change: change())], direction: .outbound, now: at(0))
        let rows = try await store.take(integration: "acme", direction: .outbound, limit: 9, now: at(0))
        let row = try #require(rows.first { $0.key == lead })
        return Settlement(rowID: row.id, version: row.version, result: result, rival: rival)
    }

    @Test(
        "OUT-1 one is looked at again, once, when the other one's link has another email or ends",
        arguments: [("new@example.com", Link.State.linked), ("ada@example.com", .ended)])
    func released(email: String, state: Link.State) async throws {
        try await save(rival())
        try await settle([turn(for: rival())])
        try await save(rival())
        try await save(link("8", crmID: "004", state: .ended))
        try await save(link("7", object: .lead, crmID: "00X", state: .ended))
        #expect(try await ready().isEmpty, "nothing has happened to the other one")

        try await settle([Settlement(rowID: 99, version: 1, result: .done, links: [rival(email, state: state)])])
        #expect(try await ready() == [lead])
        try await settle([turn()])
        try await save(rival("newer@example.com"))
        #expect(try await ready().isEmpty)
    }

    @Test("OUT-1 inbound changes the other one's link as well")
    func releasedInbound() async throws {
        try await save(rival())
        try await settle([turn(for: rival())])
        let change = Settlement(rowID: 99, version: 1, result: .done, links: [rival("new@example.com")])
        try await store.settle([change], direction: .inbound, lease: store.lease(), now: at(2))
        #expect(try await ready() == [lead])
    }

    @Test("OUT-1 that both are settled together loses nothing, whichever comes first", arguments: [true, false])
    func together(rivalFirst: Bool) async throws {
        try await save(rival())
        let settlements = [
            Settlement(rowID: 99, version: 1, result: .done, links: [rival("new@example.com")]), try await turn(for: rival()),
        ]
        try await settle(rivalFirst ? settlements : settlements.reversed())
        #expect(try await ready() == [lead])
    }

    @Test("OUT-1 what was decided by a link that is another one meanwhile does not hold")
    func overtaken() async throws {
        try await save(rival())
        let decided = try await turn(for: rival())
        try await save(rival("new@example.com"))
        try await settle([decided])
        #expect(try await ready() == [lead])
        try await settle([turn(for: rival("new@example.com"))])
        #expect(try await ready().isEmpty, "by the link as it is now it does")
    }

    @Test("Whoever has had another turn, or is to have one, is not remembered")
    func forgotten() async throws {
        try await save(rival())
        try await settle([turn(for: rival())])
        try await settle([turn()])
        try await save(rival("new@example.com"))
        #expect(try await ready().isEmpty)

        let decided = try await turn(for: rival("new@example.com"))
        _ = try await store.enqueue([QueueEntry(key: lead, change: change(offset: 2))], direction: .outbound, now: at(1))
        try await settle([decided])
        try await settle([turn()])
        try await save(rival(state: .ended))
        #expect(try await ready().isEmpty)
    }

    @Test("GEN-4 disconnecting forgets who was passed over")
    func disconnected() async throws {
        _ = try await store.apply(settings(), secrets: [:], now: at(0))
        try await save(rival())
        try await settle([turn(for: rival())])
        try await store.setState("acme", .disconnected, now: at(2))
        try await save(rival(state: .ended))
        #expect(try await ready().isEmpty)
    }
}
