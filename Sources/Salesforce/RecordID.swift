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

    private static func isCapital(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isCapital(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
