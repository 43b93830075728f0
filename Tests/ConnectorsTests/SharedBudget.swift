import Connectors
import Contracts
import SyncCore

/// A budget in memory, by the rule of the one that processes share, and with ways to disturb it.
actor SharedBudget: RateBudget {
    private var freeAt: [Timestamp]
    private var pausedUntil: Timestamp = .distantPast
    private var isClosed = false
    private var gate: CheckedContinuation<Void, Never>?
    private var gateWatcher: CheckedContinuation<Void, Never>?
    private var isGated = false
    private(set) var wanted: [Int] = []
    /// Whether slots were ever freed by a task that was cancelled.
    private(set) var wasFreedByCancelled = false

    init(limit: Int) { freeAt = Array(repeating: .distantPast, count: limit) }

    func take(_ wanted: Int, now: Timestamp) async throws(SyncError) -> RateGrant {
        self.wanted.append(wanted)
        if isGated {
            gateWatcher?.resume()
            gateWatcher = nil
            await withCheckedContinuation { gate = $0 }
        }
        guard !isClosed else { throw SyncError(.transient, code: "store-busy", message: "the store is busy") }
        guard pausedUntil <= now else { return .wait(until: pausedUntil) }
        let free = freeAt.indices.filter { freeAt[$0] <= now }.prefix(wanted)
        guard !free.isEmpty else { return .wait(until: freeAt.min() ?? now) }
        for slot in free { freeAt[slot] = now.advanced(by: .seconds(90)) }
        return .taken(Array(free))
    }

    func free(_ slots: [Int], at moment: Timestamp) async {
        wasFreedByCancelled = wasFreedByCancelled || Task.isCancelled
        for slot in slots { freeAt[slot] = moment.advanced(by: .seconds(1)) }
    }

    func pause(until moment: Timestamp) async { pausedUntil = max(pausedUntil, moment) }

    func free(at now: Timestamp) -> Int { freeAt.count { $0 <= now } }

    func setClosed(_ closed: Bool) { isClosed = closed }

    /// Keeps every taking from being answered until ``release()``, the last of them with `andHoldNext` false.
    func hold() { isGated = true }

    /// Returns as soon as a taking is being kept.
    func waitUntilHeld() async {
        guard gate == nil else { return }
        await withCheckedContinuation { gateWatcher = $0 }
    }

    func release(andHoldNext: Bool = false) {
        isGated = andHoldNext
        gate?.resume()
        gate = nil
    }
}

/// Small, and the same for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
