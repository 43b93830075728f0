package import Connectors
package import Contracts
package import Logging
package import Store
package import SyncCore

/// What all processes of a cluster may send to one marketing account, counted in their shared store (OUT-9).
package struct StoreRateBudget: RateBudget {
    package let store: Store
    /// What tells the account from others.
    package let account: String
    package let requestsPerSecond: Int
    package let logger: Logger

    package init(store: Store, account: String, requestsPerSecond: Int, logger: Logger) {
        self.store = store
        self.account = account
        self.requestsPerSecond = requestsPerSecond
        self.logger = logger
    }

    package func take(_ wanted: Int, now: Timestamp) async throws(SyncError) -> RateGrant {
        do {
            switch try await store.takeSlots(account: account, limit: requestsPerSecond, wanted: wanted, now: now) {
            case .taken(let slots): return .taken(slots)
            case .wait(let moment): return .wait(until: moment)
            }
        } catch {
            throw SyncError(.transient, code: error.code, message: error.message)
        }
    }

    package func free(_ slots: [Int], at moment: Timestamp) async {
        // A slot that could not be given back comes free by itself, only later.
        await noting("a slot was not given back") { () async throws(StoreError) in
            try await store.freeSlots(account: account, slots: slots, at: moment)
        }
    }

    package func pause(until moment: Timestamp) async {
        await noting("other processes were not told of a pause") { () async throws(StoreError) in
            try await store.pauseSlots(account: account, until: moment)
        }
    }

    private func noting(_ failure: Logger.Message, _ work: () async throws(StoreError) -> Void) async {
        do throws(StoreError) {
            try await work()
        } catch {
            logger.warning(failure, metadata: ["account": "\(account)", "code": "\(error.code)"])
        }
    }
}
