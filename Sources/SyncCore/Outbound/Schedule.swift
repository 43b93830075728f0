public import Contracts
import Foundation

/// When a job runs by itself (OUT-3).
public enum Schedule: Sendable, Hashable, Codable {
    /// Every so many hours, one of ``allowedHours``, counted from the first run.
    case every(hours: Int)
    /// Once a day at a wall clock time in a time zone by its IANA name.
    case daily(hour: Int, minute: Int, timeZone: String)

    public static let allowedHours = [1, 2, 3, 4, 6, 8, 12]
}

extension Schedule {
    /// The next run after one at `moment`, always later than it.
    ///
    /// A daily run happens once on every day of the zone: where the clocks are put forward over its time, at the first moment
    /// after the gap; where they are put back and its time comes twice, the first time. A schedule with a ``problem`` runs
    /// all the same: by the nearest that makes sense, an unknown zone as UTC.
    public func next(after moment: Timestamp) -> Timestamp {
        switch self {
        case .every(let hours):
            return moment.advanced(by: .seconds(min(max(hours, 1), 24) * 3600))
        case .daily(let hour, let minute, let name):
            let zone = LocalClock(timeZone: name)
            let timeOfDay = Int64(min(max(hour, 0), 23) * 3600 + min(max(minute, 0), 59) * 60)
            let today = zone.day(of: moment)
            // A gap may push yesterday's run into today; four days hold one later run in any case.
            let runs = (today - 1...today + 2).map { zone.moment(day: $0, timeOfDay: timeOfDay) }
            return runs.first { $0 > moment } ?? moment.advanced(by: .seconds(86_400))
        }
    }

    /// What makes the schedule unusable, if anything does.
    public var problem: String? {
        switch self {
        case .every(let hours):
            guard !Self.allowedHours.contains(hours) else { return nil }
            let allowed = Self.allowedHours.map(String.init).joined(separator: ", ")
            return "a job cannot run every \(hours) hours, only every \(allowed)"
        case .daily(let hour, let minute, let zone):
            guard (0...23).contains(hour), (0...59).contains(minute) else {
                return "\(hour):\(minute) is no time of day; it goes from 00:00 to 23:59"
            }
            return TimeZone(identifier: zone) == nil ? "there is no time zone \"\(zone)\"" : nil
        }
    }

    /// For operators: `every 2 hours`, `daily at 03:00 Europe/Berlin`.
    public var text: String {
        switch self {
        case .every(1): "every hour"
        case .every(let hours): "every \(hours) hours"
        case .daily(let hour, let minute, let zone): "daily at \(twoDigits(hour)):\(twoDigits(minute)) \(zone)"
        }
    }
}

private func twoDigits(_ number: Int) -> String { (0...9).contains(number) ? "0\(number)" : String(number) }

/// Wall clock time in a zone; days count from 1970-01-01, times of day in seconds.
private struct LocalClock {
    private static let day: Int64 = 86_400
    private let zone: TimeZone?

    init(timeZone name: String) { zone = TimeZone(identifier: name) }

    func day(of moment: Timestamp) -> Int64 {
        let seconds = moment.milliseconds / 1000
        let local = seconds + offset(at: seconds)
        return (local - (local % Self.day + Self.day) % Self.day) / Self.day
    }

    /// The first moment at which the zone's clocks show the time or, where they skip it, a later one.
    func moment(day: Int64, timeOfDay: Int64) -> Timestamp {
        let local = day * Self.day + timeOfDay
        let before = offset(at: local - Self.day)
        let after = offset(at: local + Self.day)
        let exact = [local - before, local - after].filter { local - offset(at: $0) == $0 }.min()
        return Timestamp(seconds: exact ?? change(between: local - Self.day, and: local + Self.day))
    }

    /// The moment within the two from which the later one's offset holds.
    private func change(between start: Int64, and end: Int64) -> Int64 {
        var (last, first) = (start, end)
        let later = offset(at: end)
        while first - last > 1 {
            let middle = (first + last) / 2
            if offset(at: middle) == later { first = middle } else { last = middle }
        }
        return first
    }

    private func offset(at seconds: Int64) -> Int64 {
        Int64(zone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))) ?? 0)
    }
}
