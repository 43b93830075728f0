import SyncCore
import Yams

/// One value of a YAML document with its place in it. Each reading method reports what is wrong and returns `nil`.
struct ConfigurationValue {
    let node: Node
    /// The keys down to here, e.g. `spec.mapping.contact[2]`.
    let path: String
    let environment: ConfigurationEnvironment
    let problems: ProblemCollector

    var line: Int? { node.mark?.line }

    func report(_ reason: String) { problems.report(line: line, path: path, reason) }

    func child(_ node: Node, _ path: String) -> ConfigurationValue {
        ConfigurationValue(node: node, path: path, environment: environment, problems: problems)
    }

    var isMapping: Bool { node.mapping != nil }
    var isList: Bool { node.sequence != nil }
    /// The text of a single value, which may be empty; nothing is reported.
    var scalar: String? { node.scalar?.string }

    /// A key with nothing behind it counts as absent.
    var isNull: Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// A scalar as it is written: `62.0` and `on` are the texts they look like.
    func text() -> String? {
        guard let scalar = node.scalar else {
            report("must be a single value, not \(kind)")
            return nil
        }
        guard !scalar.string.isEmpty else {
            report("must not be empty")
            return nil
        }
        return scalar.string
    }

    func integer(in range: ClosedRange<Int>) -> Int? {
        guard let text = text() else { return nil }
        guard let number = Int(text), range.contains(number) else {
            report("must be a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
            return nil
        }
        return number
    }

    func boolean() -> Bool? {
        guard let text = text() else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            report("must be true or false, not \"\(text)\"")
            return nil
        }
    }

    func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard let text = text() else { return nil }
        guard let duration = Duration(text: text) else {
            report("must be a duration such as 500ms, 30s, 10m or 1h30m, not \"\(text)\"")
            return nil
        }
        guard range.contains(duration) else {
            report("must be from \(range.lowerBound.text) to \(range.upperBound.text), not \(text)")
            return nil
        }
        return duration
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(of type: Choice.Type) -> Choice? {
        guard let text = text() else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let allowed = Choice.allCases.map(\.rawValue)
        report("must be \(allowed.count == 1 ? "" : "one of ")\(allowed.joined(separator: ", ")), not \"\(text)\"")
        return nil
    }

    func list() -> [ConfigurationValue]? {
        guard let sequence = node.sequence else {
            report("must be a list, not \(kind)")
            return nil
        }
        return sequence.enumerated().map { child($0.element, "\(path)[\($0.offset)]") }
    }

    /// A mapping with no other keys than `known`.
    func mapping(known: [String]) -> ConfigurationMapping? {
        guard let mapping = openMapping() else { return nil }
        for (key, entry) in mapping.entries where !known.contains(key) {
            let meant = Suggestion.closest(to: key, among: known)
            let hint = meant.map { "did you mean \($0)?" } ?? "known are \(known.joined(separator: ", "))"
            problems.report(line: entry.keyLine, path: entry.value.path, "unknown key; \(hint)")
        }
        return mapping
    }

    /// A mapping with any keys.
    func openMapping() -> ConfigurationMapping? {
        guard let mapping = node.mapping else {
            report("must be a mapping of keys to values, not \(kind)")
            return nil
        }
        var entries: [(String, ConfigurationMapping.Entry)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                problems.report(line: key.mark?.line, path: path, "a key must be a single value")
                continue
            }
            let value = child(value, path.isEmpty ? name : "\(path).\(name)")
            entries.append((name, ConfigurationMapping.Entry(value: value, keyLine: key.mark?.line)))
        }
        return ConfigurationMapping(value: self, entries: entries)
    }

    private var kind: String {
        switch node {
        case .scalar: isNull ? "empty" : "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}

/// A mapping of a YAML document.
struct ConfigurationMapping {
    struct Entry {
        var value: ConfigurationValue
        var keyLine: Int?
    }

    let value: ConfigurationValue
    /// In the order they are written; the parser refuses repeated keys.
    let entries: [(key: String, entry: Entry)]

    init(value: ConfigurationValue, entries: [(String, Entry)]) {
        self.value = value
        self.entries = entries.map { (key: $0.0, entry: $0.1) }
    }

    /// The value of a key; `nil` when it is absent or has nothing behind it.
    subscript(key: String) -> ConfigurationValue? {
        guard let value = entries.first(where: { $0.key == key })?.entry.value, !value.isNull else { return nil }
        return value
    }

    /// The value of a key that must be there.
    func required(_ key: String) -> ConfigurationValue? {
        if let value = self[key] { return value }
        reportMissing(key)
        return nil
    }

    func reportMissing(_ key: String, because reason: String? = nil) {
        let path = value.path.isEmpty ? key : "\(value.path).\(key)"
        value.problems.report(line: value.line, path: path, "is missing" + (reason.map { ": \($0)" } ?? ""))
    }
}

extension ConfigurationValue {
    /// Where a secret is to be found. One written in the file itself is refused: files are shared and kept.
    func secret() -> Secret? {
        guard scalar == nil else {
            report("a secret may not be written here: put it in an environment variable or file, {env: NAME} or {file: path}")
            return nil
        }
        guard let source = mapping(known: ["env", "file"]) else { return nil }
        switch (source["env"], source["file"]) {
        case (let variable?, nil): return variable.secretFromEnvironment()
        case (nil, let file?): return file.secretFromFile()
        default:
            report("needs either env or file")
            return nil
        }
    }

    private func secretFromEnvironment() -> Secret? {
        guard let name = text() else { return nil }
        guard let value = environment.variable(name), !value.isEmpty else {
            report("the environment variable \(name) is not set")
            return nil
        }
        return Secret(value)
    }

    /// A file's text without the newlines at its end, which editors add.
    private func secretFromFile() -> Secret? {
        guard let name = text() else { return nil }
        guard let bytes = environment.read(name) else {
            report("the file \(name) cannot be read")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            report("the file \(name) is not UTF-8 text")
            return nil
        }
        let end = text.lastIndex { !$0.isNewline }
        guard let end else {
            report("the file \(name) is empty")
            return nil
        }
        return Secret(String(text[...end]))
    }
}
