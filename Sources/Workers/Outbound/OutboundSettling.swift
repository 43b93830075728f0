import Connectors
import Contracts
import Store
import SyncCore

/// What a delivery leads to: each row settled on its own.
struct OutboundSettling {
    /// How long a row waits for something else of the same person.
    private static let pause = Duration.seconds(30)

    let retry: RetryPolicy
    let now: Timestamp
    /// In 0..<1, spreads retries.
    let jitter: Double

    /// One settlement per item whose turn it was; the others stay as they are.
    func settlements(of items: [OutboundBatch.Item]) -> [Settlement] { items.compactMap(settlement) }

    /// The first failure that concerns the whole integration: a limit reached, credentials refused.
    func hold(of batch: OutboundBatch) -> (until: Timestamp?, reason: SyncError)? {
        for error in batch.items.compactMap({ $0.failure ?? $0.unfinished ?? $0.relation?.error }) {
            if case .holdIntegration(let until) = retry.next(after: error, attempts: 1, now: now, jitter: jitter) {
                return (until, error)
            }
        }
        return nil
    }

    private func settlement(of item: OutboundBatch.Item) -> Settlement? {
        if let error = item.failure {
            let entry = Entry(
                key: item.row.key, object: item.object, marketingID: item.resolution.link?.marketingID ?? "", at: now)
            let failed = Delivered(rowID: item.row.id, version: item.row.version, attempts: item.row.attempts, entry: entry)
            // Whether the person was made all the same is looked for at once, before anybody changes the email.
            if item.isInDoubt, item.object.isPerson, item.resolution.outcome == .create, item.row.attempts == 0 {
                return result(.retry(at: now, error: error), of: failed)
            }
            let settlement = settlement(of: failed, failedWith: error)
            return item.overwritten.map { settlement?.restoring($0, now: now) } ?? settlement
        }
        if item.resolution.needsWrite, item.result == nil { return nil }
        switch item.resolution.outcome {
        case .wait:
            return Settlement(rowID: item.row.id, version: item.row.version, result: .wait(until: nextLook(at: item)))
        case .skip(.notSelected), .skip(.gone), .skip(.ended), .skip(.notRelated):
            return Settlement(rowID: item.row.id, version: item.row.version, result: .done)
        default: return delivered(item)
        }
    }

    /// The longer it waited, the less often it is looked at: a look costs the CRM a call.
    private func nextLook(at item: OutboundBatch.Item) -> Timestamp {
        now.advanced(by: max(Self.pause, min(now.since(item.row.firstAt) / 4, .seconds(3600))))
    }

    private func delivered(_ item: OutboundBatch.Item) -> Settlement {
        var outcome = Delivered(
            rowID: item.row.id, version: item.row.version, attempts: item.row.attempts,
            entry: Entry(key: item.row.key, object: item.object, marketingID: item.resolution.link?.marketingID ?? "", at: now))
        outcome.links = item.resolution.otherLinks
        if var link = item.resolution.link {
            if let relation = item.relation { link.relation = relation }
            if item.leftAccount { link.relation = nil }
            outcome.links.insert(link, at: 0)
            // An import has given its tags already, by name.
            outcome.tags = item.resolution.tags.map {
                TagOrder(integration: item.row.key.integration, contactID: link.marketingID, change: $0)
            }
        }
        outcome.history = [entry(for: item)].compactMap(\.self)
        outcome.touches = item.resolution.touches
        if item.resolution.touchesPerson, let person = item.resolution.link?.marketingID {
            outcome.inboundTouches = [
                RecordKey(integration: item.row.key.integration, object: CRMObject.contact.rawValue, recordID: person)
            ]
        }
        outcome.rival = item.resolution.rival
        outcome.frozen = item.resolution.frozen
        if let error = item.unfinished {
            return settlement(of: outcome, failedWith: error) ?? result(.wait(until: now), of: outcome)
        }
        if item.isRelationPostponed { return result(.wait(until: now), of: outcome) }
        if let error = item.relation?.error, !isForGood(error) {
            return settlement(of: outcome, failedWith: error) ?? result(.wait(until: now), of: outcome)
        }
        if item.resolution.isUndecided { return result(.wait(until: nextLook(at: item)), of: outcome) }
        return settlement(of: outcome, shown: item.writeBack)
    }

