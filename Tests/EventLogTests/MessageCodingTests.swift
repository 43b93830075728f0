import Contracts
import Testing

@testable import EventLog

@Suite("How the embedded log stores a message")
struct MessageCodingTests {
    private static let message = EncodedMessage(
        key: Array("key".utf8), value: Array(repeating: 9, count: 300),
        headers: [MessageHeader("a", "x"), MessageHeader("ü", nil), MessageHeader("", [])])

    @Test(
        "every message comes back as it was, and within the size foretold",
        arguments: [
            message, EncodedMessage(key: nil, value: nil, headers: []), EncodedMessage(key: [], value: [], headers: []),
            EncodedMessage(key: nil, value: Array(repeating: 0, count: 127), headers: []),
            EncodedMessage(key: nil, value: Array(repeating: 0, count: 128), headers: []),
        ])
    func roundTrip(_ message: EncodedMessage) {
        let stored = MessageCoding.encode(message)
        #expect(MessageCoding.decode(stored) == message)
        #expect(stored.count <= MessageCoding.storedSize(of: message))
    }

    @Test("a blob that was cut short or lengthened is refused")
    func lengths() {
        let stored = MessageCoding.encode(Self.message)
        for count in 0..<stored.count {
            #expect(MessageCoding.decode(Array(stored.prefix(count))) == nil, "cut to \(count)")
        }
        #expect(MessageCoding.decode(stored + [0]) == nil)
    }

    @Test("no damaged byte makes the reader crash or invent bytes")
    func damage() {
        let stored = MessageCoding.encode(Self.message)
        for position in stored.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var damaged = stored
                damaged[position] = value
                guard let message = MessageCoding.decode(damaged) else { continue }
                let size = (message.key?.count ?? 0) + (message.value?.count ?? 0)
                #expect(size <= damaged.count)
            }
        }
        #expect(MessageCoding.decode(Array(repeating: 0xff, count: 12)) == nil, "a length of more than 63 bits")
    }
}
