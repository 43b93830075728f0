import Connectors
import Contracts
import Store
import SyncCore

/// What a flush leads to: each row settled on its own (IN-10).
struct InboundSettling {
    let retry: RetryPolicy
    let now: Timestamp
    /// In 0..<1, spreads retries.
    let jitter: Double

    /// One settlement per row; a row whose integration must wait as a whole has none and stays as it is.
    func settlements(of batch: InboundBatch) -> [Settlement] {
        let items = Dictionary(grouping: batch.items, by: \.row)
        return batch.rows.indices.compactMap { index in
            let row = batch.rows[index]
            if let verdict = batch.verdicts[index] { return settlement(of: row, verdict: verdict) }
            return settlement(of: row, items: items[index] ?? [])
        }
    }

    /// The first failure that concerns the whole integration: a limit reached, credentials refused.
    func hold(of batch: InboundBatch) -> (until: Timestamp?, reason: SyncError)? {
        let undecided = batch.verdicts.sorted { $0.key < $1.key }.compactMap { failure(of: $0.value) }
        for error in undecided + batch.items.compactMap(failure(of:)) {
            if case .holdIntegration(let until) = retry.next(after: error, attempts: 1, now: now, jitter: jitter) {
                return (until, error)
            }
        }
        return nil
    }

    private func settlement(of row: QueueRow, verdict: InboundBatch.Verdict) -> Settlement? {
        switch verdict {
        case .dropped(_, let links):
            return Settlement(rowID: row.id, version: row.version, result: .done, links: links)
        case .skipped(let reason):
            let entry = HistoryEntry(
                row, crmID: nil, at: now, outcome: "skipped", code: reason.rawValue,
                message: reason.explanation)
            return Settlement(rowID: row.id, version: row.version, result: .done, links: [], history: [entry])
        case .ended(let links):
            let history = links.map { link in
                HistoryEntry(
                    row, crmID: link.crmID, at: now, outcome: "link-ended", code: Link.EndReason.marketingDeleted.rawValue)
            }
            return Settlement(rowID: row.id, version: row.version, result: .done, links: links, history: history)
        case .waits:
            return Settlement(rowID: row.id, version: row.version, result: .wait(until: now.advanced(by: .seconds(30))))
        case .failed(let error):
            return settlement(of: row, failedWith: error, links: [], history: [], touches: [], crmID: nil)
        case .postponed, .handedOver:
            return nil
        }
    }

    private func settlement(of row: QueueRow, items: [InboundBatch.Item]) -> Settlement? {
        var links: [Link] = []
        var history: [HistoryEntry] = []
        var touches: [RecordKey] = []
        var rereads: [RecordKey] = []
        var failed: (error: SyncError, crmID: String?)?
        for item in items {
            if let touch = touch(of: item) { touches.append(touch) }
            if let error = failure(of: item) {
                if failed == nil { failed = (error, item.target.link.crmID) }
                continue
            }
            guard let resolution = item.resolution else { continue }
            if resolution.touchesPerson { rereads = [row.key] }
            var link = resolution.link
            if case .success(let success) = item.result {
                link.crmID = success.id
                link.state = .linked
            }
            links.append(link)
            if let entry = entry(for: row, item: item, resolution: resolution, crmID: link.crmID) { history.append(entry) }
            if !resolution.frozen.isEmpty { history.append(frozen(resolution.frozen, row, crmID: link.crmID)) }
        }
        guard let failed else {
            return Settlement(
                rowID: row.id, version: row.version, result: .done, links: links, history: history, touches: touches,
                inboundTouches: rereads)
        }
        return settlement(
            of: row, failedWith: failed.error, links: links, history: history, touches: touches, crmID: failed.crmID)
    }

    /// The CRM record outbound has to look at though nothing changed it.
    func touch(of item: InboundBatch.Item) -> RecordKey? {
        guard let resolution = item.resolution, resolution.touch, let id = resolution.link.crmID else { return nil }
        return RecordKey(integration: resolution.link.integration, object: resolution.link.object.rawValue, recordID: id)
    }

    func frozen(_ fields: [String], _ row: QueueRow, crmID: String?) -> HistoryEntry {
        HistoryEntry(
            row, crmID: crmID, at: now, outcome: "frozen", code: "bouncing",
            message: "kept changing to and fro between the two sides and stands still now: \(fields.joined(separator: ", "))")
    }

    func settlement(
        of row: QueueRow, failedWith error: SyncError, links: [Link], history: [HistoryEntry], touches: [RecordKey],
        crmID: String?
    ) -> Settlement? {
        switch retry.next(after: error, attempts: row.attempts + 1, now: now, jitter: jitter) {
        case .holdIntegration: return nil
        case .retry(let at):
            return Settlement(
                rowID: row.id, version: row.version, result: .retry(at: at, error: error), links: links, history: history,
                touches: touches)
        case .park:
            let entry = HistoryEntry(
                row, crmID: crmID, at: now, outcome: "parked", code: error.code,
                message: error.message)
            return Settlement(
                rowID: row.id, version: row.version, result: .park(error), links: links, history: history + [entry],
                touches: touches)
        }
    }

    private func failure(of verdict: InboundBatch.Verdict) -> SyncError? {
        if case .failed(let error) = verdict { error } else { nil }
    }

    private func failure(of item: InboundBatch.Item) -> SyncError? {
        if case .failed(let error) = item.resolution?.outcome { return error }
        if case .failure(let error) = item.result { return error }
        return nil
    }

    func entry(
        for row: QueueRow, item: InboundBatch.Item, resolution: InboundResolution, crmID: String?
    ) -> HistoryEntry? {
        let outcome: String
        switch resolution.outcome {
        case .create: outcome = "created"
        case .update: outcome = "updated"
        case .adopt: outcome = "adopted"
        case .ignoredByConflict: outcome = "ignored-by-conflict"
        case .unchanged:
            // An edit that lost to the CRM is worth remembering, an echo is not.
            guard !resolution.link.overruled.isEmpty else { return nil }
            outcome = "crm-won"
        case .failed: return nil
        }
        return HistoryEntry(
            row, crmID: crmID, at: now, outcome: outcome, code: resolution.link.object.rawValue,
            details: .array(resolution.decisions.map(\.json)))
    }
}

extension HistoryEntry {
    init(
        _ row: QueueRow, crmID: String?, at: Timestamp, outcome: String, code: String? = nil, message: String? = nil,
        details: JSONValue = .null
    ) {
        self.init(
            integration: row.key.integration, direction: .inbound, object: row.key.object, marketingID: row.key.recordID,
            crmID: crmID, at: at, outcome: outcome, code: code, message: message, details: details)
    }
}

extension SkipReason {
    /// For the operator.
    fileprivate var explanation: String {
        switch self {
        case .noEmail: "a person without an email address does not sync"
        }
    }
}
