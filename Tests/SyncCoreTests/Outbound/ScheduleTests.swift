import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("OUT-3 Schedules")
struct ScheduleTests {
    private static let zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
    private static let times = [(0, 0), (1, 45), (2, 15), (2, 30), (3, 0), (23, 59)]

    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(iso8601: text)) }

    @Test("OUT-3 every allowed number of hours counts from the run before", arguments: Schedule.allowedHours)
    func everyHours(hours: Int) {
        let schedule = Schedule.every(hours: hours)
        #expect(schedule.problem == nil && schedule.next(after: at(100)) == at(100 + Int64(hours) * 3600))
    }

    @Test(
        "OUT-3 clocks put forward run at the first moment after the gap, clocks put back the first time",
        arguments: [
            ("Europe/Berlin", 2, 30, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", 2, 30, "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
            ("Europe/Berlin", 2, 30, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", 2, 30, "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            ("America/New_York", 2, 0, "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"),
            ("America/New_York", 1, 30, "2026-11-01T00:00:00Z", "2026-11-01T05:30:00Z"),
            // Lord Howe moves by half an hour.
            ("Australia/Lord_Howe", 2, 15, "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z"),
            ("Asia/Kolkata", 0, 0, "2026-01-01T00:00:00Z", "2026-01-01T18:30:00Z"),
            ("UTC", 0, 0, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ])
    func daily(zone: String, hour: Int, minute: Int, after: String, expected: String) throws {
        let schedule = Schedule.daily(hour: hour, minute: minute, timeZone: zone)
        let next = schedule.next(after: try moment(after))
        #expect(next == (try moment(expected)), "\(next.iso8601)")
    }

    @Test("OUT-3 a daily job runs exactly once on each of 730 local days, at its time or after the gap over it", arguments: zones)
    func onceADay(zone name: String) throws {
        let zone = try #require(TimeZone(identifier: name))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        for (hour, minute) in Self.times {
            let schedule = Schedule.daily(hour: hour, minute: minute, timeZone: name)
            var last = try moment("2026-01-01T00:00:00Z")
            var days: [Int] = []
            for _ in 0..<730 {
                let next = schedule.next(after: last)
                #expect(next > last)
                // A run may be asked for at any moment in between without another one coming up.
                #expect(schedule.next(after: Timestamp(milliseconds: next.milliseconds - 1)) == next)
                let date = Date(timeIntervalSince1970: Double(next.milliseconds) / 1000)
                let local = calendar.dateComponents([.hour, .minute], from: date)
                let shown = (local.hour ?? 0) * 60 + (local.minute ?? 0) - hour * 60 - minute
                #expect(shown == 0 || (1...60).contains(shown), "\(next.iso8601) shows \(local)")
                days.append((Int(next.milliseconds / 1000) + zone.secondsFromGMT(for: date)) / 86_400)
                last = next
            }
            #expect(zip(days, days.dropFirst()).allSatisfy { $0 + 1 == $1 }, "\(name) \(hour):\(minute)")
        }
    }

    @Test(
        "OUT-3 a schedule that makes no sense says so, and is still safe to ask",
        arguments: [
            (Schedule.every(hours: 5), "every 5 hours"), (.every(hours: 0), "every 0 hours"), (.every(hours: .max), "hours"),
            (.daily(hour: 24, minute: 0, timeZone: "UTC"), "24:0"),
            (.daily(hour: 3, minute: .min, timeZone: "UTC"), "time of day"),
            (.daily(hour: 3, minute: 0, timeZone: "Europe/Atlantis"), "Europe/Atlantis"),
        ])
    func problems(schedule: Schedule, mentioned: String) {
        #expect(schedule.problem?.contains(mentioned) == true)
        #expect(schedule.next(after: at(0)) > at(0))
    }

    @Test("OUT-3 operators read schedules in words")
    func text() {
        #expect(Schedule.every(hours: 1).text == "every hour" && Schedule.every(hours: 2).text == "every 2 hours")
        #expect(Schedule.daily(hour: 3, minute: 5, timeZone: "Europe/Berlin").text == "daily at 03:05 Europe/Berlin")
    }
}
