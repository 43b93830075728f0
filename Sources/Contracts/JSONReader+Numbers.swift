extension JSONReader {
    /// Reads the number at hand.
    mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = offset
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { offset += 1 }

        var digits: UInt64 = 0
        let wholeStart = offset
        let wholeCount = try scanDigits(into: &digits)
        guard wholeCount == 1 || bytes[wholeStart] != UInt8(ascii: "0") else {
            throw JSONSyntaxError(offset: wholeStart, expected: "a number without leading zeros")
        }

        var fractionCount = 0
        var hasExponent = false
        if current == UInt8(ascii: ".") {
            offset += 1
            fractionCount = try scanDigits(into: &digits)
        }
        if current | 0x20 == UInt8(ascii: "e") {
            hasExponent = true
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            var exponent: UInt64 = 0
            _ = try scanDigits(into: &exponent)
        }

        if !hasExponent, wholeCount + fractionCount <= 15 {
            // Both the digits and the power of ten are exact doubles, so the quotient is the nearest double.
            if fractionCount == 0 { return .integer(isNegative ? -Int64(digits) : Int64(digits)) }
            let magnitude = Double(digits) / Self.powersOfTen[fractionCount]
            return Self.canonical(isNegative ? -magnitude : magnitude)
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if !hasExponent, fractionCount == 0, let integer = Int64(text) { return .integer(integer) }
        return try Self.number(text, startingAt: start)
    }

    /// Moves past one or more digits; `value` is right up to 19 of them and wraps around beyond.
    private mutating func scanDigits(into value: inout UInt64) throws(JSONSyntaxError) -> Int {
        let start = offset
        while offset < bytes.count {
            let digit = bytes[offset] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            offset += 1
        }
        guard offset > start else { throw expected("a digit") }
        return offset - start
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    private static func canonical(_ double: Double) -> JSONValue {
        if let integer = Int64(exactly: double) { .integer(integer) } else { .double(double) }
    }

    /// A number that takes more than plain integer arithmetic to read.
    private static func number(_ text: String, startingAt offset: Int) throws(JSONSyntaxError) -> JSONValue {
        guard let double = Double(text), double.isFinite else {
            throw JSONSyntaxError(offset: offset, expected: "a number a double can hold")
        }
        // Above 2^53 a double has gaps between whole numbers: the digits themselves say which one was meant.
        if double.magnitude >= 0x1p53, Int64(exactly: double) != nil, let integer = wholePart(of: text) {
            return .integer(integer)
        }
        return canonical(double)
    }

    /// The digits before the decimal point once the exponent has moved it. `nil` if they do not fit, or if all digits
    /// together are beyond 64 bits: then `JSONDecoder` settles for the nearest double, too.
    private static func wholePart(of text: String) -> Int64? {
        let parts = text.utf8.drop { $0 == UInt8(ascii: "-") }.split { $0 | 0x20 == UInt8(ascii: "e") }
        let mantissa = parts[0].split(separator: UInt8(ascii: "."))
        let exponent = parts.count > 1 ? Int(String(decoding: parts[1], as: UTF8.self)) : 0
        guard let exponent, exponent.magnitude < 1 << 32 else { return nil }
        var digits = mantissa.flatMap(Array.init)
        let wholeCount = mantissa[0].count + exponent
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        guard UInt64(String(decoding: digits, as: UTF8.self)) != nil, (1...30 + digits.count).contains(wholeCount) else {
            return nil
        }
        digits.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, wholeCount - digits.count)))
        let whole = String(decoding: digits.prefix(wholeCount), as: UTF8.self)
        return Int64(text.hasPrefix("-") ? "-\(whole)" : whole)
    }
}
