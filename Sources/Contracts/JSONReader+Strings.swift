extension JSONReader {
    /// A string's place between its quotes, and what it takes to read it.
    struct StringToken {
        let range: Range<Int>
        let isEscaped: Bool
        let isASCII: Bool
    }

    /// Reads the string at hand.
    mutating func string() throws(JSONSyntaxError) -> String {
        let token = try stringToken()
        return try text(of: token)
    }

    /// Finds the end of the string at hand; ``text(of:)`` checks what is inside.
    mutating func stringToken() throws(JSONSyntaxError) -> StringToken {
        let start = offset + 1
        var end = start
        var isEscaped = false
        var union: UInt8 = 0
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                offset = end + 1
                return StringToken(range: start..<end, isEscaped: isEscaped, isASCII: union < 0x80)
            }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                end += 2
                continue
            }
            guard byte >= 0x20 else { throw JSONSyntaxError(offset: end, expected: "no bare control character") }
            union |= byte
            end += 1
        }
        throw JSONSyntaxError(offset: bytes.count, expected: "'\"'")
    }

    func text(of token: StringToken) throws(JSONSyntaxError) -> String {
        if token.isEscaped { return try unescaped(token.range) }
        if token.isASCII { return String(decoding: bytes[token.range], as: UTF8.self) }
        return try validated(bytes[token.range], startingAt: token.range.lowerBound)
    }

    private func validated(_ utf8: ArraySlice<UInt8>, startingAt offset: Int) throws(JSONSyntaxError) -> String {
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw JSONSyntaxError(offset: offset, expected: "well-formed UTF-8 in this string")
        }
        return text
    }

    private func unescaped(_ range: Range<Int>) throws(JSONSyntaxError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                index += 1
                continue
            }
            let letter = bytes[index + 1]
            if letter == UInt8(ascii: "u") {
                text.append(contentsOf: try escapedScalar(at: &index, before: range.upperBound).utf8)
            } else {
                guard let byte = Self.unescaped(letter) else {
                    throw JSONSyntaxError(offset: index, expected: "a known escape sequence")
                }
                text.append(byte)
                index += 2
            }
        }
        return try validated(text[...], startingAt: range.lowerBound)
    }

    private static func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// Reads `\uXXXX`, or the two of a surrogate pair, and moves `index` past it.
    private func escapedScalar(at index: inout Int, before end: Int) throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = index
        guard let first = codeUnit(at: index, before: end) else {
            throw JSONSyntaxError(offset: start, expected: "four hexadecimal digits after '\\u'")
        }
        index += 6
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), let second = codeUnit(at: index, before: end), UTF16.isTrailSurrogate(second) else {
            throw JSONSyntaxError(offset: start, expected: "a whole surrogate pair")
        }
        index += 6
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private func codeUnit(at index: Int, before end: Int) -> UInt16? {
        guard index + 6 <= end, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[index + 2..<index + 6] {
            guard let digit = Self.hexadecimalDigit(byte) else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
