/// The org's API calls of the last 24 hours, counted by the hour.
struct SalesforceUsage: Sendable {
    private static let hour: Int64 = 3_600_000

    let limit: Int
    private var hours: [Int64: Int] = [:]
    /// What other software has used of the day, for as long as it is said to.
    var others = 0

    init(limit: Int) {
        self.limit = limit
    }

    func used(now: Int64) -> Int {
        hours.reduce(others) { $1.key > now / Self.hour - 24 ? $0 + $1.value : $0 }
    }

    mutating func count(_ calls: Int, now: Int64) {
        hours[now / Self.hour, default: 0] += calls
        hours = hours.filter { $0.key > now / Self.hour - 24 }
    }

    func header(now: Int64) -> String {
        "api-usage=\(used(now: now))/\(limit)"
    }
}
