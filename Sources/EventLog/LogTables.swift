internal import Contracts
internal import Foundation
internal import GRDB

/// The row id of a partition.
typealias PartitionID = Int64

/// `log_partition`: which partitions there are, and what was trimmed from their front.
enum PartitionTable {
    struct Row: Sendable {
        var id: PartitionID
        var topic: String
        var number: Int32
        var firstOffset: Int64
    }

    static func all(_ db: Database) throws -> [Row] {
        try GRDB.Row.fetchAll(db, sql: "SELECT id, topic, number, first_offset FROM log_partition ORDER BY topic, number")
            .map { Row(id: $0[0], topic: $0[1], number: $0[2], firstOffset: $0[3]) }
    }

    static func insert(_ topic: String, _ number: Int32, _ db: Database) throws -> PartitionID {
        try db.execute(
            sql: "INSERT INTO log_partition (topic, number, first_offset) VALUES (?, ?, 0)", arguments: [topic, number])
        return db.lastInsertedRowID
    }

    static func setFirstOffset(_ offset: Int64, of id: PartitionID, _ db: Database) throws {
        try db.execute(sql: "UPDATE log_partition SET first_offset = ? WHERE id = ?", arguments: [offset, id])
    }
}

/// `log_record`: one row a record. The row id is the partition's id followed by the offset in its low bits, so that a
/// partition lies together in offset order and no second index is needed.
enum RecordTable {
    private static let offsetBits: Int64 = 40
    /// A partition ends here; at 100 000 records a second that is four months of nothing but appending to it.
    static let maxOffset: Int64 = (1 << offsetBits) - 1
    static let maxPartitionID: PartitionID = (1 << (62 - offsetBits)) - 1
    /// A batch is cut here even when it holds fewer records than asked for, so that memory stays bounded.
    private static let maxBatchBytes = 16 << 20

    static func rowID(_ partition: PartitionID, _ offset: Int64) -> Int64 { partition << offsetBits | offset }

    /// The offset the next record of `partition` gets, if it has any records.
    static func end(of partition: PartitionID, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db, sql: "SELECT max(id) FROM log_record WHERE id >= ? AND id <= ?",
            arguments: [rowID(partition, 0), rowID(partition, maxOffset)]
        ).map { ($0 & maxOffset) + 1 }
    }

    static func insert(
        _ message: EncodedMessage, in partition: PartitionID, at offset: Int64, _ time: Timestamp, _ db: Database
    ) throws {
        let statement = try db.cachedStatement(sql: "INSERT INTO log_record (id, appended_at, message) VALUES (?, ?, ?)")
        statement.setUncheckedArguments([
            rowID(partition, offset), time.milliseconds, Data(MessageCoding.encode(message)),
        ])
        try statement.execute()
    }

    /// At most `limit` records of `partition` from `offset` on.
    static func read(
        _ partition: PartitionID, named name: TopicPartition, from offset: Int64, limit: Int, _ db: Database
    ) throws -> [LogRecord] {
        let statement = try db.cachedStatement(
            sql: "SELECT id, appended_at, message FROM log_record WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?")
        let rows = try Row.fetchCursor(
            statement, arguments: [rowID(partition, offset), rowID(partition, maxOffset), limit])
        var records: [LogRecord] = []
        var size = 0
        while size < maxBatchBytes, let row = try rows.next() {
            let found = (row[0] as Int64) & maxOffset
            let stored = [UInt8](row[2] as Data)
            guard let message = MessageCoding.decode(stored) else {
                throw EventLogError(
                    code: "DAMAGED_RECORD",
                    reason: "offset \(found) of \(name.topic)/\(name.partition) cannot be read", isTransient: false)
            }
            size += stored.count
            records.append(
                LogRecord(
                    topic: name.topic, partition: name.partition, offset: found,
                    timestamp: Timestamp(milliseconds: row[1]), message: message))
        }
        return records
    }

    /// Deletes records older than `time` from the front of `partition`, at most `limit` and none from offset `bound` on.
    /// Returns the new first offset, if anything was deleted.
    static func trim(
        _ partition: PartitionID, from first: Int64, bound: Int64, olderThan time: Timestamp, limit: Int, _ db: Database
    ) throws -> (firstOffset: Int64, count: Int)? {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT id, appended_at FROM log_record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            arguments: [rowID(partition, first), rowID(partition, bound), limit])
        var last: Int64?
        while let row = try rows.next(), (row[1] as Int64) < time.milliseconds { last = row[0] }
        guard let last else { return nil }
        try db.execute(
            sql: "DELETE FROM log_record WHERE id >= ? AND id <= ?", arguments: [rowID(partition, first), last])
        return ((last & maxOffset) + 1, db.changesCount)
    }
}

/// `log_group` and `log_group_offset`: how far each consumer group came.
enum GroupTable {
    /// The group's row id and its committed offsets, after registering it for `partitions`.
    static func register(
        _ name: String, partitions: [PartitionID], _ db: Database
    ) throws -> (id: Int64, committed: [PartitionID: Int64]) {
        try db.execute(sql: "INSERT INTO log_group (name) VALUES (?) ON CONFLICT (name) DO NOTHING", arguments: [name])
        guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM log_group WHERE name = ?", arguments: [name]) else {
            throw EventLogError(code: "STORAGE", reason: "group \(name) was not stored", isTransient: false)
        }
        for partition in partitions {
            // Present from the start, so that a group which has not committed yet holds back trimming.
            try db.execute(
                sql: """
                    INSERT INTO log_group_offset (group_id, partition_id, next_offset) VALUES (?, ?, 0)
                    ON CONFLICT (group_id, partition_id) DO NOTHING
                    """, arguments: [id, partition])
        }
        let rows = try Row.fetchAll(
            db, sql: "SELECT partition_id, next_offset FROM log_group_offset WHERE group_id = ?", arguments: [id])
        return (id, Dictionary(rows.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first }))
    }

    static func store(_ offsets: [PartitionID: Int64], group: Int64, _ db: Database) throws {
        for (partition, offset) in offsets {
            let statement = try db.cachedStatement(
                sql: "UPDATE log_group_offset SET next_offset = ? WHERE group_id = ? AND partition_id = ?")
            try statement.execute(arguments: [offset, group, partition])
        }
    }

    /// The first offset some group still needs, or `nil` when no group ever subscribed to the partition.
    static func slowestOffset(of partition: PartitionID, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db, sql: "SELECT min(next_offset) FROM log_group_offset WHERE partition_id = ?", arguments: [partition])
    }
}
