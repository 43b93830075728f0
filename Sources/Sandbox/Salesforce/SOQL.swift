/// A SOQL statement of the subset the emulator knows: one object, no parent fields, no sub-selects, no
/// aggregates but `COUNT()`.
struct SOQL: Equatable {
    enum Literal: Equatable {
        case null
        case string(String)
        case number(Double)
        case bool(Bool)
        case date(String)
        /// In the form rows keep it, so that texts compare as times do.
        case dateTime(String)
    }

    enum Comparison: String {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case like = "LIKE"
    }

    indirect enum Condition: Equatable {
        case compare(field: String, Comparison, Literal)
        case member(field: String, of: [Literal], negated: Bool)
        case and([Condition])
        case or([Condition])
        case not(Condition)
    }

    struct Order: Equatable {
        var field: String
        var descending = false
        var nullsLast = false
    }

    /// Empty for `COUNT()`.
    var fields: [String] = []
    var object = ""
    var condition: Condition?
    var order: [Order] = []
    var limit: Int?
    var offset = 0
}

/// The words and signs of a statement.
enum SOQLToken: Equatable {
    case word(String)
    case string(String)
    case sign(String)
}

/// Cuts a statement into tokens.
struct SOQLScanner {
    private let characters: [Unicode.Scalar]
    private var position = 0

    static func scan(_ text: String) throws(SalesforceFault) -> [SOQLToken] {
        var scanner = SOQLScanner(characters: Array(text.unicodeScalars))
        var tokens: [SOQLToken] = []
        while let token = try scanner.next() { tokens.append(token) }
        return tokens
    }

    private init(characters: [Unicode.Scalar]) {
        self.characters = characters
    }

    private mutating func next() throws(SalesforceFault) -> SOQLToken? {
        while position < characters.count, characters[position].properties.isWhitespace { position += 1 }
        guard position < characters.count else { return nil }
        let start = characters[position]
        switch start {
        case "'": return .string(try string())
        case ",", "(", ")", "=":
            position += 1
            return .sign(String(start))
        case "<", ">", "!":
            position += 1
            guard position < characters.count, characters[position] == "=" || (start == "<" && characters[position] == ">") else {
                if start == "!" { throw .malformedQuery("unexpected token: '!'") }
                return .sign(String(start))
            }
            position += 1
            return .sign(characters[position - 1] == ">" ? "!=" : String(start) + "=")
        default: return try word()
        }
    }

    private mutating func word() throws(SalesforceFault) -> SOQLToken {
        let start = position
        while position < characters.count, Self.isWordPart(characters[position]) { position += 1 }
        guard position > start else { throw .malformedQuery("unexpected char: '\(characters[start])'") }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: characters[start..<position])
        return .word(String(text))
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "_.:+-".unicodeScalars.contains(scalar))
    }

    /// A quoted text; a backslash before anything but the documented characters is an error.
    private mutating func string() throws(SalesforceFault) -> String {
        position += 1
        var text = String.UnicodeScalarView()
        while position < characters.count {
            let scalar = characters[position]
            position += 1
            switch scalar {
            case "'": return String(text)
            case "\\": text.append(try escape())
            default: text.append(scalar)
            }
        }
        throw .malformedQuery("line 1:\(characters.count) mismatched character '<EOF>' expecting '''")
    }

    private mutating func escape() throws(SalesforceFault) -> Unicode.Scalar {
        guard position < characters.count else { throw .malformedQuery("unexpected end of a string") }
        let scalar = characters[position]
        position += 1
        switch scalar {
        case "n", "N": return "\n"
        case "r", "R": return "\r"
        case "t", "T": return "\t"
        case "b", "B": return "\u{8}"
        case "f", "F": return "\u{C}"
        case "\"", "'", "\\", "_", "%": return scalar
        case "u":
            var digits = String.UnicodeScalarView()
            digits.append(contentsOf: characters[position..<min(position + 4, characters.count)])
            guard digits.count == 4, let code = UInt32(String(digits), radix: 16), let unit = Unicode.Scalar(code) else {
                throw .malformedQuery("invalid unicode escape")
            }
            position += 4
            return unit
        default: throw .malformedQuery("Invalid string literal '\\\(scalar)'. Illegal character sequence in string literal.")
        }
    }
}

extension SalesforceFault {
    static func malformedQuery(_ message: String) -> SalesforceFault {
        badRequest("MALFORMED_QUERY", message)
    }
}
