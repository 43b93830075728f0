import Contracts
import Store
import SyncCore
import Testing

/// Random histories of a small queue, each step compared with a plain dictionary that does the same.
@Suite("Queue against a model")
struct QueueModelTests {
    @Test("The queue does what the model does", arguments: UInt64(1)...12)
    func agrees(seed: UInt64) async throws {
        for direction in Direction.allCases {
            var history = QueueHistory(seed: seed, direction: direction, store: try memoryStore())
            try await history.run(steps: 150)
        }
    }
}

/// One random history: of the inbound direction, or of the outbound one, whose rows may also go by import.
private struct QueueHistory {
    private struct Row {
        var change: PendingChange
        var version: Int64 = 1
        var attempts = 0
        var firstAt: Timestamp
        var changedAt: Timestamp
        var nextAt: Timestamp?
        var isParked = false
        var isImporting = false
    }

    private var random: SeededGenerator
    private let direction: Direction
    private let store: Store
    private var model: [String: Row] = [:]
    private var inFlight: [QueueRow] = []
    private var imports: [ImportJob] = []

    init(seed: UInt64, direction: Direction, store: Store) {
        random = SeededGenerator(seed: seed)
        self.direction = direction
        self.store = store
    }

    mutating func run(steps: Int64) async throws {
        let lease = try await store.lease()
        for step in 1...steps {
            let now = at(step)
            switch Int.random(in: 0..<13, using: &random) {
            case 0..<4: try await enqueue(step, now: now)
            case 4..<6: inFlight = try await store.take(integration: "acme", direction: direction, limit: 3, now: now)
            case 6..<9: try await settleInFlight(step, lease: lease, now: now)
            case 9: try await retryParked(now: now)
            case 10..<12: try await openImport(lease: lease, now: now)
            default: try await closeImport(step, lease: lease, now: now)
            }
            try await compare(now: now)
        }
    }

    // MARK: Steps

    private mutating func enqueue(_ step: Int64, now: Timestamp) async throws {
        var batch: [(String, PendingChange)] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let id = "\(Int.random(in: 0..<8, using: &random))"
            batch.append((id, change("f\(Int.random(in: 0..<3, using: &random))", .string(id), offset: step)))
        }
        _ = try await store.enqueue(batch.map { entry($0, $1) }, direction: direction, now: now)
        var folded: [String: PendingChange] = [:]
        for (id, change) in batch where folded[id]?.merge(change) == nil { folded[id] = change }
        for (id, change) in folded { merge(change, into: id, now: now) }
    }

    private mutating func settleInFlight(_ step: Int64, lease: Lease, now: Timestamp) async throws {
        let settlements = settlements(of: inFlight.map { ($0.id, $0.version) }, step)
        for (row, settlement) in zip(inFlight, settlements) {
            try await store.settle([settlement], direction: direction, lease: lease, now: now)
            settle(row.key.recordID, settlement)
        }
        inFlight = []
    }

    private mutating func retryParked(now: Timestamp) async throws {
        _ = try await store.retryParked(integration: "acme", code: nil, now: now)
        for (id, row) in model where row.isParked {
            model[id]?.isParked = false
            model[id]?.attempts = 0
            model[id]?.changedAt = now
        }
    }

    private mutating func openImport(lease: Lease, now: Timestamp) async throws {
        guard direction == .outbound, !inFlight.isEmpty else { return }
        let rows = inFlight.map(importRow)
        imports.append(try await store.openImport(rows, integration: "acme", lease: lease, now: now))
        for row in inFlight {
            model[row.key.recordID]?.isImporting = true
            model[row.key.recordID]?.nextAt = nil
        }
        inFlight = []
    }

    private mutating func closeImport(_ step: Int64, lease: Lease, now: Timestamp) async throws {
        guard let job = imports.popLast() else { return }
        // The last row is forgotten: it must not stay marked.
        let settled = job.rows.dropLast()
        let settlements = settlements(of: settled.map { ($0.rowID, $0.version) }, step)
        try await store.closeImport(job.id, settlements: settlements, lease: lease, now: now)
        for (row, settlement) in zip(settled, settlements) { settle(row.key.recordID, settlement) }
        for row in job.rows { model[row.key.recordID]?.isImporting = false }
    }

    private mutating func settlements(of rows: [(id: Int64, version: Int64)], _ step: Int64) -> [Settlement] {
        let results: [RowSettlement] = [
            .done, .retry(at: at(step + 7), error: transient), .wait(until: at(step + 5)), .park(permanent),
        ]
        return rows.map { row in
            let result = results[Int.random(in: 0..<results.count, using: &random)]
            return Settlement(rowID: row.id, version: row.version, result: result)
        }
    }

    // MARK: What the model does

    private mutating func merge(_ change: PendingChange, into id: String, now: Timestamp) {
        guard var row = model[id] else {
            model[id] = Row(change: change, firstAt: now, changedAt: now)
            return
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

    private mutating func settle(_ id: String, _ settlement: Settlement) {
        guard let row = model[id] else { return }
        let isCurrent = row.version == settlement.version
        switch settlement.result {
        case .done where isCurrent:
            model[id] = nil
        case .retry(let at, _) where isCurrent:
            model[id]?.attempts += 1
            model[id]?.nextAt = at
        case .wait(let until) where isCurrent:
            model[id]?.nextAt = until
        case .park where isCurrent:
            model[id]?.attempts += 1
            model[id]?.nextAt = nil
            model[id]?.isParked = true
        case .done, .park:
            model[id]?.firstAt = row.changedAt
        case .retry, .wait:
            break
        }
    }

    private func compare(now: Timestamp) async throws {
        let waiting = model.filter { !$0.value.isParked }
        let ready = waiting.filter { $0.value.nextAt.map { $0 <= now } ?? !$0.value.isImporting }
        let depth = QueueDepth(
            waiting: waiting.count, ready: ready.count, oldest: ready.values.map(\.firstAt).min(),
            nextAttempt: waiting.values.compactMap(\.nextAt).filter { $0 > now }.min(), parked: model.count - waiting.count)
        #expect(try await store.depth(integration: "acme", direction: direction, now: now) == depth)
        let rows = try await store.take(integration: "acme", direction: direction, limit: 100, now: now)
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
