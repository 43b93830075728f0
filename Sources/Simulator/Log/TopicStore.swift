internal import Contracts
internal import EventLog

/// The topics of a simulated log and the records on them; a record's place in its partition is its offset.
struct TopicStore {
    private let partitionsPerTopic: Int
    private var topics: [String: [[LogRecord]]] = [:]
    private var keylessRecords = 0

    init(partitionsPerTopic: Int) { self.partitionsPerTopic = max(partitionsPerTopic, 1) }

    /// The partitions of `topic`, which comes into being if there is none.
    mutating func partitions(of topic: String) -> [TopicPartition] {
        let partitions = topics[topic, default: Array(repeating: [], count: partitionsPerTopic)]
        topics[topic] = partitions
        return partitions.indices.map { TopicPartition(topic: topic, partition: Int32($0)) }
    }

    mutating func append(_ record: OutgoingRecord, at time: Timestamp) {
        let partition = partition(of: record.message)
        let offset = Int64(topics[record.topic]?[partition].count ?? 0)
        topics[record.topic, default: Array(repeating: [], count: partitionsPerTopic)][partition].append(
            LogRecord(
                topic: record.topic, partition: Int32(partition), offset: offset, timestamp: time, message: record.message))
    }

    private mutating func partition(of message: EncodedMessage) -> Int {
        if let key = message.key { return KeyHash.partition(of: key, count: partitionsPerTopic) }
        defer { keylessRecords += 1 }
        return keylessRecords % partitionsPerTopic
    }

    /// The offset the next record of `partition` gets.
    func end(of partition: TopicPartition) -> Int64 {
        Int64(topics[partition.topic]?[Int(partition.partition)].count ?? 0)
    }

    func count(of topic: String) -> Int { (topics[topic] ?? []).reduce(0) { $0 + $1.count } }

    func read(_ partition: TopicPartition, from offset: Int64, limit: Int) -> [LogRecord] {
        Array((topics[partition.topic]?[Int(partition.partition)] ?? []).dropFirst(Int(offset)).prefix(limit))
    }

    /// Every record of `topic`, by partition and offset.
    func records(of topic: String) -> [LogRecord] { (topics[topic] ?? []).flatMap { $0 } }
}
