/// Why a payload was refused. The reason names what and where, and never holds a value.
struct PayloadError: Error, Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// It cannot be read at all.
        case malformed
        /// It can be read but lacks what it needs.
        case unprocessable
    }

    var kind: Kind
    var reason: String

    static func malformed(_ reason: String) -> PayloadError { PayloadError(kind: .malformed, reason: reason) }
    static func unprocessable(_ reason: String) -> PayloadError { PayloadError(kind: .unprocessable, reason: reason) }
}
