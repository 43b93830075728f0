/// One thing wrong in a configuration file, and where.
struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    /// As it was given to the loader.
    var file: String
    /// From 1; `nil` when the file cannot be read at all.
    var line: Int?
    /// The keys down to the value, e.g. `spec.mapping.contact[2].rule`; empty for the document itself.
    var path: String
    /// Holds no secret.
    var reason: String

    var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return path.isEmpty ? "\(place): \(reason)" : "\(place): \(path): \(reason)"
    }
}

/// Everything wrong in the files of one load, not only the first of it.
struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    var problems: [ConfigurationProblem]

    var description: String {
        let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
        return (["the configuration has \(count):"] + problems.map { "  \($0)" }).joined(separator: "\n")
    }
}

/// Gathers the problems of one file while it is read.
final class ProblemCollector {
    let file: String
    private(set) var problems: [ConfigurationProblem] = []

    init(file: String) { self.file = file }

    func report(line: Int?, path: String = "", _ reason: String) {
        problems.append(ConfigurationProblem(file: file, line: line, path: path, reason: reason))
    }
}
