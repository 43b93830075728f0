/// One row; every value under the field's own name, blank fields absent.
struct SalesforceRow: Sendable {
    let id: String
    var values: [String: SandboxValue]

    var isDeleted: Bool { values["IsDeleted"] == true }

    subscript(field: String) -> SandboxValue {
        values[field] ?? .null
    }
}

/// The rows of one object, with indexes on its lookup keys.
struct SalesforceTable: Sendable {
    private(set) var object: SalesforceObject
    /// By lower-cased name.
    private(set) var fields: [String: SalesforceField]
    /// What a row gets for the fields it was created without.
    private(set) var defaults: [String: SandboxValue]
    /// The fields that hold the id of another row.
    private(set) var references: [SalesforceField]
    private(set) var rows: [String: SalesforceRow] = [:]
    /// Ids ascending, which is the order in which they were given out.
    private(set) var order: [String] = []
    /// Field name → key → ids of rows that are not deleted.
    private var indexes: [String: [String: [String]]]
    private var nextNumber = 1

    init(_ object: SalesforceObject) {
        self.object = object
        fields = Self.dictionary(object.fields)
        defaults = Self.defaults(object.fields)
        references = object.fields.filter { $0.kind == .reference }
        indexes = Self.emptyIndexes(object.fields)
    }

    private static func defaults(_ fields: [SalesforceField]) -> [String: SandboxValue] {
        Dictionary(fields.compactMap { field in field.defaultValue.map { (field.name, $0) } }, uniquingKeysWith: { $1 })
    }

    private static func dictionary(_ fields: [SalesforceField]) -> [String: SalesforceField] {
        Dictionary(fields.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { $1 })
    }

    private static func emptyIndexes(_ fields: [SalesforceField]) -> [String: [String: [String]]] {
        Dictionary(fields.filter { $0.isLookupKey && $0.kind != .id }.map { ($0.name, [:]) }, uniquingKeysWith: { $1 })
    }

    func field(_ name: String) -> SalesforceField? {
        fields[name.lowercased()]
    }

    /// Replaces the schema while the rows stay, as when an admin adds, removes or hides a field.
    mutating func redefine(_ fields: [SalesforceField]) {
        object.fields = fields
        self.fields = Self.dictionary(fields)
        defaults = Self.defaults(fields)
        references = fields.filter { $0.kind == .reference }
        indexes = Self.emptyIndexes(fields)
        for id in order {
            if let row = rows[id], !row.isDeleted { index(row) }
        }
    }

    /// Ids of the live rows whose lookup field has that value; `nil` when the field has no index.
    func ids(where field: SalesforceField, equals value: String) -> [String]? {
        indexes[field.name].map { $0[Self.key(field, value)] ?? [] }
    }

    func isIndexed(_ field: SalesforceField) -> Bool {
        indexes[field.name] != nil
    }

    mutating func makeID() -> String {
        defer { nextNumber += 1 }
        return SalesforceID.make(prefix: object.prefix, number: nextNumber)
    }

    mutating func insert(_ row: SalesforceRow) {
        rows[row.id] = row
        // A row that was promised its id may come after later ones.
        let isLast = order.last.map { $0 < row.id } ?? true
        order.insert(row.id, at: isLast ? order.endIndex : order.position { $0 > row.id })
        if !row.isDeleted { index(row) }
    }

    mutating func replace(_ row: SalesforceRow) {
        if let old = rows[row.id], !old.isDeleted { unindex(old) }
        rows[row.id] = row
        if !row.isDeleted { index(row) }
    }

    mutating func remove(_ id: String) {
        guard let row = rows.removeValue(forKey: id) else { return }
        if !row.isDeleted { unindex(row) }
        order.removeAll { $0 == id }
    }

    private mutating func index(_ row: SalesforceRow) {
        for name in Array(indexes.keys) {
            guard let field = field(name), let value = row[name].text else { continue }
            indexes[name]?[Self.key(field, value), default: []].append(row.id)
        }
    }

    private mutating func unindex(_ row: SalesforceRow) {
        for name in Array(indexes.keys) {
            guard let field = field(name), let value = row[name].text else { continue }
            indexes[name]?[Self.key(field, value)]?.removeAll { $0 == row.id }
        }
    }

    /// Texts compare without regard to case unless the field says otherwise.
    private static func key(_ field: SalesforceField, _ value: String) -> String {
        field.isCaseSensitive ? value : value.lowercased()
    }
}

extension [String] {
    /// Of ascending texts, the position of the first one for which the condition holds; it must hold for all behind that one.
    func position(where condition: (String) -> Bool) -> Int {
        var range = startIndex..<endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = condition(self[middle]) ? range.lowerBound..<middle : (middle + 1)..<range.upperBound
        }
        return range.lowerBound
    }
}
