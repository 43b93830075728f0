import Contracts

/// Reads a day: ISO (`2008-01-20`, also with a time, whose day is taken as it is written), or day, month and year parted
/// by `/`, `-` or `.`. `nil` for the vendors' null date.
///
/// Without a given order a part above 12 decides; what stays open is day first with dots, month first with slashes and
/// hyphens. A year needs four digits.
func readDate(_ text: String, order: DateOrder?) throws(ConversionFailure) -> CalendarDate? {
    let (dayText, time) = splitTime(text)
    if let time {
        guard isTimeOfDay(time) else { throw ConversionFailure("not a date") }
    }
    let separators = dayText.filter { !isASCIIDigit($0) }
    let texts = dayText.split(omittingEmptySubsequences: false) { !isASCIIDigit($0) }
    guard let separator = separators.first, "/-.".contains(separator), separators.count == 2,
        separators.allSatisfy({ $0 == separator }), texts.allSatisfy({ (1...4).contains($0.count) })
    else { throw ConversionFailure("not a date") }
    let parts = texts.compactMap { Int($0) }
    guard parts.count == 3 else { throw ConversionFailure("not a date") }
    if parts == [0, 0, 0] { return nil }

    let date: CalendarDate
    if texts[0].count == 4 {
        date = CalendarDate(year: parts[0], month: parts[1], day: parts[2])
    } else if texts[2].count == 4 {
        let isDayFirst = try isDayFirst(parts[0], parts[1], separator: separator, order: order)
        date = CalendarDate(
            year: parts[2], month: isDayFirst ? parts[1] : parts[0], day: isDayFirst ? parts[0] : parts[1])
    } else {
        throw ConversionFailure("the year of a date needs four digits")
    }
    guard date.exists else { throw ConversionFailure("no such day in the calendar") }
    // The years Salesforce accepts.
    guard (1700...4000).contains(date.year) else { throw ConversionFailure("the year lies outside 1700 to 4000") }
    return date
}

private func isDayFirst(
    _ first: Int, _ second: Int, separator: Character, order: DateOrder?
) throws(ConversionFailure) -> Bool {
    switch order {
    case .dayMonthYear: return true
    case .monthDayYear: return false
    case .yearMonthDay: throw ConversionFailure("the year does not come first")
    case nil:
        if first > 12 { return true }
        if second > 12 { return false }
        return separator == "."
    }
}

/// Reads a moment in ISO 8601. One without an offset from UTC is refused unless the offset is given: both vendors send
/// local times in some places, and a guess would be hours off. `nil` for the vendors' null date.
func readInstant(_ text: String, utcOffsetMinutes: Int?) throws(ConversionFailure) -> Timestamp? {
    let (dayText, time) = splitTime(text)
    guard let date = try readDate(dayText, order: .yearMonthDay) else { return nil }
    guard let time else { throw ConversionFailure("a date without a time of day") }
    let hasOffset = time.contains { "Zz+-".contains($0) }
    var iso = "\(date)T\(time)"
    if !hasOffset {
        guard let utcOffsetMinutes else { throw ConversionFailure("a local time that does not say its offset from UTC") }
        let (hours, minutes) = utcOffsetMinutes.magnitude.quotientAndRemainder(dividingBy: 60)
        iso += (utcOffsetMinutes < 0 ? "-" : "+") + twoDigits(hours) + ":" + twoDigits(minutes)
    }
    guard let moment = Timestamp(iso8601: iso) else { throw ConversionFailure("not a date and time") }
    return moment
}

/// Parts a date from the time after `T` or a blank.
private func splitTime(_ text: String) -> (day: String, time: String?) {
    guard let mark = text.firstIndex(where: { $0 == "T" || $0 == "t" || $0 == " " }) else { return (text, nil) }
    return (String(text[..<mark]), String(text[text.index(after: mark)...]))
}

/// Whether `text` starts as a time of day does; its exact form matters only where the time is kept.
private func isTimeOfDay(_ text: String) -> Bool {
    let parts = text.split(separator: ":")
    guard parts.count >= 2, let hour = Int(parts[0]), let minute = Int(parts[1].prefix(2)) else { return false }
    return (0...24).contains(hour) && (0...59).contains(minute)
}

private func twoDigits(_ number: UInt) -> String { number < 10 ? "0\(number)" : String(number) }

private func isASCIIDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
