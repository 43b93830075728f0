/// What a query found: a snapshot of ids, and the fields to be read when a page is asked for.
struct SalesforceSelection: Sendable {
    var object: String
    var fields: [SalesforceField]
    var ids: [String]
    /// `COUNT()`: no rows.
    var countsOnly = false
    /// When the locator dies, in ms.
    var expires: Int64 = 0
}

extension SalesforceOrg {
    /// Runs a statement; every fault is the whole call's.
    func select(_ text: String, includingDeleted: Bool) throws(SalesforceFault) -> SalesforceSelection {
        let query = try SOQLParser.parse(text)
        let table = try table(query.object)
        var fields: [SalesforceField] = []
        for name in query.fields {
            guard let field = table.field(name) else { throw .invalidField(name, on: table.object.name) }
            guard !fields.contains(where: { $0.name == field.name }) else {
                throw .malformedQuery("duplicate field selected: \(field.name)")
            }
            fields.append(field)
        }
        var rows = try find(query, in: table, includingDeleted: includingDeleted)
        if !query.order.isEmpty { rows = try sort(rows, by: query.order, in: table) }
        let kept = rows.dropFirst(query.offset).prefix(query.limit ?? .max)
        return SalesforceSelection(
            object: table.object.name, fields: fields, ids: kept.map(\.id), countsOnly: query.fields.isEmpty)
    }

    private func find(
        _ query: SOQL, in table: SalesforceTable, includingDeleted: Bool
    ) throws(SalesforceFault) -> [SalesforceRow] {
        var filter: SOQLFilter?
        if let condition = query.condition { filter = try SOQLFilter(condition, in: table) }
        var ids = table.order
        // Deleted rows are in no index.
        if !includingDeleted, let candidates = filter?.candidates(in: table) { ids = Set(candidates).sorted() }
        return ids.compactMap { id in
            guard let row = table.rows[id], includingDeleted || !row.isDeleted, filter?.matches(row) ?? true else { return nil }
            return row
        }
    }

    private func sort(
        _ rows: [SalesforceRow], by order: [SOQL.Order], in table: SalesforceTable
    ) throws(SalesforceFault) -> [SalesforceRow] {
        var keys: [(field: SalesforceField, order: SOQL.Order)] = []
        for item in order {
            guard let field = table.field(item.field) else { throw .invalidField(item.field, on: table.object.name) }
            guard field.isFilterable else {
                throw .malformedQuery("field '\(field.name)' can not be sorted in a query call")
            }
            keys.append((field, item))
        }
        return rows.sorted { left, right in
            for key in keys {
                if let ascends = Self.precedes(left[key.field.name], right[key.field.name], key.field, key.order) {
                    return ascends
                }
            }
            return left.id < right.id
        }
    }

    /// `nil` when equal.
    private static func precedes(
        _ left: SandboxValue, _ right: SandboxValue, _ field: SalesforceField, _ order: SOQL.Order
    ) -> Bool? {
        if left == .null || right == .null {
            return left == right ? nil : (left == .null) != order.nullsLast
        }
        let isLess: Bool
        let isMore: Bool
        if let first = left.double, let second = right.double {
            (isLess, isMore) = (first < second, first > second)
        } else {
            let first = left.text.map { field.isText ? $0.lowercased() : $0 } ?? String(left == true ? 1 : 0)
            let second = right.text.map { field.isText ? $0.lowercased() : $0 } ?? String(right == true ? 1 : 0)
            (isLess, isMore) = (first < second, first > second)
        }
        return isLess ? !order.descending : (isMore ? order.descending : nil)
    }

    /// A row as JSON with the fields wanted.
    func record(_ row: SalesforceRow, of object: String, fields: [SalesforceField], path: String) -> SandboxValue {
        var members: [String: SandboxValue] = [
            "attributes": ["type": .string(object), "url": .string("\(path)/sobjects/\(object)/\(row.id)")]
        ]
        for field in fields { members[field.name] = value(of: field, in: row) }
        return .object(members)
    }

    private func value(of field: SalesforceField, in row: SalesforceRow) -> SandboxValue {
        guard field.kind == .address else { return row[field.name] }
        let prefix = field.name == "Address" ? "" : String(field.name.dropLast("Address".count))
        var address: [String: SandboxValue] = [:]
        for part in ["Street", "City", "State", "PostalCode", "Country"] {
            address[part.prefix(1).lowercased() + part.dropFirst()] = row[prefix + part]
        }
        return address.values.allSatisfy { $0 == .null } ? .null : .object(address)
    }
}
