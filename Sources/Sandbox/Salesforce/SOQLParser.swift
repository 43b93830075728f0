/// Reads statements, as strictly as the vendor.
struct SOQLParser {
    /// Parentheses and `NOT`s within each other.
    private static let deepest = 50

    private let tokens: [SOQLToken]
    private var position = 0
    private var depth = 0

    static func parse(_ text: String) throws(SalesforceFault) -> SOQL {
        guard text.utf16.count <= 100_000 else {
            throw .malformedQuery("SOQL statements cannot be longer than 100000 characters.")
        }
        var parser = SOQLParser(tokens: try SOQLScanner.scan(text))
        return try parser.statement()
    }

    private init(tokens: [SOQLToken]) {
        self.tokens = tokens
    }

    private mutating func statement() throws(SalesforceFault) -> SOQL {
        var query = SOQL()
        try expect(keyword: "SELECT")
        query.fields = try selection()
        try expect(keyword: "FROM")
        query.object = try name()
        if take(keyword: "WHERE") { query.condition = try condition() }
        if take(keyword: "ORDER") {
            try expect(keyword: "BY")
            repeat { query.order.append(try order()) } while take(sign: ",")
        }
        if take(keyword: "LIMIT") { query.limit = try integer() }
        if take(keyword: "OFFSET") { query.offset = try integer() }
        guard position == tokens.count else { throw unexpected() }
        guard query.offset <= 2000 else {
            throw .badRequest("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        }
        return query
    }

    private mutating func selection() throws(SalesforceFault) -> [String] {
        if case .word(let word) = peek, word.uppercased() == "COUNT", position + 1 < tokens.count,
            tokens[position + 1] == .sign("(")
        {
            position += 2
            guard take(sign: ")") else { throw unexpected() }
            return []
        }
        var fields = [try name()]
        while take(sign: ",") { fields.append(try name()) }
        return fields
    }

    private mutating func order() throws(SalesforceFault) -> SOQL.Order {
        var order = SOQL.Order(field: try name())
        if take(keyword: "DESC") {
            order.descending = true
        } else {
            _ = take(keyword: "ASC")
        }
        if take(keyword: "NULLS") {
            order.nullsLast = take(keyword: "LAST")
            if !order.nullsLast { try expect(keyword: "FIRST") }
        }
        return order
    }

    // MARK: Conditions

    /// `AND` and `OR` do not mix on one level without parentheses.
    private mutating func condition() throws(SalesforceFault) -> SOQL.Condition {
        var terms = [try term()]
        if take(keyword: "AND") {
            repeat { terms.append(try term()) } while take(keyword: "AND")
            guard !isNext(keyword: "OR") else { throw unexpected() }
            return .and(terms)
        }
        guard take(keyword: "OR") else { return terms[0] }
        repeat { terms.append(try term()) } while take(keyword: "OR")
        guard !isNext(keyword: "AND") else { throw unexpected() }
        return .or(terms)
    }

    private mutating func term() throws(SalesforceFault) -> SOQL.Condition {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw .badRequest("QUERY_TOO_COMPLICATED", "The conditions are nested too deeply") }
        if take(sign: "(") {
            let inner = try condition()
            guard take(sign: ")") else { throw unexpected() }
            return inner
        }
        if take(keyword: "NOT") { return .not(try term()) }
        return try comparison(of: try name())
    }

    private mutating func comparison(of field: String) throws(SalesforceFault) -> SOQL.Condition {
        if take(keyword: "IN") { return .member(field: field, of: try list(), negated: false) }
        if take(keyword: "NOT") {
            try expect(keyword: "IN")
            return .member(field: field, of: try list(), negated: true)
        }
        if take(keyword: "INCLUDES") { return .includes(field: field, try list(), negated: false) }
        if take(keyword: "EXCLUDES") { return .includes(field: field, try list(), negated: true) }
        if take(keyword: "LIKE") { return .like(field: field, try pattern()) }
        guard case .sign(let sign) = peek, let comparison = SOQL.Comparison(rawValue: sign) else { throw unexpected() }
        position += 1
        return .compare(field: field, comparison, try literal())
    }

    private mutating func list() throws(SalesforceFault) -> [SOQL.Literal] {
        guard take(sign: "(") else { throw unexpected() }
        var items = [try literal()]
        while take(sign: ",") { items.append(try literal()) }
        guard take(sign: ")") else { throw unexpected() }
        return items
    }

    private mutating func pattern() throws(SalesforceFault) -> SOQLPattern {
        guard case .string(let quoted) = peek else { throw unexpected() }
        position += 1
        return try SOQLPattern(quoted: quoted)
    }

    private mutating func literal() throws(SalesforceFault) -> SOQL.Literal {
        guard let token = peek else { throw unexpected() }
        position += 1
        switch token {
        case .string(let quoted):
            guard quoted.utf16.count <= 4000 else { throw .malformedQuery("string literal longer than 4000 characters") }
            return try SOQL.Literal(quoted: quoted)
        case .word(let word):
            switch word.lowercased() {
            case "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: break
            }
            if let number = Self.number(word) { return .number(number) }
            if CivilTime.days(word) != nil { return .date(word) }
            if let seconds = CivilTime.seconds(word) { return .dateTime(SalesforceOrg.stamp(seconds * 1000)) }
        case .sign: break
        }
        position -= 1
        throw unexpected()
    }

    /// Decimal only: Swift reads more than SOQL does.
    private static func number(_ word: String) -> Double? {
        guard word.allSatisfy({ $0.isNumber || "+-.eE".contains($0) }), let number = Double(word), number.isFinite else {
            return nil
        }
        return number
    }

    // MARK: Tokens

    private var peek: SOQLToken? {
        position < tokens.count ? tokens[position] : nil
    }

    private func unexpected() -> SalesforceFault {
        switch peek {
        case .word(let word): .malformedQuery("unexpected token: '\(word)'")
        case .string(let text): .malformedQuery("unexpected token: '\(text)'")
        case .sign(let sign): .malformedQuery("unexpected token: '\(sign)'")
        case nil: .malformedQuery("unexpected token: '<EOF>'")
        }
    }

    private func isNext(keyword: String) -> Bool {
        if case .word(let word) = peek { word.uppercased() == keyword } else { false }
    }

    private mutating func take(keyword: String) -> Bool {
        guard isNext(keyword: keyword) else { return false }
        position += 1
        return true
    }

    private mutating func expect(keyword: String) throws(SalesforceFault) {
        guard take(keyword: keyword) else { throw unexpected() }
    }

    private mutating func take(sign: String) -> Bool {
        guard peek == .sign(sign) else { return false }
        position += 1
        return true
    }

    private mutating func name() throws(SalesforceFault) -> String {
        guard case .word(let word) = peek, word.first?.isLetter == true,
            word.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
        else { throw unexpected() }
        position += 1
        return word
    }

    private mutating func integer() throws(SalesforceFault) -> Int {
        guard case .word(let word) = peek, let number = Int(word), number >= 0 else { throw unexpected() }
        position += 1
        return number
    }
}
