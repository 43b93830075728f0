import Contracts
import Testing

@testable import SyncCore

@Suite("MAP-2 Dates and times")
struct DateTests {
    static let readable: [(String, String)] = [
        ("2008-01-20", "2008-01-20"), ("2008-1-2", "2008-01-02"), ("2008/01/20", "2008-01-20"), ("5/14/1965", "1965-05-14"),
        ("14/5/1965", "1965-05-14"), ("04-08-1966", "1966-04-08"), ("4/8/1966", "1966-04-08"), ("14.05.1965", "1965-05-14"),
        ("4.8.1966", "1966-08-04"), ("2008-01-20T23:59:59-05:00", "2008-01-20"), ("2026-02-28 00:00:00", "2026-02-28"),
        ("2024-02-29", "2024-02-29"), ("2000-02-29", "2000-02-29"), (" 2008-01-20 ", "2008-01-20"),
    ]

    @Test("reads", arguments: readable)
    func reads(text: String, expected: String) throws {
        let date = try #require(CalendarDate(expected))
        #expect(try convert(.string(text), to: .date) == .date(date))
    }

    @Test(
        "refuses what is no day",
        arguments: [
            "2023-02-29", "1900-02-29", "2008-02-30", "2008-13-01", "2008-00-10", "2008-01-00", "31.04.2008", "13/13/2008",
            "5/14/65",
            "01-02-03", "2008-01", "20080120", "2008-01/20", "2008-01-20x", "2008-01-20Tx", "Jan 20 2008", "soon", "1",
            "1699-01-01",
            "4001-01-01", "--", "2008--20", "٢٠٠٨-٠١-٢٠", "20008-01-20", "2008-01-20T25:00",
        ])
    func refuses(text: String) {
        #expect(throws: ConversionFailure.self) { try convert(.string(text), to: .date) }
    }

    @Test("an order that was given overrides the guess, but never the calendar")
    func orders() throws {
        func read(_ text: String, _ order: DateOrder) throws -> FieldValue {
            try convert(.string(text), to: .date, hints: ConversionHints(dateOrder: order))
        }
        #expect(try read("4/8/1966", .dayMonthYear) == .date(CalendarDate(year: 1966, month: 8, day: 4)))
        #expect(try read("4.8.1966", .monthDayYear) == .date(CalendarDate(year: 1966, month: 4, day: 8)))
        #expect(try read("1966-08-04", .dayMonthYear) == .date(CalendarDate(year: 1966, month: 8, day: 4)))
        #expect(throws: ConversionFailure.self) { try read("5/14/1965", .dayMonthYear) }
        #expect(throws: ConversionFailure.self) { try read("4/8/1966", .yearMonthDay) }
    }

    @Test("every day of four centuries and no other is a day")
    func calendar() {
        var days = 0
        for year in 1900..<2300 {
            for month in 0...13 {
                for day in 0...32 where CalendarDate(year: year, month: month, day: day).exists { days += 1 }
            }
        }
        #expect(days == 146_097)
    }

    @Test("a moment needs its offset from UTC")
    func moments() throws {
        let moment = FieldValue.instant(Timestamp(seconds: 1_779_962_631))
        for text in [
            "2026-05-28T05:03:51-05:00", "2026-05-28T10:03:51Z", "2026-05-28T10:03:51+0000", "2026-05-28 05:03:51-05:00",
        ] {
            #expect(try convert(.string(text), to: .dateTime) == moment)
        }
        #expect(throws: ConversionFailure("a local time that does not say its offset from UTC")) {
            try convert("2026-05-28 05:03:51", to: .dateTime)
        }
        #expect(try convert("2026-05-28 05:03:51", to: .dateTime, hints: ConversionHints(utcOffsetMinutes: -300)) == moment)
        #expect(try convert("2026-05-28T15:33:51", to: .dateTime, hints: ConversionHints(utcOffsetMinutes: 330)) == moment)
        for text in ["2026-05-28", "2026-02-30T05:03:51Z", "2026-05-28T", "2026-05-28T25:03:51Z", "tomorrow", "1779962631"] {
            #expect(throws: ConversionFailure.self) { try convert(.string(text), to: .dateTime) }
        }
    }

    @Test("the vendors' null date is blank", arguments: ["0000-00-00", "0000-00-00 00:00:00", "", "  "])
    func nullDate(text: String) throws {
        #expect(try convert(.string(text), to: .date) == .blank)
        #expect(try convert(.string(text), to: .dateTime) == .blank)
    }
}
