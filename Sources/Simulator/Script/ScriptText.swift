import Contracts
import Foundation

/// A text that is not a script, or not one of this version.
public struct ScriptProblem: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

/// Scripts are kept and shown as text: a line for the setting, as far as it differs from a calm one, and one for each step.
///
///     setting {"window":{"records":3,"seconds":60}}
///     0:12:30.500 {"editContact":{"field":"phone","person":3,"value":"+1 555 2017"}}
extension Script: Codable, CustomStringConvertible {
    var description: String {
        (["setting \(Self.text(setting))"] + steps.map { "\($0.at.clockText) \(Self.text($0.action))" }).joined(separator: "\n")
    }

    init(lines: some Sequence<Substring>) throws(ScriptProblem) {
        self.init(setting: Setting(), steps: [])
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { throw ScriptProblem(description: "no line of a script: \(line)") }
            if words[0] == "setting" {
                setting = try Self.value(in: words[1])
            } else {
                guard let at = Duration(clockText: words[0]) else {
                    throw ScriptProblem(description: "no time like 1:02:03.456: \(words[0])")
                }
                steps.append(Step(at: at, action: try Self.value(in: words[1])))
            }
        }
    }

    init(from decoder: any Decoder) throws {
        try self.init(lines: decoder.singleValueContainer().decode(String.self).split(separator: "\n"))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Names, numbers and texts can always be written.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func value<Value: Decodable>(in text: Substring) throws(ScriptProblem) -> Value {
        do { return try JSONDecoder().decode(Value.self, from: Data(text.utf8)) } catch {
            throw ScriptProblem(description: "nothing this version knows: \(text)")
        }
    }
}

extension Duration {
    /// e.g. `1:02:03.456`.
    var clockText: String {
        func padded(_ number: Int64, to length: Int) -> String {
            String(repeating: "0", count: max(0, length - String(number).count)) + String(number)
        }
        let all = wholeMilliseconds
        return
            "\(all / 3_600_000):\(padded(all / 60_000 % 60, to: 2)):\(padded(all / 1000 % 60, to: 2)).\(padded(all % 1000, to: 3))"
    }

    init?(clockText: some StringProtocol) {
        let numbers = clockText.split { $0 == ":" || $0 == "." }.compactMap { Int64($0) }
        guard numbers.count == 4 else { return nil }
        self = .milliseconds(((numbers[0] * 60 + numbers[1]) * 60 + numbers[2]) * 1000 + numbers[3])
    }

    var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
