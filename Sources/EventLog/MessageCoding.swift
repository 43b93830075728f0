internal import Contracts

/// How the embedded log stores a message in one blob: key, value, the number of headers, and each header's name and
/// value. Every part is preceded by its length plus one as a variable-length integer; zero stands for "null".
enum MessageCoding {
    static func encode(_ message: EncodedMessage) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(storedSize(of: message))
        append(message.key, to: &bytes)
        append(message.value, to: &bytes)
        append(UInt64(message.headers.count), to: &bytes)
        for header in message.headers {
            append(Array(header.name.utf8), to: &bytes)
            append(header.value, to: &bytes)
        }
        return bytes
    }

    /// An upper bound of the bytes `message` takes.
    static func storedSize(of message: EncodedMessage) -> Int {
        message.headers.reduce(30 + (message.key?.count ?? 0) + (message.value?.count ?? 0)) { size, header in
            size + header.name.utf8.count + (header.value?.count ?? 0) + 20
        }
    }

    /// Reads what ``encode(_:)`` wrote; `nil` for anything else.
    static func decode(_ bytes: [UInt8]) -> EncodedMessage? {
        var position = 0
        guard let key = part(of: bytes, at: &position),
            let value = part(of: bytes, at: &position),
            let count = integer(of: bytes, at: &position),
            // A header takes at least two bytes, so a damaged count cannot ask for more memory than the blob has.
            count <= UInt64(bytes.count - position) / 2
        else { return nil }
        var headers: [MessageHeader] = []
        headers.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard case .some(.some(let name)) = part(of: bytes, at: &position),
                let headerValue = part(of: bytes, at: &position)
            else { return nil }
            headers.append(MessageHeader(String(decoding: name, as: UTF8.self), headerValue))
        }
        guard position == bytes.count else { return nil }
        return EncodedMessage(key: key, value: value, headers: headers)
    }

    private static func append(_ part: [UInt8]?, to bytes: inout [UInt8]) {
        append(part.map { UInt64($0.count) + 1 } ?? 0, to: &bytes)
        if let part { bytes.append(contentsOf: part) }
    }

    private static func append(_ integer: UInt64, to bytes: inout [UInt8]) {
        var rest = integer
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The outer optional tells damage, the inner one a null.
    private static func part(of bytes: [UInt8], at position: inout Int) -> [UInt8]?? {
        guard let prefix = integer(of: bytes, at: &position) else { return nil }
        guard prefix > 0 else { return .some(nil) }
        guard prefix - 1 <= UInt64(bytes.count - position) else { return nil }
        let end = position + Int(prefix - 1)
        defer { position = end }
        return .some(Array(bytes[position..<end]))
    }

    private static func integer(of bytes: [UInt8], at position: inout Int) -> UInt64? {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard position < bytes.count else { return nil }
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return result }
        }
        return nil
    }
}
