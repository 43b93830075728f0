/// Salesforce's record ids: 15 characters that depend on case, or 18 whose last three repeat the case of the others.
enum RecordID {
    private static let suffixAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".utf8)

    /// Whether Salesforce would take the text for an id. One malformed id spoils a whole request.
    static func isWellFormed(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy(isAlphanumeric) else { return false }
        return bytes.count == 15 || bytes.count == 18 && Array(bytes.suffix(3)) == suffix(of: Array(bytes.prefix(15)))
    }

    /// What the two forms of one id have in common.
    static func key(_ id: String) -> Substring { id.prefix(15) }

    /// Per group of five characters: bit k is set if the k-th is a capital; the five bits pick a letter.
    private static func suffix(of id: [UInt8]) -> [UInt8] {
        id.chunks(of: 5).map { group in
            let bits = group.enumerated().reduce(0) { isCapital($1.element) ? $0 | 1 << $1.offset : $0 }
            return suffixAlphabet[bits]
        }
    }

    /// The ids that cut what lies between two of one object into `count` equal steps. They need not be of any record.
    static func steps(from first: String, to last: String, count: Int) -> [String] {
        guard count > 1, isWellFormed(first), isWellFormed(last), first.prefix(3) == last.prefix(3) else { return [] }
        let (start, end) = (number(of: first), number(of: last))
        guard start < end else { return [] }
        return (1..<count).map { step in
            id(prefix: first.prefix(3), number: start + (end - start) / UInt128(count) * UInt128(step))
        }
    }

    /// In the order in which ids are given out, and in which Salesforce sorts them.
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    private static func number(of id: String) -> UInt128 {
        id.utf8.dropFirst(3).prefix(12).reduce(0) { number, byte in
            number * 62 + UInt128(digits.firstIndex(of: byte) ?? 0)
        }
    }

    private static func id(prefix: Substring, number: UInt128) -> String {
        var (rest, reversed) = (number, [UInt8]())
        for _ in 0..<12 {
            reversed.append(digits[Int(rest % 62)])
            rest /= 62
        }
        let bytes = Array(prefix.utf8) + reversed.reversed()
        return String(decoding: bytes + suffix(of: bytes), as: UTF8.self)
    }

    private static func isCapital(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isCapital(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
