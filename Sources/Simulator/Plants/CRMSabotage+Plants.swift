import Connectors
import SyncCore
import Synchronization

// Polls and reads

extension CRMSabotage {
    /// Pages of two rows, each beginning after the time of the one before.
    static let nextByTimeAlone: @Sendable (CRMFeedPage, CRMFeedRequest) -> CRMFeedPage = { page, request in
        guard case .changed = request.scope else { return page }
        var rows = page.records
        if let stamp = request.after?.stamp { rows.removeAll { $0.stamp == stamp } }
        let head = Array(rows.prefix(2))
        guard head.count < rows.count, let last = head.last else { return CRMFeedPage(records: head, next: page.next) }
        return CRMFeedPage(records: head, next: CRMCursor(stamp: last.stamp, id: last.id))
    }

    static let withoutMark: @Sendable (CRMRecord, Reading) -> CRMRecord = { record, reading in
        guard reading == .merging else { return record }
        var record = record
        record.syncStatus = nil
        return record
    }

    static let unconverted: @Sendable (CRMRecord, Reading) -> CRMRecord = { record, _ in
        var record = record
        (record.isConverted, record.convertedTo) = (false, nil)
        return record
    }

    static let unmerged: @Sendable (CRMRecord, Reading) -> CRMRecord = { record, _ in
        var record = record
        record.mergedInto = nil
        return record
    }
}

/// Remembers records as polls of any process saw them, and takes that for what they are.
final class PollCache: Sendable {
    private let records = Mutex<[String: CRMRecord]>([:])

    var sabotage: Sabotage { Sabotage(crm: { CRMSabotage(record: self.record) }) }

    private var record: @Sendable (CRMRecord, CRMSabotage.Reading) -> CRMRecord {
        { record, reading in
            switch reading {
            case .merging: return self.records.withLock { $0[record.id] } ?? record
            case .polling: self.records.withLock { $0[record.id] = record }
            case .delivering: break
            }
            return record
        }
    }
}

// Writes

extension CRMSabotage {
    typealias Write = @Sendable ([CRMWrite], any CRM) async -> Writes

    /// The answer's status counts for every row in it.
    static let settlingTogether: Write = { writes, crm in
        let results = await crm.write(writes)
        guard results.contains(where: { if case .success = $0 { true } else { false } }) else { return results }
        return zip(writes, results).map { write, result in
            guard case .update(let id) = write.target, case .failure = result else { return result }
            return .success(CRMWriteSuccess(id: id, created: false))
        }
    }

    /// Of a record that was to be changed nobody asks for an id.
    static let settlingJob: @Sendable (Imported, CRMImportOperation) -> Imported = { results, operation in
        guard operation == .update else { return results }
        return Dictionary(uniqueKeysWithValues: results.map { ($0.key, .success(CRMWriteSuccess(id: $0.key, created: false))) })
    }

    static let failingForGood: Write = { writes, crm in
        await crm.write(writes).map {
            $0.mapError { SyncError(.permanent, code: $0.code, message: $0.message, fields: $0.fields) }
        }
    }

    /// What was to be created and perhaps was is created again, as somebody else.
    static let creatingAgain: Write = { writes, crm in
        var results = await crm.write(writes)
        for index in writes.indices {
            guard case .upsert(let externalID) = writes[index].target, case .failure(let error) = results[index],
                error.errorClass == .inDoubt
            else { continue }
            var copy = writes[index]
            copy.target = .upsert(externalID: "\(externalID)-again")
            results[index] = await crm.write([copy]).first ?? results[index]
        }
        return results
    }

    static let withTitles: Write = { writes, crm in
        await crm.write(
            writes.map { write in
                guard write.object.isPerson, !write.values.isEmpty else { return write }
                var write = write
                write.values["Title"] = .text("Customer")
                return write
            })
    }

    static let withoutStatus: Write = { writes, crm in
        let silent = writes.map { write in
            var write = write
            write.syncStatus = nil
            return write
        }
        return await crm.write(silent)
    }
}
