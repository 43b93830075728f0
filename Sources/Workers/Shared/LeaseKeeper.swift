import Connectors
import Contracts
import Logging
import Store

/// One worker's way to a lease: taken for each piece of work, kept alive however long a vendor takes to answer, and given
/// back after it, for somebody else may be waiting.
///
/// A lease that is lost all the same ends the work: what it would still write is someone else's to decide by now.
struct LeaseKeeper: Sendable {
    private let name: String
    private let holder: String
    private let store: Store
    private let clock: any WallClock
    private let ttl: Duration
    private let logger: Logger

    /// - Parameter holder: names the worker, not only its process: two workers of one process exclude each other too.
    init(_ name: String, holder: String, store: Store, clock: any WallClock, ttl: Duration, logger: Logger) {
        self.name = name
        self.holder = holder
        self.store = store
        self.clock = clock
        self.ttl = ttl
        self.logger = logger
    }

    /// What both directions of an integration work under: either reads, merges and writes the same links, so they take turns.
    static func syncLease(of integration: String) -> String { "sync/\(integration)" }

    /// Does `work` under the lease; `nil` while someone else holds it, or has waited for it.
    func hold<Outcome: Sendable>(during work: @escaping @Sendable (Lease) async throws -> Outcome) async throws -> Outcome? {
        guard let lease = try await store.acquireLease(name, holder: holder, ttl: ttl, now: clock.now()) else { return nil }
        do {
            let outcome = try await keeping(lease, during: work)
            await giveBack(lease)
            return outcome
        } catch {
            await giveBack(lease)
            throw error
        }
    }

    private func keeping<Outcome: Sendable>(
        _ lease: Lease, during work: @escaping @Sendable (Lease) async throws -> Outcome
    ) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await work(lease) }
            group.addTask {
                try await renew(lease)
                return nil
            }
            while let finished = try await group.next() {
                if let outcome = finished { return outcome }
            }
            throw CancellationError()
        }
    }

    private func giveBack(_ lease: Lease) async {
        do {
            try await store.releaseLease(lease)
        } catch {
            logger.notice("the lease was left to run out", metadata: ["lease": "\(name)", "error": "\(error)"])
        }
    }

    private func renew(_ lease: Lease) async throws {
        var lease = lease
        while (try? await clock.sleep(until: clock.now().advanced(by: ttl / 3))) != nil {
            do throws(StoreError) {
                guard let renewed = try await store.renewLease(lease, ttl: ttl, now: clock.now()) else {
                    throw StoreError(code: StoreError.leaseLostCode, message: "\(lease.name) was taken over")
                }
                lease = renewed
            } catch {
                // A store that does not answer now may answer in time for the next try.
                guard error.isTransient else { throw error }
            }
        }
    }
}
