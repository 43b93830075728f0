import Connectors
import Contracts
import Logging
import Store
import SyncCore

/// Hands many records over to the CRM in bulk jobs: their rows are marked and the job's id is kept before it is given any, so
/// that whoever goes on after a crash knows what is on its way (GEN-6).
struct InboundBulk {
    /// How many rows are read at once for a bulk job; more would only hold more in memory.
    static let batch = 20_000
    /// After the CRM took no more jobs, or there were too few rows of one kind, so long passes until the next try.
    static let pause = Duration.seconds(600)

    /// What one job does, and to what.
    struct Kind: Hashable {
        var object: CRMObject
        var operation: CRMImportOperation
    }

    let integration: StoredIntegration
    let store: Store
    let crm: any CRMConnection
    let clock: any WallClock
    let lease: Lease
    let logger: Logger

    private var name: String { integration.settings.name }

    /// How many waiting rows are worth a look for a bulk job.
    static func limit(_ settings: InboundSettings) -> Int { max(settings.bulkFrom, batch) }

    /// Takes the writes that are many enough of one kind out of the batch and sends them off. False when the CRM takes no jobs.
    func handOver(_ batch: inout InboundBatch) async throws -> Bool {
        var isTaken = true
        let groups = groups(of: batch).filter { $0.writes.count > integration.settings.inbound.bulkFrom / 2 }
        var rows: [(Set<Int>, InboundBatch.Verdict)] = []
        for (kind, group) in groups {
            if isTaken { isTaken = try await start(kind, group, in: batch) }
            // If not, they go without a job in later turns, a call's worth at a time.
            rows.append((Set(group.map { batch.items[$0.item].row }), isTaken ? .handedOver : .postponed))
        }
        // Not before: the groups name items by their place.
        for (rows, verdict) in rows { batch.leave(rows, as: verdict) }
        return isTaken
    }

    /// What a job can carry; two writes of one record could not be told apart in its results.
    private func groups(of batch: InboundBatch) -> [(kind: Kind, writes: [(item: Int, write: CRMWrite)])] {
        var groups: [Kind: [(item: Int, write: CRMWrite)]] = [:]
        var seen: Set<[String]> = []
        for (item, write) in batch.writes() where crm.canImport(write) {
            guard seen.insert([write.object.rawValue, write.importKey]).inserted else { continue }
            groups[Kind(object: write.object, operation: write.importOperation), default: []].append((item, write))
        }
        return groups.sorted {
            ($0.key.object.rawValue, $0.key.operation.rawValue) < ($1.key.object.rawValue, $1.key.operation.rawValue)
        }
        .map { ($0.key, $0.value) }
    }

    /// Until the job's id is kept nothing was sent, and the rows can be given back at once. After that the job itself tells how
    /// far it got, see ``BulkSettling``.
    private func start(
        _ kind: Kind, _ writes: [(item: Int, write: CRMWrite)], in batch: InboundBatch
    ) async throws -> Bool {
        let settling = InboundSettling(retry: .standard, now: clock.now(), jitter: 0)
        let rows = writes.compactMap { settling.bulkRow(for: batch.items[$0.item], of: batch.rows, sending: $0.write) }
        let bulk = try await store.openBulkWrite(
            rows, integration: name, object: kind.object, operation: kind.operation.rawValue, lease: lease, now: clock.now())
        let job: String
        do throws(SyncError) {
            job = try await crm.openImport(of: kind.object, kind.operation)
        } catch {
            try await store.settleBulkRows(rows, of: bulk, settlements: [], lease: lease, now: clock.now())
            guard error.code == SyncError.bulkQuota else { throw error }
            logger.notice("the CRM takes no bulk jobs", metadata: ["code": "\(error.code)", "error": "\(error.message)"])
            return false
        }
        try await store.setBulkJob(bulk.id, jobID: job, lease: lease, now: clock.now())
        do throws(SyncError) {
            try await crm.upload(writes.map(\.write), toImport: job)
            try await crm.closeImport(job)
            logger.info("bulk job started", metadata: ["job": "\(job)", "records": "\(rows.count)"])
        } catch {
            // The reason may quote values: each record's own refusal keeps it, the log does not.
            logger.warning("a bulk job was not started", metadata: ["job": "\(job)", "code": "\(error.code)"])
        }
        return true
    }
}

extension InboundBatch {
    /// Keeps what bulk jobs are for, if it is many enough of one kind, together with what is decided already; else what a turn
    /// of the usual size would have taken. The other rows keep their place. Whether there is enough.
    ///
    /// Who failed before goes without a job, which says less of why.
    mutating func chooseForBulk(from threshold: Int, otherwise size: Int) -> Bool {
        let asking = Set(incompleteRows()).union(doubtfulRows())
        let itemsOfRow = Dictionary(grouping: items, by: \.row)
        var kinds: [InboundTarget.Kind: [CRMObject: Set<Int>]] = [:]
        for (row, items) in itemsOfRow where rows[row].attempts == 0 && !asking.contains(row) {
            guard items.count == 1, let item = items.first, item.resolution == nil, item.target.object.isPerson else { continue }
            kinds[item.target.kind, default: [:]][item.target.object, default: []].insert(row)
        }
        let chosen = kinds.values.flatMap(\.values).filter { $0.count >= threshold }.reduce(into: Set<Int>()) { $0.formUnion($1) }
        if chosen.isEmpty {
            leave(Set(rows.indices.dropFirst(size)), as: .postponed)
            return false
        }
        let decided = itemsOfRow.filter { $0.value.allSatisfy { $0.resolution != nil } }.keys
        leave(Set(itemsOfRow.keys).subtracting(chosen).subtracting(decided), as: .postponed)
        return true
    }
}
