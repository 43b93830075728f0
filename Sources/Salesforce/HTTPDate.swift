import Contracts

/// The `Date` header of HTTP (RFC 9110, section 5.6.7): how a server tells its clock, in whole seconds.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the one form servers may send; `nil` for anything else.
    static func read(_ text: String) -> Timestamp? {
        guard let match = text.wholeMatch(of: /\w{3}, (\d{2}) (\w{3}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT/),
            let month = months.firstIndex(of: String(match.2))
        else { return nil }
        return Timestamp(iso8601: "\(match.3)-\(month < 9 ? "0" : "")\(month + 1)-\(match.1)T\(match.4)Z")
    }
}
