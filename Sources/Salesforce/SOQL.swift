import SyncCore

/// Queries as text.
enum SOQL {
    /// Well under the 100,000 characters a query may have.
    static let maxLength = 90_000
    /// No string literal may be longer.
    static let maxLiteral = 4_000

    /// A string literal. Salesforce refuses any backslash pair it does not know.
    static func literal(_ text: String) -> String {
        var quoted = "'"
        for character in text.unicodeScalars {
            switch character {
            case "\\": quoted += "\\\\"
            case "'": quoted += "\\'"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(character)
            }
        }
        return quoted + "'"
    }

    /// A text within the quotes of `LIKE`, its own `%` and `_` without their special meaning.
    static func pattern(_ text: String) -> String {
        String(literal(text).dropFirst().dropLast()).replacing("%", with: "\\%").replacing("_", with: "\\_")
    }

    static func select(_ fields: [String], from object: CRMObject, where condition: String) -> String {
        "SELECT \(fields.joined(separator: ",")) FROM \(object.apiName) WHERE \(condition)"
    }

    /// `field IN ('a','b')`. There must be a value: SOQL has no empty lists.
    static func condition(_ field: String, isAnyOf literals: [String]) -> String {
        "\(field) IN (\(literals.joined(separator: ",")))"
    }

    /// `field IN ('a','b')`, or nothing when there are no values.
    static func membership(of field: String, in literals: [String]) -> String? {
        literals.isEmpty ? nil : condition(field, isAnyOf: literals)
    }

    /// The literals in groups that fit one list each, with room for the words of the query around it.
    static func groups(_ literals: [String], besides length: Int) -> [[String]] {
        var groups: [[String]] = []
        var room = 0
        for literal in literals {
            if groups.isEmpty || literal.count + 1 > room {
                groups.append([])
                room = maxLength - length
            }
            groups[groups.count - 1].append(literal)
            room -= literal.count + 1
        }
        return groups
    }
}
