extension Duration {
    /// Reads `500ms`, `30s`, `10m`, `1h30m`, `1d`: whole numbers with their units, largest first or not.
    init?(text: String) {
        var total: Int64 = 0
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let count = Int64(digits), let milliseconds = Self.millisecondsPerUnit[String(unit)] else { return nil }
            let (part, tooLarge) = count.multipliedReportingOverflow(by: milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !tooLarge, !overflow else { return nil }
            total = sum
        }
        self = .milliseconds(total)
    }

    private static let millisecondsPerUnit: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    /// The shortest text ``init(text:)`` reads as this duration, to whole milliseconds.
    var text: String {
        var rest = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        guard rest > 0 else { return "0s" }
        var text = ""
        for unit in ["d", "h", "m", "s", "ms"] {
            guard let size = Self.millisecondsPerUnit[unit], rest >= size else { continue }
            text += "\(rest / size)\(unit)"
            rest %= size
        }
        return text
    }
}
