import Connectors
import Contracts
import Logging
import Store
import SyncCore
import Testing
import Vendors

@testable import Runtime

@Suite("OUT-9 Requests counted in the store")
struct StoreRateBudgetTests {
    private let store: Store
    private let now = CommandFixture.now

    init() throws { store = try Store.inMemory(key: .generate()) }

    private func budget(_ account: String = "acme.api-us1.com", limit: Int = 5) -> StoreRateBudget {
        StoreRateBudget(
            store: store, account: account, requestsPerSecond: limit,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// How many slots a grant has; 0 when it is none.
    private func count(_ grant: RateGrant) -> Int { if case .taken(let slots) = grant { slots.count } else { 0 } }

    @Test("processes share the slots of an account, and of no other")
    func shared() async throws {
        let (one, two) = (budget(), budget())
        #expect(count(try await one.take(3, now: now)) == 3)
        #expect(count(try await two.take(3, now: now)) == 2)
        #expect(try await one.take(1, now: now) == .wait(until: now.advanced(by: .seconds(1))))
        #expect(count(try await budget("other.api-us1.com").take(9, now: now)) == 5)
    }

    @Test("a slot is free again one second after its answer")
    func freed() async throws {
        let budget = budget(limit: 1)
        guard case .taken(let slots) = try await budget.take(1, now: now) else {
            Issue.record("the only slot was free")
            return
        }
        let answered = now.advanced(by: .milliseconds(300))
        await budget.free(slots, at: answered)
        let free = answered.advanced(by: .seconds(1))
        #expect(count(try await budget.take(1, now: free.advanced(by: .milliseconds(-1)))) == 0)
        #expect(count(try await budget.take(1, now: free)) == 1)
    }

    @Test("a pause the vendor asked for holds for every process")
    func paused() async throws {
        let until = now.advanced(by: .seconds(30))
        await budget().pause(until: until)
        #expect(try await budget().take(1, now: now) == .wait(until: until))
        #expect(count(try await budget().take(1, now: until)) == 1)
    }

    @Test("a store that cannot be asked lets nothing through, as a failure that may pass")
    func unreadable() async throws {
        try store.close()
        let error = await #expect(throws: SyncError.self) { try await budget().take(1, now: now) }
        #expect(error?.errorClass == .transient)
        await budget().free([1], at: now)
        await budget().pause(until: now)
    }
}
