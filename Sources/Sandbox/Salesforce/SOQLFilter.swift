/// A condition with its fields resolved and its literals checked, ready to be asked of rows.
indirect enum SOQLFilter {
    case equal(SalesforceField, SOQL.Literal)
    case compare(SalesforceField, SOQL.Comparison, SOQL.Literal)
    case member(SalesforceField, texts: Set<String>, others: [SOQL.Literal])
    case and([SOQLFilter])
    case or([SOQLFilter])
    case not(SOQLFilter)

    init(_ condition: SOQL.Condition, in table: SalesforceTable) throws(SalesforceFault) {
        switch condition {
        case .and(let terms): self = .and(try Self.filters(terms, in: table))
        case .or(let terms): self = .or(try Self.filters(terms, in: table))
        case .not(let term): self = .not(try SOQLFilter(term, in: table))
        case .compare(let name, let comparison, let literal):
            let field = try Self.field(name, in: table)
            let literal = try Self.checked(literal, for: field)
            switch comparison {
            case .equal: self = .equal(field, literal)
            case .notEqual: self = .not(.equal(field, literal))
            default: self = .compare(field, comparison, literal)
            }
        case .member(let name, let literals, let negated):
            let field = try Self.field(name, in: table)
            var texts: Set<String> = []
            var others: [SOQL.Literal] = []
            for literal in literals {
                let literal = try Self.checked(literal, for: field)
                if case .string(let text) = literal { texts.insert(Self.key(field, text)) } else { others.append(literal) }
            }
            let filter = SOQLFilter.member(field, texts: texts, others: others)
            self = negated ? .not(filter) : filter
        }
    }

    private static func filters(
        _ terms: [SOQL.Condition], in table: SalesforceTable
    ) throws(SalesforceFault) -> [SOQLFilter] {
        var filters: [SOQLFilter] = []
        for term in terms { filters.append(try SOQLFilter(term, in: table)) }
        return filters
    }

    private static func field(_ name: String, in table: SalesforceTable) throws(SalesforceFault) -> SalesforceField {
        guard let field = table.field(name) else { throw .invalidField(name, on: table.object.name) }
        guard field.isFilterable else {
            throw .badRequest("INVALID_FIELD", "field '\(field.name)' can not be filtered in a query call")
        }
        return field
    }

    /// Texts compare without regard to case unless the field says otherwise; ids always with.
    private static func key(_ field: SalesforceField, _ text: String) -> String {
        field.isText && !field.isCaseSensitive ? text.lowercased() : text
    }

    private static func checked(_ literal: SOQL.Literal, for field: SalesforceField) throws(SalesforceFault) -> SOQL.Literal {
        switch (field.kind, literal) {
        case (_, .null), (.boolean, .bool), (.int, .number), (.double, .number), (.currency, .number), (.percent, .number),
            (.date, .date), (.datetime, .dateTime):
            return literal
        case (.id, .string(let text)), (.reference, .string(let text)):
            guard let id = SalesforceID.normalized(text) else {
                throw .badRequest("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: \(text)")
            }
            return .string(id)
        case (_, .string) where field.isText: return literal
        default:
            let quotes = field.isText || field.kind == .id ? "should be enclosed in quotes" : "should not be enclosed in quotes"
            throw .badRequest(
                "INVALID_FIELD",
                "value of filter criterion for field '\(field.name)' must be of type \(field.kind.rawValue) and \(quotes)")
        }
    }

    // MARK: Asking a row

    func matches(_ row: SalesforceRow) -> Bool {
        switch self {
        case .and(let terms): terms.allSatisfy { $0.matches(row) }
        case .or(let terms): terms.contains { $0.matches(row) }
        case .not(let term): !term.matches(row)
        case .equal(let field, let literal): Self.equals(row[field.name], literal, field)
        case .member(let field, let texts, let others):
            (row[field.name].text.map { texts.contains(Self.key(field, $0)) } ?? false)
                || others.contains { Self.equals(row[field.name], $0, field) }
        case .compare(let field, .like, let literal): Self.isLike(row[field.name], literal)
        case .compare(let field, let comparison, let literal):
            Self.order(row[field.name], literal, field).map { Self.holds(comparison, $0) } ?? false
        }
    }

    private static func equals(_ value: SandboxValue, _ literal: SOQL.Literal, _ field: SalesforceField) -> Bool {
        switch literal {
        case .null: value == .null
        case .bool(let flag): value == .bool(flag)
        case .number(let number): value.double == number
        case .string(let text): value.text.map { key(field, $0) == key(field, text) } ?? false
        case .date(let text), .dateTime(let text): value.text == text
        }
    }

    /// -1, 0 or 1; `nil` when the two do not compare.
    private static func order(_ value: SandboxValue, _ literal: SOQL.Literal, _ field: SalesforceField) -> Int? {
        switch literal {
        case .number(let number): value.double.map { $0 < number ? -1 : ($0 > number ? 1 : 0) }
        case .date(let text), .dateTime(let text): value.text.map { $0 < text ? -1 : ($0 > text ? 1 : 0) }
        case .string(let text):
            value.text.map { key(field, $0) }.map { $0 < key(field, text) ? -1 : ($0 > key(field, text) ? 1 : 0) }
        case .null, .bool: nil
        }
    }

    private static func holds(_ comparison: SOQL.Comparison, _ order: Int) -> Bool {
        switch comparison {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .equal: order == 0
        case .notEqual: order != 0
        case .like: false
        }
    }

    private static func isLike(_ value: SandboxValue, _ literal: SOQL.Literal) -> Bool {
        guard case .string(let pattern) = literal, let text = value.text else { return false }
        return like(Array(text.lowercased()), Array(pattern.lowercased()))
    }

    /// `%` stands for any text and `_` for one character.
    private static func like(_ text: [Character], _ pattern: [Character]) -> Bool {
        var reachable: Set<Int> = [0]
        for character in pattern {
            switch character {
            case "%": reachable = Set((reachable.min() ?? text.count + 1)..<(text.count + 1))
            case "_": reachable = Set(reachable.filter { $0 < text.count }.map { $0 + 1 })
            default: reachable = Set(reachable.filter { $0 < text.count && text[$0] == character }.map { $0 + 1 })
            }
            if reachable.isEmpty { return false }
        }
        return reachable.contains(text.count)
    }

    // MARK: Indexes

    /// A superset of the ids of live rows that match, found without reading all; `nil` when no index serves.
    func candidates(in table: SalesforceTable) -> [String]? {
        switch self {
        case .equal(let field, .string(let text)): Self.ids(field, [text], in: table)
        case .member(let field, let texts, let others) where others.isEmpty: Self.ids(field, texts.sorted(), in: table)
        case .and(let terms): terms.lazy.compactMap { $0.candidates(in: table) }.first
        case .or(let terms):
            terms.reduce([]) { found, term in
                guard let found, let more = term.candidates(in: table) else { return nil }
                return found + more
            }
        default: nil
        }
    }

    private static func ids(_ field: SalesforceField, _ texts: [String], in table: SalesforceTable) -> [String]? {
        if field.kind == .id { return texts.filter { table.rows[$0] != nil } }
        guard table.isIndexed(field) else { return nil }
        return texts.flatMap { table.ids(where: field, equals: $0) ?? [] }
    }
}
