extension Timestamp {
    /// Reads a date and time with its offset from UTC: `2026-05-28T05:03:51Z`, `…51.250-05:00`, `…51.000+0000` (Salesforce
    /// leaves out the colon). What is finer than a millisecond is cut off. `nil` for anything else, a date alone, a time
    /// without offset or a day the calendar does not have included.
    public init?(iso8601 text: String) {
        self.init(iso8601: Array(text.utf8)[...])
    }

    init?(iso8601 bytes: ArraySlice<UInt8>) {
        var scanner = DateTimeScanner(bytes)
        guard let day = scanner.date(), scanner.skip("T", or: "t"), let time = scanner.time(), let offset = scanner.offset(),
            scanner.isAtEnd
        else { return nil }
        self.init(milliseconds: day * Self.millisecondsPerDay + time - offset)
    }

    /// The moment in UTC with milliseconds: `2026-05-28T05:03:51.250Z`.
    ///
    /// Years outside 0000…9999 get a sign and at least six digits, as ISO 8601 has it; they are not read back.
    public var iso8601: String {
        let (day, time) = milliseconds.quotientAndRemainder(flooringBy: Self.millisecondsPerDay)
        let date = Calendar.date(ofDay: day)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        if (0...9999).contains(date.year) {
            text.append(date.year, digits: 4)
        } else {
            text.append(UInt8(ascii: date.year < 0 ? "-" : "+"))
            text.append(abs(date.year), digits: 6)
        }
        for (separator, value, digits) in [
            ("-" as Unicode.Scalar, date.month, 2), ("-", date.day, 2), ("T", time / 3_600_000, 2), (":", time / 60_000 % 60, 2),
            (":", time / 1000 % 60, 2), (".", time % 1000, 3),
        ] {
            text.append(UInt8(ascii: separator))
            text.append(value, digits: digits)
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    private static let millisecondsPerDay: Int64 = 86_400_000
}

/// Goes through a date and time from the left.
private struct DateTimeScanner {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    var isAtEnd: Bool { index == bytes.endIndex }

    /// `yyyy-mm-dd`, in days since 1970-01-01.
    mutating func date() -> Int64? {
        guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"), let day = number(digits: 2),
            (1...12).contains(month), day >= 1, day <= Calendar.days(inMonth: month, of: year)
        else { return nil }
        return Calendar.day(of: (year, month, day))
    }

    /// `hh:mm:ss` with an optional fraction, in milliseconds since midnight.
    mutating func time() -> Int64? {
        guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), skip(":"), let second = number(digits: 2),
            hour < 24, minute < 60
        else { return nil }
        // RFC 3339 allows a leap second; like POSIX, it is the first second of the next minute.
        guard second < 60 || (second == 60 && minute == 59) else { return nil }
        guard let fraction = skip(".") ? milliseconds() : 0 else { return nil }
        return ((hour * 60 + minute) * 60 + second) * 1000 + fraction
    }

    /// `Z`, `±hh:mm` or `±hhmm`, in milliseconds.
    mutating func offset() -> Int64? {
        if skip("Z", or: "z") { return 0 }
        let isNegative = skip("-")
        guard isNegative || skip("+"), let hours = number(digits: 2) else { return nil }
        _ = skip(":")
        guard let minutes = number(digits: 2), hours < 24, minutes < 60 else { return nil }
        let offset = (hours * 60 + minutes) * 60_000
        return isNegative ? -offset : offset
    }

    /// One or more digits after the decimal point; those from the fourth on do not count.
    private mutating func milliseconds() -> Int64? {
        var value: Int64 = 0
        var count = 0
        while let digit = digit() {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        switch count {
        case 0: return nil
        case 1: return value * 100
        case 2: return value * 10
        default: return value
        }
    }

    private mutating func number(digits count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private mutating func digit() -> Int64? {
        guard index < bytes.endIndex else { return nil }
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        index += 1
        return Int64(digit)
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool { skip(character, or: character) }

    mutating func skip(_ character: Unicode.Scalar, or other: Unicode.Scalar) -> Bool {
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: character) || bytes[index] == UInt8(ascii: other) else {
            return false
        }
        index += 1
        return true
    }
}

/// The Gregorian calendar, extended both ways, by arithmetic on days since 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year, in eras of 400 years (146 097 days).
private enum Calendar {
    private static let daysPerEra: Int64 = 146_097
    /// From 0000-03-01 to 1970-01-01.
    private static let epoch: Int64 = 719_468

    static func day(of date: (year: Int64, month: Int64, day: Int64)) -> Int64 {
        let year = date.month > 2 ? date.year : date.year - 1
        let (era, yearOfEra) = year.quotientAndRemainder(flooringBy: 400)
        let dayOfYear = daysBefore(month: (date.month + 9) % 12) + date.day - 1
        return era * daysPerEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - epoch
    }

    static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (day + epoch).quotientAndRemainder(flooringBy: daysPerEra)
        // Taking out the leap days passed so far leaves years of 365 days.
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = era * 400 + yearOfEra + (month > 9 ? 1 : 0)
        return (year, month > 9 ? month - 9 : month + 3, dayOfYear - daysBefore(month: month) + 1)
    }

    static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1 March to the first of `month`, March being month 0; its lengths repeat every five months (153 days).
    private static func daysBefore(month: Int64) -> Int64 { (153 * month + 2) / 5 }
}

extension Int64 {
    /// Division that rounds down, so that the remainder is never negative.
    fileprivate func quotientAndRemainder(flooringBy divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension [UInt8] {
    /// Appends a number that is not negative, with leading zeros up to `digits`.
    fileprivate mutating func append(_ value: Int64, digits: Int) {
        let text = String(value)
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, digits - text.utf8.count)))
        append(contentsOf: text.utf8)
    }
}
