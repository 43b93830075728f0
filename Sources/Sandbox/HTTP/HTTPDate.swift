/// The date format of HTTP headers (RFC 7231): `Mon, 21 Sep 2026 14:13:20 GMT`.
enum HTTPDate {
    // 1970-01-01 was a Thursday.
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The second a time in milliseconds since 1970 lies in; `nil` before 1970, which no clock shows.
    static func text(milliseconds: Int64) -> String? {
        guard milliseconds >= 0 else { return nil }
        let seconds = milliseconds / 1000
        let parts = CivilTime.text(seconds: seconds).split { $0 == "-" || $0 == "T" }
        guard parts.count == 4, let month = Int(parts[1]), months.indices.contains(month - 1) else { return nil }
        let weekday = weekdays[Int(seconds / 86_400 % 7)]
        return "\(weekday), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]) GMT"
    }
}
