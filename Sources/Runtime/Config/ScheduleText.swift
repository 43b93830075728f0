import SyncCore

// The texts in which files and the command line give the parts of a schedule (OUT-3).
extension Schedule {
    /// The intervals there are, as they are written.
    static let intervals = allowedHours.map { "\($0)h" }.joined(separator: ", ")

    /// Reads an interval such as `2h`; `nil` for one there is not.
    init?(every text: String) {
        guard let interval = Duration(text: text),
            let hours = Schedule.allowedHours.first(where: { .seconds($0 * 3600) == interval })
        else { return nil }
        self = .every(hours: hours)
    }

    /// Reads a time of day such as `03:00`; `nil` for none. Whether there is such a time zone is not asked here.
    init?(dailyAt text: String, timeZone: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let areDigits = parts.allSatisfy {
            $0.utf8.count == 2 && $0.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        }
        guard parts.count == 2, areDigits, let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60 else {
            return nil
        }
        self = .daily(hour: hour, minute: minute, timeZone: timeZone)
    }

    /// A time of day as ``init(dailyAt:timeZone:)`` reads it.
    static func timeOfDay(hour: Int, minute: Int) -> String {
        (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }
}
