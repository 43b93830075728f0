import SyncCore

extension FieldRule.Operator {
    /// How files write each operator.
    static let names: [(name: String, comparison: FieldRule.Operator)] = [
        ("is", .equals), ("isNot", .notEquals), ("lessThan", .lessThan), ("lessOrEqual", .lessOrEqual),
        ("greaterThan", .greaterThan), ("greaterOrEqual", .greaterOrEqual), ("contains", .contains),
        ("notContains", .notContains), ("startsWith", .startsWith), ("isBlank", .isBlank), ("isNotBlank", .isNotBlank),
        ("isAnyOf", .isAnyOf), ("isNoneOf", .isNoneOf), ("includes", .includes), ("excludes", .excludes),
    ]

    /// How the operator is written in files.
    var name: String { Self.names.first { $0.comparison == self }?.name ?? rawValue }

    /// What stands behind the operator in a file.
    enum Operand { case nothing, one, list }

    var operand: Operand {
        switch self {
        case .isBlank, .isNotBlank: .nothing
        case .isAnyOf, .isNoneOf, .includes, .excludes: .list
        case .equals, .notEquals, .lessThan, .lessOrEqual, .greaterThan, .greaterOrEqual, .contains, .notContains, .startsWith:
            .one
        }
    }
}
