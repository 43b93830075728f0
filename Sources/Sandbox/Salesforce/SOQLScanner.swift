/// The words and signs of a statement.
enum SOQLToken: Equatable {
    case word(String)
    /// What stands between the quotes, backslashes and all: what they mean depends on the operator.
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
        return .word(text(start..<position))
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "_.:+-".unicodeScalars.contains(scalar))
    }

    private mutating func string() throws(SalesforceFault) -> String {
        let start = position + 1
        position = start
        while position < characters.count, characters[position] != "'" {
            position += characters[position] == "\\" ? 2 : 1
        }
        guard position < characters.count else {
            throw .malformedQuery("line 1:\(characters.count) mismatched character '<EOF>' expecting '''")
        }
        position += 1
        return text(start..<(position - 1))
    }

    private func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: characters[range])
        return String(text)
    }
}
