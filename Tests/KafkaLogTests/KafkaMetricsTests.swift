import EventLog
import Metrics
import MetricsTestKit
import Testing

@testable import KafkaLog

@Suite("What Kafka clients report")
struct KafkaMetricsTests {
    @Test("lag per partition and traffic become gauges; unknown lag does not")
    func gauges() throws {
        let registry = TestMetrics()
        KafkaMetrics(group: "g", factory: registry).record(
            Array(
                """
                {"type":"consumer","rxmsgs":7,"rx_bytes":70,"txmsgs":1,"tx_bytes":2,"msg_cnt":0,"replyq":3,"other":{},
                "topics":{"t":{"topic":"t","partitions":{"0":{"consumer_lag_stored":12},"-1":{"consumer_lag_stored":-1}}}}}
                """.utf8))
        let client = [("client", "consumer"), ("group", "g")]
        #expect(try registry.expectGauge("tandem_kafka_received_records", client).lastValue == 7)
        #expect(try registry.expectGauge("tandem_kafka_queued_operations", client).lastValue == 3)
        let lag = registry.recorders(label: "tandem_kafka_consumer_lag")
        #expect(lag.map(\.lastValue) == [12])
    }

    @Test("a report in another form is passed over", arguments: ["", "[]", "{", #"{"type":1}"#])
    func garbage(report: String) {
        let registry = TestMetrics()
        KafkaMetrics(factory: registry).record(Array(report.utf8))
        #expect(registry.recorders.isEmpty)
    }
}
