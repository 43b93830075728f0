import Contracts

/// The `Date` header of HTTP (RFC 9110, section 5.6.7): how a server tells its clock, in whole seconds.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the one form servers may send; `nil` for anything else.
    static func read(_ text: String) -> Timestamp? {
        // By hand: every answer has one, and a regular expression is built anew for each.
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0].count == 4, words[0].hasSuffix(","), words[1].count == 2, words[3].count == 4,
            words[4].count == 8, words[5] == "GMT", let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        return Timestamp(iso8601: "\(words[3])-\(month < 9 ? "0" : "")\(month + 1)-\(words[1])T\(words[4])Z")
    }
}
