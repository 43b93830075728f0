internal import Contracts
internal import GRDB

/// Which partitions there are and where they end. A value: a transaction works on a copy, which counts only once it
/// is committed.
struct Catalog: Sendable {
    struct Partition: Sendable {
        let id: PartitionID
        let name: TopicPartition
        var firstOffset: Int64
        /// The offset the next record gets.
        var end: Int64
    }

    private(set) var topics: [String: [Partition]] = [:]
    private let partitionsPerTopic: Int
    private var keylessRecords = 0

    init(partitionsPerTopic: Int, _ db: Database) throws {
        self.partitionsPerTopic = partitionsPerTopic
        for row in try PartitionTable.all(db) {
            let end = try RecordTable.end(of: row.id, db) ?? row.firstOffset
            topics[row.topic, default: []].append(
                Partition(
                    id: row.id, name: TopicPartition(topic: row.topic, partition: row.number), firstOffset: row.firstOffset,
                    end: end))
        }
    }

    mutating func create(_ topic: String, _ db: Database) throws {
        guard topics[topic] == nil else { return }
        topics[topic] = try (0..<Int32(partitionsPerTopic)).map { number in
            let id = try PartitionTable.insert(topic, number, db)
            guard id <= RecordTable.maxPartitionID else { throw EventLogError.exhausted("partitions") }
            return Partition(id: id, name: TopicPartition(topic: topic, partition: number), firstOffset: 0, end: 0)
        }
    }

    mutating func append(_ record: OutgoingRecord, _ time: Timestamp, _ db: Database) throws {
        try create(record.topic, db)
        guard let partitions = topics[record.topic] else { return }
        let index: Int
        if let key = record.message.key {
            index = KeyHash.partition(of: key, count: partitions.count)
        } else {
            index = keylessRecords % partitions.count
            keylessRecords &+= 1
        }
        let offset = partitions[index].end
        guard offset < RecordTable.maxOffset else { throw EventLogError.exhausted("offsets of \(record.topic)/\(index)") }
        try RecordTable.insert(record.message, in: partitions[index].id, at: offset, time, db)
        topics[record.topic]?[index].end = offset + 1
    }

    /// Deletes what is older than `time` and consumed by every group; returns how many records.
    mutating func trim(olderThan time: Timestamp, limit: Int, _ db: Database) throws -> Int {
        var total = 0
        for (topic, partitions) in topics {
            for (index, partition) in partitions.enumerated() {
                let bound = min(try GroupTable.slowestOffset(of: partition.id, db) ?? partition.end, partition.end)
                guard
                    let trimmed = try RecordTable.trim(
                        partition.id, from: partition.firstOffset, bound: bound, olderThan: time, limit: limit, db)
                else { continue }
                try PartitionTable.setFirstOffset(trimmed.firstOffset, of: partition.id, db)
                topics[topic]?[index].firstOffset = trimmed.firstOffset
                total += trimmed.count
            }
        }
        return total
    }
}

extension EventLogError {
    static func exhausted(_ what: String) -> EventLogError {
        EventLogError(code: "EXHAUSTED", reason: "the embedded log ran out of \(what)", isTransient: false)
    }
}
