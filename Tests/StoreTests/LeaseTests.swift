import Contracts
import Store
import Testing

@Suite("Leases")
struct LeaseTests {
    private func acquire(_ store: Store, _ holder: String, _ second: Int64) async throws -> Lease? {
        try await store.acquireLease("acme/inbound", holder: holder, ttl: .seconds(30), now: at(second))
    }

    @Test("One holder at a time, until the lease has run out")
    func exclusive() async throws {
        let store = try memoryStore()
        let first = Lease(name: "acme/inbound", holder: "a", token: 1, expiresAt: at(30))
        #expect(try await acquire(store, "a", 0) == first)
        #expect(try await acquire(store, "b", 29) == nil)
        #expect(try await acquire(store, "b", 30)?.token == 2)
        #expect(try await acquire(store, "a", 31) == nil)
    }

    @Test("Asking again renews, with the same token")
    func reacquire() async throws {
        let store = try memoryStore()
        _ = try await acquire(store, "a", 0)
        let again = Lease(name: "acme/inbound", holder: "a", token: 1, expiresAt: at(50))
        #expect(try await acquire(store, "a", 20) == again)
        #expect(try await acquire(store, "a", 50)?.token == 2, "what it did before it ran out is fenced off as well")
    }

    @Test("Renewing prolongs what is still held, and only that")
    func renew() async throws {
        let store = try memoryStore()
        let lease = try #require(try await acquire(store, "a", 0))
        let renewed = try #require(try await store.renewLease(lease, ttl: .seconds(30), now: at(20)))
        #expect(renewed == Lease(name: "acme/inbound", holder: "a", token: 1, expiresAt: at(50)))
        #expect(try await store.renewLease(renewed, ttl: .seconds(30), now: at(60))?.expiresAt == at(90), "nobody took it over")
        #expect(try await acquire(store, "b", 90)?.token == 2)
        #expect(try await store.renewLease(renewed, ttl: .seconds(30), now: at(91)) == nil)
    }

    @Test("A lease given back is free at once; the token goes on growing")
    func release() async throws {
        let store = try memoryStore()
        let lease = try #require(try await acquire(store, "a", 0))
        try await store.releaseLease(lease)
        #expect(try await store.renewLease(lease, ttl: .seconds(30), now: at(1)) == nil)
        let next = try #require(try await acquire(store, "b", 1))
        #expect(next.token == 2)
        try await store.releaseLease(lease)
        #expect(try await acquire(store, "c", 2) == nil, "giving back what is not held any more takes nothing from its holder")
    }

    @Test("Leases of different names do not meet")
    func names() async throws {
        let store = try memoryStore()
        for name in ["acme/inbound", "acme/outbound"] {
            #expect(try await store.acquireLease(name, holder: name, ttl: .seconds(30), now: at(0))?.token == 1)
        }
    }
}
