/// What a query found: a snapshot of ids, and the columns to be read when a page is asked for.
struct SalesforceSelection: Sendable {
    var object: String
    var columns: [SOQLColumn]
    var ids: [String]
    /// `queryAll`
    var includesDeleted: Bool
    /// `COUNT()`: no rows.
    var countsOnly: Bool
    /// Whether the statement names an order.
    var isOrdered: Bool
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
        var filter: SOQLFilter?
        if let condition = query.condition { filter = try SOQLResolver(org: self, table: table).filter(condition) }
        let keys = try sortColumns(query.order, of: table)
        let search = Search(
            filter: filter, includesDeleted: includingDeleted,
            limit: query.limit.map { min($0, .max - query.offset) + query.offset })
        let ids =
            keys.first.map(\.isOwnID) ?? true
            ? find(search, in: table, descending: query.order.first?.descending ?? false)
            : sort(rows(search, in: table), by: query.order, columns: keys)
        return SalesforceSelection(
            object: table.object.name, columns: columns, ids: Array(ids.dropFirst(query.offset).prefix(query.limit ?? .max)),
            includesDeleted: includingDeleted, countsOnly: columns.isEmpty, isOrdered: !query.order.isEmpty)
    }

    private struct Search {
        var filter: SOQLFilter?
        var includesDeleted: Bool
        /// How many rows are enough.
        var limit: Int?
    }

    /// Ids in which all that match lie, ascending.
    private func candidates(_ search: Search, in table: SalesforceTable) -> ArraySlice<String> {
        // Deleted rows are in no index.
        if !search.includesDeleted, let found = search.filter?.candidates(in: table) { return Set(found).sorted()[...] }
        return table.order[search.filter?.range(in: table.order) ?? table.order.indices]
    }

    private func row(_ id: String, ifFoundBy search: Search, in table: SalesforceTable) -> SalesforceRow? {
        guard let row = table.rows[id], search.includesDeleted || !row.isDeleted, search.filter?.matches(row, of: self) ?? true
        else { return nil }
        return row
    }

    /// The ids that match, by their own order: no more are looked at than are needed.
    private func find(_ search: Search, in table: SalesforceTable, descending: Bool) -> [String] {
        let candidates = candidates(search, in: table)
        var ids: [String] = []
        for id in descending ? AnySequence(candidates.reversed()) : AnySequence(candidates) {
            if let limit = search.limit, ids.count >= limit { break }
            if row(id, ifFoundBy: search, in: table) != nil { ids.append(id) }
        }
        return ids
    }

    private func rows(_ search: Search, in table: SalesforceTable) -> [SalesforceRow] {
        candidates(search, in: table).compactMap { row($0, ifFoundBy: search, in: table) }
    }

    private func sortColumns(_ order: [SOQL.Order], of table: SalesforceTable) throws(SalesforceFault) -> [SOQLColumn] {
        var columns: [SOQLColumn] = []
        for item in order {
            let column = try column(item.field, of: table)
            guard column.field.isFilterable else {
                throw .malformedQuery("field '\(column.field.name)' can not be sorted in a query call")
            }
            columns.append(column)
        }
        return columns
    }

    /// The rows' ids in the order wanted, those alike by their id.
    private func sort(_ rows: [SalesforceRow], by order: [SOQL.Order], columns: [SOQLColumn]) -> [String] {
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