    /// The settlement of a person an import took over; `shown` is what the CRM said to being told, `nil` when there was nothing
    /// to tell.
    func settlement(of row: ImportRow, _ parcel: ImportParcel, shown: Result<CRMWriteSuccess, SyncError>?) -> Settlement {
        let object = row.link.object
        let entry = Entry(key: row.key, object: object, marketingID: parcel.link.marketingID, at: now)
        var outcome = Delivered(rowID: row.rowID, version: row.version, attempts: 0, entry: entry)
        outcome.links = [parcel.link]
        outcome.history = [entry.named(row.outcome, code: object.rawValue, details: parcel.decisions)]
        outcome.touches = parcel.touches
        outcome.frozen = parcel.frozen
        return settlement(of: outcome, shown: shown)
    }

    /// The settlement of a person an import did not take over.
    func settlement(ofImported row: ImportRow, failedWith error: SyncError) -> Settlement {
        let entry = Entry(key: row.key, object: row.link.object, marketingID: row.marketingID ?? "", at: now)
        let attempts = row.details["attempts"]?.intValue ?? 0
        let failed = Delivered(rowID: row.rowID, version: row.version, attempts: attempts, entry: entry)
        return settlement(of: failed, failedWith: error)
            ?? Settlement(rowID: row.rowID, version: row.version, result: .wait(until: now))
    }

    /// What a delivered record leaves behind.
    private struct Delivered {
        var rowID: Int64
        var version: Int64
        var attempts: Int
        var entry: Entry
        var links: [Link] = []
        var history: [HistoryEntry] = []
        var tags: [TagOrder] = []
        var touches: [RecordKey] = []
        var inboundTouches: [RecordKey] = []
        var rival: Link?
        var frozen: [String] = []
    }

    private func settlement(of delivered: Delivered, shown: Result<CRMWriteSuccess, SyncError>?) -> Settlement {
        var delivered = delivered
        if !delivered.frozen.isEmpty {
            let fields = delivered.frozen.joined(separator: ", ")
            delivered.history.append(
                delivered.entry.named(
                    "frozen", code: "bouncing",
                    message: "kept changing to and fro between the two sides and stands still now: \(fields)"))
        }
        if case .failure(let error) = shown {
            guard isForGood(error) else {
                return settlement(of: delivered, failedWith: error) ?? result(.wait(until: now), of: delivered)
            }
            delivered.history.append(delivered.entry.named("write-back-refused", code: error.code, message: error.message))
        }
        return result(.done, of: delivered)
    }

    /// A refusal that will not change: the marketing side is in step all the same, and repeating it helps nobody.
    private func isForGood(_ error: SyncError) -> Bool {
        if case .park = retry.next(after: error, attempts: 1, now: now, jitter: jitter) { return true }
        return false
    }

    /// `nil` when the whole integration has to wait: the row stays as it is.
    private func settlement(of delivered: Delivered, failedWith error: SyncError) -> Settlement? {
        switch retry.next(after: error, attempts: delivered.attempts + 1, now: now, jitter: jitter) {
        case .holdIntegration: return nil
        case .retry(let at): return result(.retry(at: at, error: error), of: delivered)
        case .park:
            var delivered = delivered
            delivered.history.append(delivered.entry.named("parked", code: error.code, message: error.message))
            return result(.park(error), of: delivered)
        }
    }

    private func result(_ result: RowSettlement, of delivered: Delivered) -> Settlement {
        var settlement = Settlement(
            rowID: delivered.rowID, version: delivered.version, result: result, links: delivered.links, history: delivered.history
        )
        settlement.tags = delivered.tags
        settlement.touches = delivered.touches
        settlement.inboundTouches = delivered.inboundTouches
        settlement.rival = delivered.rival
        return settlement
    }

