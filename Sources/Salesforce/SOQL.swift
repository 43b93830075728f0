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

    /// `field IN ('a','b')`, or nothing when there are no values.
    static func membership(of field: String, in literals: [String]) -> String? {
        literals.isEmpty ? nil : "\(field) IN (\(literals.joined(separator: ",")))"
    }
}
