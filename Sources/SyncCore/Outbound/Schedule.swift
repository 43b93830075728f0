/// When a job runs by itself (OUT-3).
public enum Schedule: Sendable, Hashable, Codable {
    /// Every so many hours, one of ``allowedHours``, counted from the first run.
    case every(hours: Int)
    /// Once a day at a wall clock time in a time zone by its IANA name.
    case daily(hour: Int, minute: Int, timeZone: String)

    public static let allowedHours = [1, 2, 3, 4, 6, 8, 12]
}