    /// The history of a link that ended by itself.
    static func ending(of link: Link, at now: Timestamp) -> HistoryEntry {
        let key = RecordKey(integration: link.integration, object: link.object.rawValue, recordID: link.crmID ?? "")
        return Entry(key: key, object: link.object, marketingID: link.marketingID, at: now)
            .named("link-ended", code: link.endedBy?.rawValue)
    }

    private func entry(for item: OutboundBatch.Item) -> HistoryEntry? {
        let details = JSONValue.array(item.resolution.decisions.map(\.json))
        let entry = Entry(key: item.row.key, object: item.object, marketingID: item.resolution.link?.marketingID ?? "", at: now)
        switch item.resolution.outcome {
        case .create: return entry.named("marketing-created", code: item.object.rawValue, details: details)
        case .update where item.resolution.needsWrite:
            return entry.named("marketing-updated", code: item.object.rawValue, details: details)
        case .update, .unchanged:
            // Something was considered and left as it is: worth remembering; an echo is not.
            guard !item.resolution.decisions.isEmpty else { return nil }
            return entry.named("marketing-kept", code: item.object.rawValue, details: details)
        case .skip(let reason): return entry.named("skipped", code: reason.rawValue, message: reason.explanation)
        case .end(let reason): return entry.named("link-ended", code: reason.rawValue)
        case .move(let object, let id):
            return entry.named(
                object == item.object ? "link-moved" : "lead-converted", code: object.rawValue,
                message: "the link goes on with \(object.rawValue) \(id)")
        case .wait, .failed: return nil
        }
    }

    /// The part of history entries that all of one record share.
    private struct Entry {
        var key: RecordKey
        var object: CRMObject
        var marketingID: String
        var at: Timestamp

        func named(_ outcome: String, code: String? = nil, message: String? = nil, details: JSONValue = .null) -> HistoryEntry {
            HistoryEntry(
                integration: key.integration, direction: .outbound, object: object.rawValue, marketingID: marketingID,
                crmID: key.recordID, at: at, outcome: outcome, code: code, message: message, details: details)
        }
    }
}

extension OutboundBatch.Item {
    var failure: SyncError? {
        if case .failed(let error) = resolution.outcome { return error }
        if case .failure(let error) = result { return error }
        return nil
    }
}

extension OutboundSkip {
    /// For the operator.
    var explanation: String {
        switch self {
        case .notSelected: "the record is not among those selected for marketing"
        case .noEmail: "a person without an email address does not sync"
        case .duplicateEmail: "another record with this email address is linked already"
        case .contactGoesFirst: "the person is a contact as well, whose values are the ones that flow"
        case .gone: "the record is gone and was never linked"
        case .deletedInMarketing: "the person was deleted in marketing and is not brought back"
        case .ended: "the record's link has ended"
        case .notRelated: "no syncing person belongs to the record"
        }
    }
}

extension SyncError {
    /// The email may be that of a person whose own change of email is still on its way: one person, one record of an object.
    static func alreadyLinked(contact id: String, to link: Link) -> SyncError {
        SyncError(
            .permanent, code: "already-linked",
            message: "the person with this email, contact \(id), belongs to \(link.object.rawValue) \(link.crmID ?? "") already")
    }
}

extension Link {
    /// Whether the link is a live one of another CRM record.
    func belongsToAnother(than link: Link) -> Bool { state != .ended && crmID != link.crmID }
}

extension Settlement {
    /// Has the values of another record's link written again: its person was overwritten before it turned out whose it is.
    func restoring(_ other: Link, now: Timestamp) -> Settlement {
        var other = other
        other.writtenAt = now
        other.overruled.formUnion(other.base.keys)
        var settlement = self
        settlement.links.append(other)
        if let id = other.crmID {
            settlement.touches.append(
                RecordKey(integration: other.integration, object: other.object.rawValue, recordID: id))
        }
        return settlement
    }
}
