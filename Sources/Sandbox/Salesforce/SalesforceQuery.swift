/// What a query found: a snapshot of ids, and the columns to be read when a page is asked for.
struct SalesforceSelection: Sendable {
    var object: String
    var columns: [SOQLColumn]
    var ids: [String]
    /// `queryAll`
    var includesDeleted: Bool
    /// `COUNT()`: no rows.
    var countsOnly: Bool
    /// When the locator dies, in ms.
    var expires: Int64 = 0
}

extension SalesforceOrg {
    /// Runs a statement; every fault is the whole call's.
    func select(_ text: String, includingDeleted: Bool) throws(SalesforceFault) -> SalesforceSelection {
        let query = try SOQLParser.parse(text)
        let table = try table(query.object)
        var columns: [SOQLColumn] = []
        for path in query.fields {
            let column = try column(path, of: table)
            guard !columns.contains(where: { $0.path == column.path }) else {
                throw .malformedQuery("duplicate field selected: \(column.path)")
            }
            columns.append(column)
        }
        let ids = try sort(try find(query, in: table, includingDeleted: includingDeleted), by: query.order, in: table)
        return SalesforceSelection(
            object: table.object.name, columns: columns, ids: Array(ids.dropFirst(query.offset).prefix(query.limit ?? .max)),
            includesDeleted: includingDeleted, countsOnly: columns.isEmpty)
    }

    private func find(
        _ query: SOQL, in table: SalesforceTable, includingDeleted: Bool
    ) throws(SalesforceFault) -> [SalesforceRow] {
        var filter: SOQLFilter?
        if let condition = query.condition { filter = try SOQLResolver(org: self, table: table).filter(condition) }
        var ids = table.order
        // Deleted rows are in no index.
        if !includingDeleted, let candidates = filter?.candidates(in: table) { ids = Set(candidates).sorted() }
        return ids.compactMap { id in
            guard let row = table.rows[id], includingDeleted || !row.isDeleted, filter?.matches(row, of: self) ?? true else {
                return nil
            }
            return row
        }
    }

    /// The rows' ids in the order wanted, those alike by their id.
    private func sort(
        _ rows: [SalesforceRow], by order: [SOQL.Order], in table: SalesforceTable
    ) throws(SalesforceFault) -> [String] {
        guard !order.isEmpty else { return rows.map(\.id) }
        var columns: [SOQLColumn] = []
        for item in order {
            let column = try column(item.field, of: table)
            guard column.field.isFilterable else {
                throw .malformedQuery("field '\(column.field.name)' can not be sorted in a query call")
            }
            columns.append(column)
        }
        let keyed = rows.map { row in (id: row.id, keys: columns.map { sortKey(of: $0, in: row) }) }
        return keyed.sorted { left, right in
            for (index, item) in order.enumerated() {
                if let precedes = Self.precedes(left.keys[index], right.keys[index], item) { return precedes }
            }
            return left.id < right.id
        }.map(\.id)
    }

    private func sortKey(of column: SOQLColumn, in row: SalesforceRow) -> SandboxValue {
        switch value(of: column, in: row) {
        case .bool(let flag): .integer(flag ? 1 : 0)
        case .string(let text): .string(column.field.key(of: text))
        case let value: value
        }
    }

    /// `nil` when equal.
    private static func precedes(_ left: SandboxValue, _ right: SandboxValue, _ order: SOQL.Order) -> Bool? {
        if left == right { return nil }
        if left == .null || right == .null { return (left == .null) != order.nullsLast }
        if let first = left.double, let second = right.double { return (first < second) != order.descending }
        return (left.text ?? "") < (right.text ?? "") ? !order.descending : order.descending
    }
}
