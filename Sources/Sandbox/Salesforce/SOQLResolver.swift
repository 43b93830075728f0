/// Finds the fields a statement names and checks that its operators and literals fit them, as strictly as the vendor.
struct SOQLResolver {
    let org: SalesforceOrg
    let table: SalesforceTable

    func filter(_ condition: SOQL.Condition) throws(SalesforceFault) -> SOQLFilter {
        switch condition {
        case .and(let terms): return .and(try filters(terms))
        case .or(let terms): return .or(try filters(terms))
        case .not(let term): return .not(try filter(term))
        case .compare(let path, let comparison, let literal):
            return try self.comparison(of: try column(path), comparison, literal)
        case .like(let path, let pattern):
            let column = try column(path)
            guard column.field.isText, column.field.kind != .multipicklist else { throw .invalidOperator(on: column.field) }
            return .like(column, pattern)
        case .member(let path, let literals, let negated):
            let filter = try membership(of: try column(path), literals)
            return negated ? .not(filter) : filter
        case .includes(let path, let literals, let negated):
            let column = try column(path)
            guard column.field.kind == .multipicklist else {
                throw .badRequest("INVALID_FIELD", "includes or excludes operator only valid on multipicklist field")
            }
            let filter = SOQLFilter.includes(column, try choices(literals, of: column.field))
            return negated ? .not(filter) : filter
        }
    }

    private func filters(_ terms: [SOQL.Condition]) throws(SalesforceFault) -> [SOQLFilter] {
        var filters: [SOQLFilter] = []
        for term in terms { filters.append(try filter(term)) }
        return filters
    }

    private func comparison(
        of column: SOQLColumn, _ comparison: SOQL.Comparison, _ literal: SOQL.Literal
    ) throws(SalesforceFault) -> SOQLFilter {
        let literal = try check(literal, for: column.field)
        switch comparison {
        case .equal: return .equal(column, literal)
        case .notEqual: return .not(.equal(column, literal))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard column.field.kind != .boolean, column.field.kind != .multipicklist else {
                throw .invalidOperator(on: column.field)
            }
            return .compare(column, comparison, literal)
        }
    }

    private func membership(of column: SOQLColumn, _ literals: [SOQL.Literal]) throws(SalesforceFault) -> SOQLFilter {
        var texts: Set<String> = []
        var others: [SOQL.Literal] = []
        for literal in try check(literals, for: column.field) {
            if case .string(let text) = literal { texts.insert(column.field.key(of: text)) } else { others.append(literal) }
        }
        return .member(column, texts: texts, others: others)
    }

    private func choices(_ literals: [SOQL.Literal], of field: SalesforceField) throws(SalesforceFault) -> [Set<String>] {
        var choices: [Set<String>] = []
        for literal in literals {
            guard case .string(let text) = literal else { throw .wrongLiteral(for: field) }
            choices.append(SOQLFilter.choices(text))
        }
        return choices
    }

    private func column(_ path: String) throws(SalesforceFault) -> SOQLColumn {
        let column = try org.column(path, of: table)
        guard column.field.isFilterable else {
            throw .badRequest("INVALID_FIELD", "field '\(column.field.name)' can not be filtered in a query call")
        }
        return column
    }

    private func check(_ literals: [SOQL.Literal], for field: SalesforceField) throws(SalesforceFault) -> [SOQL.Literal] {
        var checked: [SOQL.Literal] = []
        for literal in literals { checked.append(try check(literal, for: field)) }
        return checked
    }

    private func check(_ literal: SOQL.Literal, for field: SalesforceField) throws(SalesforceFault) -> SOQL.Literal {
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
        default: throw .wrongLiteral(for: field)
        }
    }
}

extension SalesforceFault {
    fileprivate static func invalidOperator(on field: SalesforceField) -> SalesforceFault {
        badRequest("INVALID_FIELD", "invalid operator on \(field.kind.rawValue) field")
    }

    fileprivate static func wrongLiteral(for field: SalesforceField) -> SalesforceFault {
        let type =
            switch field.kind {
            case .boolean, .int, .date: field.kind.rawValue
            case .double, .currency, .percent: "double"
            case .datetime: "dateTime"
            default: "string"
            }
        return badRequest(
            "INVALID_FIELD",
            "value of filter criterion for field '\(field.name)' must be of type \(type) and should "
                + (type == "string" ? "be enclosed in quotes" : "not be enclosed in quotes"))
    }
}
