import Connectors
import Contracts
import Logging
import Store
import SyncCore

/// Settles a bulk write: asks the CRM how far its job is, and settles every row by its own result.
struct BulkSettling {
    /// So many rows are settled in one transaction, so that other processes get to write in between.
    private static let portion = 1_000
    /// A job that takes longer is given up.
    private static let patience = Duration.seconds(24 * 3600)

    let bulk: BulkWrite
    let store: Store
    let crm: any CRMConnection
    let retry: RetryPolicy
    let jitter: Double
    let clock: any WallClock
    let lease: Lease
    let logger: Logger

    /// How long until the job is worth another look: half its age, for every look is a call.
    static func pause(for bulk: BulkWrite, now: Timestamp) -> Duration {
        min(max(now.since(bulk.startedAt) / 2, .seconds(20)), .seconds(900))
    }

    /// Whether it is settled; else it is under way.
    func settle() async throws -> Bool {
        guard let job = bulk.jobID, let operation = CRMImportOperation(rawValue: bulk.operation) else {
            // Nothing was sent.
            try await settleRows { _ in nil }
            return true
        }
        switch try await crm.importState(job) {
        case .open:
            try await crm.abortImport(job)
            try await settle([:], SyncError(.transient, code: "bulk-not-started", message: "bulk job \(job) was not started"))
        case .running:
            guard clock.now().since(bulk.startedAt) > Self.patience else { return false }
            try await crm.abortImport(job)
            return false
        case .finished:
            try await settle(
                try await crm.importResults(job, of: bulk.object, operation),
                SyncError(.inDoubt, code: "bulk-unclear", message: "bulk job \(job) said nothing of the record"))
        case .failed(let error):
            // What it did not come to goes without a job, which shows whether the records are at fault.
            let error = SyncError(.inDoubt, code: error.code, message: error.message, fields: error.fields)
            try await settle(try await resultsIfAny(job, operation), error)
        }
        return true
    }

    private func resultsIfAny(
        _ job: String, _ operation: CRMImportOperation
    ) async throws(SyncError) -> [String: Result<CRMWriteSuccess, SyncError>] {
        do throws(SyncError) {
            return try await crm.importResults(job, of: bulk.object, operation)
        } catch {
            // The job is gone; what it wrote is found by reading.
            guard error.errorClass == .permanent else { throw error }
            return [:]
        }
    }

    private func settle(_ results: [String: Result<CRMWriteSuccess, SyncError>], _ other: SyncError) async throws {
        let settling = InboundSettling(retry: retry, now: clock.now(), jitter: jitter)
        let (count, failed) = try await settleRows { row in
            settling.settlement(of: row, results[row.resultKey] ?? .failure(other))
        }
        logger.info(
            "bulk write settled",
            metadata: ["job": "\(bulk.jobID ?? "")", "records": "\(count)", "failed": "\(failed)"])
    }

    /// How many rows there were, and how many of them are not done.
    @discardableResult
    private func settleRows(_ settlement: (BulkRow) -> Settlement?) async throws -> (count: Int, failed: Int) {
        var (count, failed) = (0, 0)
        while case let rows = try await store.bulkRows(of: bulk, limit: Self.portion), !rows.isEmpty {
            let settlements = rows.compactMap(settlement)
            try await store.settleBulkRows(rows, of: bulk, settlements: settlements, lease: lease, now: clock.now())
            count += rows.count
            failed += rows.count - settlements.count { $0.result == .done }
        }
        return (count, failed)
    }
}

// MARK: What waits for a result

extension InboundSettling {
    /// What is kept of an item about to be handed over: all that settles its row once it was written.
    func bulkRow(for item: InboundBatch.Item, of rows: [QueueRow], sending write: CRMWrite) -> BulkRow? {
        guard let resolution = item.resolution else { return nil }
        let row = rows[item.row]
        guard let entry = entry(for: row, item: item, resolution: resolution, crmID: resolution.link.crmID) else { return nil }
        return BulkRow(
            rowID: row.id, version: row.version, key: row.key, resultKey: write.importKey, link: resolution.link,
            outcome: entry.outcome,
            details: [
                "decisions": entry.details, "frozen": .array(resolution.frozen.map(JSONValue.string)),
                "touches": .boolean(touch(of: item) != nil), "rereads": .boolean(resolution.touchesPerson),
            ])
    }

    /// `nil` when the row is simply to be ready again.
    func settlement(of bulk: BulkRow, _ result: Result<CRMWriteSuccess, SyncError>) -> Settlement? {
        let row = QueueRow(
            id: bulk.rowID, key: bulk.key, version: bulk.version, change: PendingChange(), attempts: 0, firstAt: now)
        var link = bulk.link
        let touches = bulk.details["touches"]?.boolValue == true ? [key(of: link)].compactMap(\.self) : []
        switch result {
        case .success(let success):
            (link.crmID, link.state) = (success.id, .linked)
            let frozen = bulk.details["frozen"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let entry = HistoryEntry(
                row, crmID: success.id, at: now, outcome: bulk.outcome, code: link.object.rawValue,
                details: bulk.details["decisions"] ?? .array([]))
            return Settlement(
                rowID: row.id, version: row.version, result: .done, links: [link],
                history: [entry] + (frozen.isEmpty ? [] : [self.frozen(frozen, row, crmID: success.id)]), touches: touches,
                inboundTouches: bulk.details["rereads"]?.boolValue == true ? [row.key] : [])
        case .failure(let error):
            // What only duplicate rules keep out is let in where a call can say so.
            let error = error.code == "DUPLICATES_DETECTED" ? error.passing : error
            return settlement(of: row, failedWith: error, links: [], history: [], touches: touches, crmID: link.crmID)
        }
    }

    private func key(of link: Link) -> RecordKey? {
        link.crmID.map { RecordKey(integration: link.integration, object: link.object.rawValue, recordID: $0) }
    }
}

extension SyncError {
    fileprivate var passing: SyncError { SyncError(.transient, code: code, message: message, fields: fields) }
}
