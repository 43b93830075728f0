import Contracts
import GRDB
import SyncCore

/// A batch of entries made ready for writing.
enum QueueBatch {
    struct Record: Sendable {
        var id: String
        var change: PendingChange
        /// The change as it is stored.
        var text: String
    }

    /// The records of one integration's object, in the order they first came.
    struct Group: Sendable {
        var integration: String
        var object: String
        var records: [Record]
        var isTouch = false
    }

    static func groups(of entries: [QueueEntry]) -> [Group] {
        var order: [RecordKey] = []
        var folded: [RecordKey: PendingChange] = [:]
        for entry in entries where folded[entry.key]?.merge(entry.change) == nil {
            folded[entry.key] = entry.change
            order.append(entry.key)
        }
        var groups: [Group] = []
        var places: [[String]: Int] = [:]
        for key in order {
            guard let change = folded[key] else { continue }
            let record = Record(id: key.recordID, change: change, text: change.json.text)
            let scope = [key.integration, key.object]
            if let place = places[scope] {
                groups[place].records.append(record)
            } else {
                places[scope] = groups.count
                groups.append(Group(integration: key.integration, object: key.object, records: [record]))
            }
        }
        return groups
    }
}

extension QueueTable {
    /// Folds the records of one group into their rows; how many rows are new.
    static func enqueue(
        _ group: QueueBatch.Group, direction: Direction, now: Timestamp, names: inout IntegrationNames, counts: inout QueueCounts,
        _ db: Database
    ) throws -> Int {
        let integration = try names.id(of: group.integration)
        let existing = try existing(
            integration: integration, direction: direction, object: group.object, recordIDs: group.records.map(\.id), db)
        var inserted = 0
        for record in group.records {
            guard let row = existing[record.id] else {
                let key = RecordKey(integration: group.integration, object: group.object, recordID: record.id)
                try insert(integration: integration, direction: direction, key: key, change: record.text, now: now, db)
                counts.add(1, integration: integration, direction: direction, state: .ready)
                inserted += 1
                continue
            }
            var merged = row.change
            merged.merge(record.change)
            // A touch tells of something that no change shows: it counts even where its moment is known already.
            guard merged != row.change || group.isTouch else { continue }
            try replace(
                row, with: merged.json.text, integration: integration, direction: direction, now: now, counts: &counts, db)
        }
        return inserted
    }

    /// Queues records to be looked at again because of what was settled now.
    static func touch(
        _ keys: [RecordKey], direction: Direction, now: Timestamp, names: inout IntegrationNames, counts: inout QueueCounts,
        _ db: Database
    ) throws {
        let change = PendingChange(touchedAt: Stamp(at: now, sequence: 0))
        for var group in QueueBatch.groups(of: keys.map { QueueEntry(key: $0, change: change) }) {
            group.isTouch = true
            _ = try enqueue(group, direction: direction, now: now, names: &names, counts: &counts, db)
        }
    }
}
