import EventLog
import KafkaLog
import Testing

@Suite("What a Kafka configuration may say")
struct KafkaConfigurationTests {
    @Test(
        "a property that would break a guarantee is refused by name",
        arguments: [
            ("bootstrap.servers", "elsewhere:9092"), ("metadata.broker.list", "elsewhere:9092"),
            ("enable.auto.commit", "false"), ("auto.commit.enable", "false"), ("enable.auto.offset.store", "true"),
            ("auto.commit.interval.ms", "0"), ("auto.commit.interval.ms", "soon"), ("auto.offset.reset", "latest"),
            ("auto.offset.reset", "error"), ("isolation.level", "read_uncommitted"), ("offset.store.method", "file"),
            ("group.id", "mine"), ("group.instance.id", "one"), ("partition.assignment.strategy", "roundrobin"),
            ("enable.idempotence", "false"), ("acks", "1"), ("request.required.acks", "0"), ("retries", "0"),
            ("message.send.max.retries", "0"), ("max.in.flight", "6"),
            ("max.in.flight.requests.per.connection", "1000000"), ("queuing.strategy", "lifo"),
            ("partitioner", "consistent_random"), ("transactional.id", "t"), ("delivery.report.only.error", "true"),
            ("message.timeout.ms", "0"), ("delivery.timeout.ms", "0"), ("log.queue", "true"),
            ("test.mock.num.brokers", "3"), ("statistics.interval.ms", "1"),
        ])
    func refused(name: String, value: String) throws {
        let configuration = KafkaConfiguration(bootstrapServers: "localhost:9092", properties: [name: value])
        let error = #expect(throws: EventLogError.self) { try KafkaLog(configuration: configuration) }
        let refusal = try #require(error)
        #expect(refusal.code == "INVALID_CONFIGURATION")
        #expect(refusal.reason.contains("\(name):"))
        #expect(!refusal.isTransient)
    }

    @Test(
        "the same property is fine with a value that keeps the guarantee",
        arguments: [
            ("enable.auto.commit", "true"), ("enable.auto.offset.store", "false"), ("auto.offset.reset", "earliest"),
            ("acks", "all"), ("acks", "-1"), ("enable.idempotence", "true"), ("max.in.flight", "5"), ("retries", "3"),
            ("partitioner", "murmur2_random"), ("isolation.level", "read_committed"), ("compression.type", "lz4"),
            ("auto.commit.interval.ms", "100"),
        ])
    func allowed(name: String, value: String) async throws {
        let log = try KafkaLog(configuration: KafkaConfiguration(bootstrapServers: "localhost:1", properties: [name: value]))
        await log.close()
    }

    @Test("every fault is told at once")
    func several() {
        let configuration = KafkaConfiguration(
            bootstrapServers: " ", properties: ["acks": "1", "retries": "0"], deliveryTimeout: .zero)
        let error = #expect(throws: EventLogError.self) { try configuration.validate() }
        for word in ["acks:", "retries:", "bootstrap servers:", "delivery time-out:"] {
            #expect(error?.reason.contains(word) == true, "\(word)")
        }
    }

    @Test(
        "librdkafka's own message names a property it does not know", arguments: [("no.such.thing", "1"), ("retries.max", "x")])
    func unknown(name: String, value: String) {
        let configuration = KafkaConfiguration(bootstrapServers: "localhost:1", properties: [name: value])
        let error = #expect(throws: EventLogError.self) { try KafkaLog(configuration: configuration) }
        #expect(error?.reason.contains(name) == true)
    }

    @Test(
        "CON-3 a secret is never shown",
        arguments: ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret", "sasl.jaas.config"])
    func secrets(name: String) {
        let configuration = KafkaConfiguration(bootstrapServers: "localhost:1", properties: [name: "hunter2"])
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(text.contains(name) || text == dumped)
            #expect(!text.contains("hunter2"))
        }
        do {
            _ = try KafkaLog(configuration: configuration)
        } catch {
            #expect(!error.reason.contains("hunter2"))
        }
    }
}
