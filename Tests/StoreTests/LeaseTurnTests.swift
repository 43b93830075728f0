import Contracts
import Store
import Testing

/// Inbound and outbound of an integration share a lease: neither may keep the other waiting for good.
@Suite("Turns on a lease")
struct LeaseTurnTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func acquire(_ holder: String, _ second: Int64, ttl: Int64 = 30) async throws -> Lease? {
        try await store.acquireLease("sync/acme", holder: holder, ttl: .seconds(ttl), now: at(second))
    }

    @Test("A holder that asks again leaves a turn to whoever asked meanwhile")
    func alternate() async throws {
        #expect(try await acquire("a", 0)?.token == 1)
        #expect(try await acquire("b", 1) == nil)
        #expect(try await acquire("a", 2) == nil, "b waits")
        #expect(try await acquire("b", 3)?.token == 2)
        #expect(try await acquire("a", 4) == nil)
        #expect(try await acquire("b", 5) == nil, "a waits")
        #expect(try await acquire("a", 6)?.token == 3)
        #expect(try await acquire("a", 7)?.token == 3, "b asked before its last turn, not since")
    }

    @Test("A holder that gave the lease back leaves the next turn as well")
    func afterRelease() async throws {
        let lease = try #require(try await acquire("a", 0))
        #expect(try await acquire("b", 1) == nil)
        try await store.releaseLease(lease)
        #expect(try await acquire("a", 2) == nil)
        #expect(try await acquire("b", 3) != nil)
        #expect(try await acquire("b", 4) != nil, "its own wish is fulfilled")
    }

    @Test("A waiter that does not come costs the holder one turn, and nothing after five seconds")
    func deadWaiter() async throws {
        _ = try await acquire("a", 0)
        #expect(try await acquire("b", 1) == nil)
        #expect(try await acquire("a", 2) == nil)
        #expect(try await acquire("a", 3)?.token == 2)
        #expect(try await acquire("b", 4) == nil)
        #expect(try await acquire("a", 9)?.token == 2)
    }

    @Test("A wish takes no lease away from its holder: it may be renewed and commits")
    func wishOnly() async throws {
        let lease = try #require(try await acquire("a", 0))
        #expect(try await acquire("b", 1) == nil)
        let renewed = try #require(try await store.renewLease(lease, ttl: .seconds(30), now: at(2)))
        #expect(renewed == Lease(name: "sync/acme", holder: "a", token: 1, expiresAt: at(32)))
        try await store.saveLinks([link("1")], lease: renewed, now: at(3))
        #expect(try await acquire("a", 4) == nil)
        #expect(await errorCode { try await store.saveLinks([link("1")], lease: renewed, now: at(4)) } == "lease-lost")
    }

    private struct Worker {
        var name: String
        var asksAt: Int64 = 0
        var lease: Lease?
        var turns = 0
    }

    @Test("Busy workers all get their turns, one at a time", arguments: [2, 3], UInt64(1)...6)
    func everyoneGetsTurns(count: Int, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var workers = (0..<count).map { Worker(name: "\($0)", asksAt: Int64($0)) }
        var lastToken: Int64 = 0
        // In tenths of a second. A worker holds for up to ten seconds, half the time gives back, and asks anew at once; one
        // that got nothing asks again after a second.
        for moment in Int64(0)..<6000 {
            let now = Timestamp(milliseconds: at(0).milliseconds + moment * 100)
            for index in workers.indices.shuffled(using: &random) where workers[index].asksAt == moment {
                if let lease = workers[index].lease, Bool.random(using: &random) { try await store.releaseLease(lease) }
                let name = workers[index].name
                let lease = try await store.acquireLease("sync/acme", holder: name, ttl: .seconds(30), now: now)
                workers[index].lease = lease
                workers[index].asksAt = moment + (lease == nil ? 10 : .random(in: 1...100, using: &random))
                guard let lease else { continue }
                workers[index].turns += 1
                #expect(workers.indices.allSatisfy { $0 == index || workers[$0].lease == nil })
                #expect(lease.token >= lastToken)
                lastToken = lease.token
            }
        }
        let turns = workers.map(\.turns)
        #expect(turns.allSatisfy { $0 * count * 2 >= turns.reduce(0, +) }, "\(turns)")
    }
}
