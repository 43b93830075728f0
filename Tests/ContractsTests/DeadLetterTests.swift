import Testing

@testable import Contracts

@Suite("OPS-2 Dead letters carry Kafka Connect's error headers")
struct DeadLetterTests {
    let info = DeadLetterInfo(
        topic: "tandem.marketing.changes", partition: 3, offset: 4711, connectorName: "inbound-batcher",
        error: CodecError(.malformedJSON, "the value, byte 17: expected ',' or '}'"))
    let original = EncodedMessage(
        key: nil, value: [0xFF, 0x00],
        headers: [MessageHeader("ce_id", "1"), MessageHeader("x", nil), MessageHeader("ce_id", "2")])

    @Test("Key, value and headers stay as they were, and ten headers say where and why")
    func message() {
        let message = DeadLetter.message(for: original, info)
        #expect(message.key == nil)
        #expect(message.value == [0xFF, 0x00])
        #expect(Array(message.headers.prefix(3)) == original.headers)
        let added = message.headers.dropFirst(3).map { "\($0.name)=\(String(decoding: $0.value ?? [], as: UTF8.self))" }
        #expect(
            added == [
                "__connect.errors.topic=tandem.marketing.changes", "__connect.errors.partition=3", "__connect.errors.offset=4711",
                "__connect.errors.connector.name=inbound-batcher", "__connect.errors.task.id=0",
                "__connect.errors.stage=VALUE_CONVERTER", "__connect.errors.class.name=dev.tandem.EventCodec",
                "__connect.errors.exception.class.name=dev.tandem.malformed-json",
                "__connect.errors.exception.message=the value, byte 17: expected ',' or '}'",
                "__connect.errors.exception.stacktrace=malformed-json: the value, byte 17: expected ',' or '}'",
            ])
    }

    @Test("Reading gives back what was written, and the original")
    func roundTrip() {
        let message = DeadLetter.message(for: original, info)
        #expect(DeadLetterInfo(reading: message) == info)
        #expect(DeadLetter.original(of: message) == original)
    }

    @Test("A replayed message that fails again tells of its last failure only")
    func again() {
        var second = info
        second.offset = 5000
        second.stage = .taskPut
        let message = DeadLetter.message(for: DeadLetter.message(for: original, info), second)
        #expect(DeadLetterInfo(reading: message) == second)
        #expect(message.headers.count == original.headers.count + 10)
    }

    @Test("What Kafka Connect itself wrote can be read; what is no dead letter cannot")
    func foreign() {
        let message = EncodedMessage(
            key: nil, value: nil,
            headers: [
                MessageHeader("__connect.errors.topic", "orders"), MessageHeader("__connect.errors.partition", "0"),
                MessageHeader("__connect.errors.offset", "9"),
                MessageHeader("__connect.errors.exception.class.name", "org.apache.kafka.connect.errors.DataException"),
            ])
        let info = DeadLetterInfo(reading: message)
        #expect(info?.code == "org.apache.kafka.connect.errors.DataException")
        #expect(info?.offset == 9)
        #expect(DeadLetterInfo(reading: original) == nil)
        var broken = message
        broken.headers[2] = MessageHeader("__connect.errors.offset", "nine")
        #expect(DeadLetterInfo(reading: broken) == nil)
    }
}
