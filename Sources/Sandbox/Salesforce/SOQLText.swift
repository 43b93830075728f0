/// Reads what stands between the quotes of a literal; a backslash before anything but the documented characters is an error.
struct SOQLTextReader {
    private var rest: Substring.UnicodeScalarView

    init(_ quoted: String) {
        rest = quoted[...].unicodeScalars
    }

    /// The next character and whether a backslash took its special meaning away; `nil` at the end.
    mutating func next() throws(SalesforceFault) -> (scalar: Unicode.Scalar, isEscaped: Bool)? {
        guard let first = rest.popFirst() else { return nil }
        guard first == "\\" else { return (first, false) }
        guard let second = rest.popFirst() else { throw .malformedQuery("unexpected end of a string") }
        switch second {
        case "n", "N": return ("\n", true)
        case "r", "R": return ("\r", true)
        case "t", "T": return ("\t", true)
        case "b", "B": return ("\u{8}", true)
        case "f", "F": return ("\u{C}", true)
        case "\"", "'", "\\", "_", "%": return (second, true)
        case "u": return (try codeUnit(), true)
        default: throw Self.illegal(second)
        }
    }

    private mutating func codeUnit() throws(SalesforceFault) -> Unicode.Scalar {
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        guard digits.count == 4, let code = UInt32(String(digits), radix: 16), let scalar = Unicode.Scalar(code) else {
            throw .malformedQuery("invalid unicode escape")
        }
        return scalar
    }

    fileprivate static func illegal(_ scalar: Unicode.Scalar) -> SalesforceFault {
        .malformedQuery("Invalid string literal '\\\(scalar)'. Illegal character sequence in string literal.")
    }
}

extension SOQL.Literal {
    /// The text a quoted literal stands for; the escapes of wildcards belong to `LIKE` alone.
    init(quoted: String) throws(SalesforceFault) {
        guard quoted.unicodeScalars.contains("\\") else {
            self = .string(quoted)
            return
        }
        var reader = SOQLTextReader(quoted)
        var text = String.UnicodeScalarView()
        while let (scalar, isEscaped) = try reader.next() {
            if isEscaped, scalar == "_" || scalar == "%" { throw SOQLTextReader.illegal(scalar) }
            text.append(scalar)
        }
        self = .string(String(text))
    }
}

/// The right side of `LIKE`: `%` stands for any text and `_` for one character, unless escaped. Case is disregarded.
struct SOQLPattern: Equatable {
    private enum Part: Equatable {
        case anyText
        case anyCharacter
        case character(Character)
    }

    private var parts: [Part] = []

    init(quoted: String) throws(SalesforceFault) {
        var reader = SOQLTextReader(quoted)
        var literal = String.UnicodeScalarView()
        while let (scalar, isEscaped) = try reader.next() {
            guard !isEscaped, scalar == "%" || scalar == "_" else {
                literal.append(scalar)
                continue
            }
            take(&literal)
            parts.append(scalar == "%" ? .anyText : .anyCharacter)
        }
        take(&literal)
    }

    private mutating func take(_ literal: inout String.UnicodeScalarView) {
        parts += String(literal).lowercased().map { .character($0) }
        literal = String.UnicodeScalarView()
    }

    func matches(_ text: String) -> Bool {
        let text = Array(text.lowercased())
        var reachable: Set<Int> = [0]
        for part in parts {
            switch part {
            case .anyText: reachable = Set((reachable.min() ?? text.count)...text.count)
            case .anyCharacter: reachable = Set(reachable.filter { $0 < text.count }.map { $0 + 1 })
            case .character(let character):
                reachable = Set(reachable.filter { $0 < text.count && text[$0] == character }.map { $0 + 1 })
            }
            if reachable.isEmpty { return false }
        }
        return reachable.contains(text.count)
    }
}
