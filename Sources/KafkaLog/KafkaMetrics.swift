internal import CoreMetrics
internal import Foundation
internal import Metrics
internal import Synchronization

/// Reports a client's statistics to swift-metrics.
///
/// librdkafka describes the fields in its STATISTICS.md.
final class KafkaMetrics: Sendable {
    /// The part of librdkafka's report that is used.
    private struct Report: Decodable {
        struct Topic: Decodable { let partitions: [String: Partition] }
        struct Partition: Decodable {
            /// -1 while unknown.
            let lag: Int64?

            enum CodingKeys: String, CodingKey { case lag = "consumer_lag_stored" }
        }

        let type: String
        /// Records waiting in the producer's queues.
        let queuedRecords: Int64?
        let sentRecords: Int64?
        let receivedRecords: Int64?
        let sentBytes: Int64?
        let receivedBytes: Int64?
        /// What waits for the application to poll.
        let queuedOperations: Int64?
        let topics: [String: Topic]?

        enum CodingKeys: String, CodingKey {
            case type, topics
            case queuedRecords = "msg_cnt"
            case sentRecords = "txmsgs"
            case receivedRecords = "rxmsgs"
            case sentBytes = "tx_bytes"
            case receivedBytes = "rx_bytes"
            case queuedOperations = "replyq"
        }
    }

    private struct Key: Hashable {
        let label: String
        let topic: String
        let partition: String
    }

    private let group: String?
    private let factory: any MetricsFactory
    /// A lock, because reports come from a C callback.
    private let gauges = Mutex<[Key: Gauge]>([:])

    init(group: String? = nil, factory: any MetricsFactory = MetricsSystem.factory) {
        self.group = group
        self.factory = factory
    }

    func record(_ json: [UInt8]) {
        // A report in a form we do not know is no reason to stop.
        guard let report = try? JSONDecoder().decode(Report.self, from: Data(json)) else { return }
        set("tandem_kafka_queued_records", report.queuedRecords)
        set("tandem_kafka_sent_records", report.sentRecords)
        set("tandem_kafka_received_records", report.receivedRecords)
        set("tandem_kafka_sent_bytes", report.sentBytes)
        set("tandem_kafka_received_bytes", report.receivedBytes)
        set("tandem_kafka_queued_operations", report.queuedOperations)
        guard report.type == "consumer" else { return }
        for (topic, details) in report.topics ?? [:] {
            for (partition, values) in details.partitions {
                guard let lag = values.lag, lag >= 0 else { continue }
                set("tandem_kafka_consumer_lag", lag, topic: topic, partition: partition)
            }
        }
    }

    private func set(_ label: String, _ value: Int64?, topic: String = "", partition: String = "") {
        guard let value else { return }
        let key = Key(label: label, topic: topic, partition: partition)
        let gauge = gauges.withLock { gauges in
            if let known = gauges[key] { return known }
            var dimensions = [("client", group == nil ? "producer" : "consumer")]
            if let group { dimensions.append(("group", group)) }
            if !topic.isEmpty { dimensions += [("topic", topic), ("partition", partition)] }
            let gauge = Gauge(label: label, dimensions: dimensions, factory: factory)
            gauges[key] = gauge
            return gauge
        }
        gauge.record(value)
    }
}
