import Contracts
import Foundation

/// One measured line: what, how much, in which unit.
struct BenchLine: Sendable {
    var name: String
    var value: String
    var note = ""

    static func rate(_ name: String, _ count: Int, in duration: Duration, unit: String, note: String = "") -> BenchLine {
        let perSecond = Double(count) / max(duration.seconds, 1e-9)
        return BenchLine(name: name, value: "\(Int(perSecond).grouped) \(unit)/s", note: note)
    }
}

extension Duration {
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

extension Int {
    /// With thousands separators, for people.
    var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return self < 0 ? "-" + text : text
    }
}

/// What the process holds in memory.
enum ProcessMemory {
    /// Resident bytes now.
    static var resident: Int { field("VmRSS:") }
    /// The most that was ever resident.
    static var peak: Int { field("VmHWM:") }

    private static func field(_ name: String) -> Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        return (kilobytes ?? 0) * 1024
    }
}
