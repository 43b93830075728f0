/// A SOQL statement of the subset the emulator knows: one object and its parents, no sub-selects, no aggregates but
/// `COUNT()`.
struct SOQL: Equatable {
    enum Literal: Equatable {
        case null
        case string(String)
        case number(Double)
        case bool(Bool)
        case date(String)
        /// In the form rows keep it, so that texts compare as times do.
        case dateTime(String)
    }

    enum Comparison: String {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    indirect enum Condition: Equatable {
        case compare(field: String, Comparison, Literal)
        case like(field: String, SOQLPattern)
        case member(field: String, of: [Literal], negated: Bool)
        /// `INCLUDES` and `EXCLUDES`: any of the literals, of which `A;B` asks for both.
        case includes(field: String, [Literal], negated: Bool)
        case and([Condition])
        case or([Condition])
        case not(Condition)
    }

    struct Order: Equatable {
        var field: String
        var descending = false
        var nullsLast = false
    }

    /// Empty for `COUNT()`.
    var fields: [String] = []
    var object = ""
    var condition: Condition?
    var order: [Order] = []
    var limit: Int?
    var offset = 0
}

extension SalesforceFault {
    static func malformedQuery(_ message: String) -> SalesforceFault {
        badRequest("MALFORMED_QUERY", message)
    }
}
