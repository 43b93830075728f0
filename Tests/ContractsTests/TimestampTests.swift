import Testing

@testable import Contracts

@Suite("Timestamps as ISO 8601")
struct TimestampTests {
    static let moment = Timestamp(milliseconds: 1_779_944_631_000)

    @Test(
        "One moment in every accepted notation",
        arguments: [
            "2026-05-28T05:03:51Z", "2026-05-28t05:03:51z", "2026-05-28T00:03:51-05:00", "2026-05-28T05:03:51+0000",
            "2026-05-28T05:03:51.000+0000", "2026-05-28T05:03:51.0Z", "2026-05-28T05:03:51.0009999999999999999999999Z",
            "2026-05-28T10:33:51+05:30", "2026-05-27T23:03:51-0600", "2026-05-28T05:03:51-00:00",
        ])
    func accepts(_ text: String) {
        #expect(Timestamp(iso8601: text) == Self.moment)
    }

    @Test(
        "What is not a date and time with an offset is refused",
        arguments: [
            "", "2026-05-28", "2026-05-28T05:03:51", "2026-05-28 05:03:51Z", "2026-05-28T05:03Z", "2026-05-28T05:03:51.Z",
            "2026-05-28T05:03:51 Z", "2026-05-28T05:03:51Zx", "2026-05-28T24:00:00Z", "2026-05-28T05:60:00Z",
            "2026-05-28T05:03:61Z", "2026-05-28T05:03:60Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-05-28T05:03:51+24:00", "2026-05-28T05:03:51+05", "2026-05-28T05:03:51+05:60", "+2026-05-28T05:03:51Z",
            "26-05-28T05:03:51Z", "2026-5-28T05:03:51Z", "2026-05-28T05:03:51,5Z", "２026-05-28T05:03:51Z",
        ])
    func refuses(_ text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test("A leap second is the first second of the next minute; fractions are cut, never rounded")
    func secondsAndFractions() {
        #expect(Timestamp(iso8601: "2016-12-31T23:59:60Z") == Timestamp(iso8601: "2017-01-01T00:00:00Z"))
        for (fraction, milliseconds) in [(".1", 100), (".12", 120), (".123", 123), (".1239", 123), (".999999", 999), ("", 0)] {
            let time = Timestamp(iso8601: "1970-01-01T00:00:00\(fraction)Z")
            #expect(time == Timestamp(milliseconds: Int64(milliseconds)))
        }
        #expect(Timestamp(iso8601: "1969-12-31T23:59:59.999Z") == Timestamp(milliseconds: -1))
    }

    @Test("Every day of a 400 year cycle of the calendar is written in order, and read back")
    func everyDay() throws {
        let first = try #require(Timestamp(iso8601: "1800-01-01T00:00:00Z"))
        let last = try #require(Timestamp(iso8601: "2199-12-31T00:00:00Z"))
        var expected = (year: 1800, month: 1, day: 1)
        var time = first
        var wrong = 0
        while time <= last {
            let text = Self.padded(expected.year, 4) + "-" + Self.padded(expected.month, 2) + "-" + Self.padded(expected.day, 2)
            if time.iso8601 != text + "T00:00:00.000Z" || Timestamp(iso8601: time.iso8601) != time { wrong += 1 }
            expected = Self.dayAfter(expected)
            time.milliseconds += 86_400_000
        }
        #expect(wrong == 0)
        #expect(expected == (2200, 1, 1))
    }

    /// The calendar by counting, independent of the arithmetic under test.
    private static func dayAfter(_ date: (year: Int, month: Int, day: Int)) -> (year: Int, month: Int, day: Int) {
        let isLeap = date.year.isMultiple(of: 4) && (!date.year.isMultiple(of: 100) || date.year.isMultiple(of: 400))
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        if date.day < lengths[date.month - 1] { return (date.year, date.month, date.day + 1) }
        return date.month < 12 ? (date.year, date.month + 1, 1) : (date.year + 1, 1, 1)
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        String(repeating: "0", count: digits - String(number).count) + String(number)
    }

    @Test("Random moments are read back")
    func roundTrip() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let time = Timestamp(milliseconds: Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &generator))
            #expect(Timestamp(iso8601: time.iso8601) == time)
        }
    }

    @Test("Moments beyond four-digit years are written with a sign")
    func expandedYears() {
        #expect(Timestamp(milliseconds: 253_402_300_800_000).iso8601 == "+010000-01-01T00:00:00.000Z")
        #expect(Timestamp(milliseconds: -62_167_219_200_001).iso8601 == "-000001-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: .max).iso8601 == "+292278994-08-17T07:12:55.807Z")
        #expect(Timestamp(milliseconds: .min).iso8601 == "-292275055-05-16T16:47:04.192Z")
    }

    @Test("Arithmetic at the edges stops there instead of trapping")
    func saturation() {
        #expect(Timestamp(seconds: .max).milliseconds == .max)
        #expect(Timestamp(seconds: .min).milliseconds == .min)
        #expect(Timestamp(milliseconds: .max).advanced(by: .seconds(1)).milliseconds == .max)
        #expect(Timestamp(milliseconds: .min).advanced(by: .seconds(-1)).milliseconds == .min)
        #expect(Timestamp(milliseconds: 0).advanced(by: .seconds(Int64.max)).milliseconds == .max)
        #expect(Timestamp(milliseconds: .max).since(Timestamp(milliseconds: .min)) > .zero)
        #expect(Self.moment.advanced(by: .milliseconds(-1500)).milliseconds == Self.moment.milliseconds - 1500)
    }
}
