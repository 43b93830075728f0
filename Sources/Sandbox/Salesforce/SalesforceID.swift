/// Record ids: 15 case-sensitive characters, and the 18-character form whose suffix tells the case of each.
public enum SalesforceID {
    private static let suffixAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".utf8)
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// The 18-character form of a 15- or 18-character id; `nil` when it is neither or the suffix is wrong.
    public static func normalized(_ id: String) -> String? {
        let bytes = Array(id.utf8)
        guard bytes.count == 15 || bytes.count == 18, bytes.allSatisfy(isLetterOrDigit) else { return nil }
        var long = Array(bytes.prefix(15))
        for group in 0..<3 {
            var bits = 0
            for bit in 0..<5 where isUpper(long[group * 5 + bit]) { bits |= 1 << bit }
            long.append(suffixAlphabet[bits])
        }
        guard bytes.count == 15 || long == bytes else { return nil }
        return String(decoding: long, as: UTF8.self)
    }

    /// The id number `number` of the object with that key prefix, in 18 characters; ids ascend with the number.
    static func make(prefix: String, number: Int) -> String {
        var rest = number
        var places: [UInt8] = []
        for _ in 0..<9 {
            places.append(digits[rest % 62])
            rest /= 62
        }
        let short = prefix + "5e0" + String(decoding: places.reversed(), as: UTF8.self)
        return normalized(short) ?? short
    }

    private static func isUpper(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isUpper(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
