import Connectors
import Contracts
import Store

/// Keeps a lease alive while work goes on under it, however long a vendor takes to answer.
///
/// A lease that is lost all the same ends the work: what it would still write is someone else's to decide by now.
struct LeaseKeeper: Sendable {
    let store: Store
    let clock: any WallClock
    let ttl: Duration

    func keep<Outcome: Sendable>(_ lease: Lease, during work: @escaping @Sendable () async throws -> Outcome) async throws
        -> Outcome
    {
        try await withThrowingTaskGroup(of: Outcome?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await work() }
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
