import Contracts
import Store
import SyncCore
import Testing

/// Random histories of a small queue, each step compared with a plain dictionary that does the same.
@Suite("Queue against a model")
struct QueueModelTests {
    private struct Row {
        var change: PendingChange
        var version: Int64 = 1
        var attempts = 0
        var firstAt: Timestamp
        var changedAt: Timestamp
        var nextAt: Timestamp?
        var isParked = false
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test("The queue does what the model does", arguments: UInt64(1)...12)
    func agrees(seed: UInt64) async throws {
        var random = Generator(state: seed &* 0x9E37_79B9_7F4A_7C15)
        let store = try memoryStore()
        let lease = try await store.lease()
        var model: [String: Row] = [:]
        var inFlight: [QueueRow] = []
        for step in Int64(1)...150 {
            let now = at(step)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let ids = (0..<Int.random(in: 1...4, using: &random)).map { _ in "\(Int.random(in: 0..<8, using: &random))" }
                let changes = ids.map { id in (id, change("f\(Int.random(in: 0..<3, using: &random))", .string(id), offset: step))
                }
                try await store.queue(changes.map { entry($0, $1) }, now: now)
                merge(changes, into: &model, now: now)
            case 4..<6:
                inFlight = try await store.take(integration: "acme", direction: .inbound, limit: 3, now: now)
            case 6..<9:
                let results: [RowSettlement] = [.done, .retry(at: at(step + 7), error: transient), .park(permanent)]
                for row in inFlight {
                    let result = results[Int.random(in: 0..<3, using: &random)]
                    try await store.settle([row], result, lease: lease, now: now)
                    settle(row, result, in: &model)
                }
                inFlight = []
            default:
                _ = try await store.retryParked(integration: "acme", code: nil, now: now)
                for (id, row) in model where row.isParked {
                    model[id]?.isParked = false
                    model[id]?.attempts = 0
                    model[id]?.changedAt = now
                }
            }
            try await compare(store, with: model, now: now)
        }
    }

    private func merge(_ changes: [(String, PendingChange)], into model: inout [String: Row], now: Timestamp) {
        var batch: [String: PendingChange] = [:]
        for (id, change) in changes where batch[id]?.merge(change) == nil { batch[id] = change }
        for (id, change) in batch {
            guard var row = model[id] else {
                model[id] = Row(change: change, firstAt: now, changedAt: now)
                continue
            }
            row.change.merge(change)
            row.version += 1
            row.attempts = 0
            row.nextAt = nil
            row.firstAt = row.isParked ? now : row.firstAt
            row.isParked = false
            row.changedAt = now
            model[id] = row
        }
    }

    private func settle(_ taken: QueueRow, _ result: RowSettlement, in model: inout [String: Row]) {
        let id = taken.key.recordID
        guard let row = model[id] else { return }
        let isCurrent = row.version == taken.version
        switch result {
        case .done where isCurrent:
            model[id] = nil
        case .retry(let at, _) where isCurrent:
            model[id]?.attempts += 1
            model[id]?.nextAt = at
        case .park where isCurrent:
            model[id]?.attempts += 1
            model[id]?.nextAt = nil
            model[id]?.isParked = true
        case .done, .park:
            model[id]?.firstAt = row.changedAt
        case .retry:
            break
        }
    }

    private func compare(_ store: Store, with model: [String: Row], now: Timestamp) async throws {
        let waiting = model.filter { !$0.value.isParked }
        let ready = waiting.filter { $0.value.nextAt.map { $0 <= now } ?? true }
        let depth = QueueDepth(
            waiting: waiting.count, ready: ready.count, oldest: ready.values.map(\.firstAt).min(),
            nextAttempt: waiting.values.compactMap(\.nextAt).filter { $0 > now }.min(), parked: model.count - waiting.count)
        #expect(try await store.depth(now: now) == depth)
        let rows = try await store.ready(now: now)
        #expect(rows.map(\.firstAt) == ready.values.map(\.firstAt).sorted())
        #expect(Set(rows.map(\.key.recordID)) == Set(ready.keys))
        for row in rows {
            let expected = ready[row.key.recordID]
            #expect(row.change == expected?.change)
            #expect(row.version == expected?.version)
            #expect(row.attempts == expected?.attempts)
        }
    }
}
