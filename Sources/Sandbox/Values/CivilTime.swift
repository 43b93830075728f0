/// Dates of the proleptic Gregorian calendar, in UTC unless an offset is given.
enum CivilTime {
    /// The date and time of day `seconds` after 1970, shifted by `offset` minutes: `2026-05-28T05:03:51`.
    static func text(seconds: Int64, offsetMinutes: Int = 0) -> String {
        let local = seconds + Int64(offsetMinutes) * 60
        let days = floorDivide(local, 86_400)
        let time = local - days * 86_400
        return date(days: days) + "T" + pad(time / 3600) + ":" + pad(time / 60 % 60) + ":" + pad(time % 60)
    }

    /// The date so many days after 1970-01-01.
    static func date(days: Int64) -> String {
        // Counting from 1 March of year 0 puts the leap day last.
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year) + "-" + pad(civilMonth) + "-"
            + pad(day)
    }

    /// Days since 1970 of `YYYY-MM-DD`; `nil` when it is no such date.
    static func days(_ text: some StringProtocol) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2]),
            (1...12).contains(month), (1...31).contains(day), year >= 0
        else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return date(days: days) == text ? days : nil
    }

    /// Seconds since 1970 of an ISO 8601 date and time with `Z` or an offset; fractions are dropped.
    static func seconds(_ text: String) -> Int64? {
        let halves = text.split(separator: "T", maxSplits: 1)
        guard halves.count == 2, let days = days(halves[0]) else { return nil }
        let clock = halves[1].prefix(8)
        var zone = halves[1].dropFirst(8)
        if zone.first == "." { zone = zone.dropFirst().drop { $0.isNumber } }
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { $0.count == 2 ? Int64($0) : nil }
        guard parts.count == 3, let hour = parts[0], let minute = parts[1], let second = parts[2],
            (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second), let offset = offset(zone)
        else { return nil }
        return days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
    }

    /// Minutes east of UTC of `Z`, `+0100` or `+01:00`.
    private static func offset(_ zone: Substring) -> Int64? {
        if zone == "Z" { return 0 }
        let digits = zone.dropFirst().filter { $0 != ":" }
        guard let sign = zone.first, sign == "+" || sign == "-", digits.count == 4, let hours = Int64(digits.prefix(2)),
            let minutes = Int64(digits.suffix(2)), hours < 24, minutes < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func pad(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : String(number)
    }

    private static func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
        dividend >= 0 ? dividend / divisor : -((-dividend + divisor - 1) / divisor)
    }
}
