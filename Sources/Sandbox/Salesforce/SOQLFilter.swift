/// A condition with its fields found and its literals checked, ready to be asked of rows.
///
/// Every condition holds or does not: a null is unequal to every literal but `null`, lies on no side of `<` or `>`, is like
/// nothing and in no list, and `NOT` turns any of these round.
indirect enum SOQLFilter {
    case equal(SOQLColumn, SOQL.Literal)
    case compare(SOQLColumn, SOQL.Comparison, SOQL.Literal)
    case like(SOQLColumn, SOQLPattern)
    case member(SOQLColumn, texts: Set<String>, others: [SOQL.Literal])
    /// One of the sets is among what is chosen.
    case includes(SOQLColumn, [Set<String>])
    case and([SOQLFilter])
    case or([SOQLFilter])
    case not(SOQLFilter)

    func matches(_ row: SalesforceRow, of org: SalesforceOrg) -> Bool {
        switch self {
        case .and(let terms): return terms.allSatisfy { $0.matches(row, of: org) }
        case .or(let terms): return terms.contains { $0.matches(row, of: org) }
        case .not(let term): return !term.matches(row, of: org)
        case .equal(let column, let literal): return Self.equals(org.value(of: column, in: row), literal, column.field)
        case .like(let column, let pattern): return org.value(of: column, in: row).text.map(pattern.matches) ?? false
        case .compare(let column, let comparison, let literal):
            return Self.holds(comparison, org.value(of: column, in: row), literal, column.field)
        case .member(let column, let texts, let others):
            let value = org.value(of: column, in: row)
            return value.text.map { texts.contains(column.field.key(of: $0)) } ?? false
                || others.contains { Self.equals(value, $0, column.field) }
        case .includes(let column, let sets):
            let chosen = Self.choices(org.value(of: column, in: row).text ?? "")
            return sets.contains { $0.isSubset(of: chosen) }
        }
    }

    /// The parts of a multi-select value.
    static func choices(_ text: String) -> Set<String> {
        Set(text.lowercased().split(separator: ";").map(String.init))
    }

    private static func equals(_ value: SandboxValue, _ literal: SOQL.Literal, _ field: SalesforceField) -> Bool {
        switch literal {
        case .null: value == .null
        case .bool(let flag): value == .bool(flag)
        case .number(let number): value.double == number
        case .string(let text): value.text.map { field.key(of: $0) == field.key(of: text) } ?? false
        case .date(let text), .dateTime(let text): value.text == text
        }
    }

    private static func holds(
        _ comparison: SOQL.Comparison, _ value: SandboxValue, _ literal: SOQL.Literal, _ field: SalesforceField
    ) -> Bool {
        switch literal {
        case .number(let number): value.double.map { comparison.holds($0, number) } ?? false
        // Both are kept in a form that sorts as it compares.
        case .date(let text), .dateTime(let text): value.text.map { comparison.holds($0, text) } ?? false
        case .string(let text): value.text.map { comparison.holds(field.key(of: $0), field.key(of: text)) } ?? false
        case .null, .bool: false
        }
    }

    // MARK: Indexes

    /// A superset of the ids of live rows that match, found without reading all; `nil` when no index serves.
    func candidates(in table: SalesforceTable) -> [String]? {
        switch self {
        case .equal(let column, .string(let text)): Self.ids(column, [text], in: table)
        case .member(let column, let texts, let others) where others.isEmpty: Self.ids(column, texts.sorted(), in: table)
        case .and(let terms): terms.lazy.compactMap { $0.candidates(in: table) }.first
        case .or(let terms):
            terms.reduce([]) { found, term in
                guard let found, let more = term.candidates(in: table) else { return nil }
                return found + more
            }
        default: nil
        }
    }

    /// The part of ascending ids in which all lie that match.
    func range(in ids: [String]) -> Range<Int> {
        switch self {
        case .and(let terms): return terms.reduce(ids.indices) { $0.clamped(to: $1.range(in: ids)) }
        case .compare(let column, let comparison, .string(let id)) where column.isOwnID:
            switch comparison {
            case .greater: return ids.position { $0 > id }..<ids.endIndex
            case .greaterOrEqual: return ids.position { $0 >= id }..<ids.endIndex
            case .less: return ids.startIndex..<ids.position { $0 >= id }
            case .lessOrEqual: return ids.startIndex..<ids.position { $0 > id }
            case .equal, .notEqual: return ids.indices
            }
        default: return ids.indices
        }
    }

    private static func ids(_ column: SOQLColumn, _ texts: [String], in table: SalesforceTable) -> [String]? {
        guard column.steps.isEmpty else { return nil }
        if column.field.kind == .id { return texts.filter { table.rows[$0] != nil } }
        guard table.isIndexed(column.field) else { return nil }
        return texts.flatMap { table.ids(where: column.field, equals: $0) ?? [] }
    }
}

extension SOQL.Comparison {
    fileprivate func holds<Operand: Comparable>(_ left: Operand, _ right: Operand) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}

extension SalesforceField {
    /// What stands for a text when it is compared: without regard to case unless the field says otherwise; ids always with.
    func key(of text: String) -> String {
        isText && !isCaseSensitive ? text.lowercased() : text
    }
}
