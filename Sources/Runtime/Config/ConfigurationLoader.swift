import SyncCore
import Yams

/// Reads configuration files, and says everything that is wrong with them at once.
struct ConfigurationLoader: Sendable {
    var environment = ConfigurationEnvironment.process

    /// The cluster's configuration. An empty file gives the defaults.
    func cluster(at path: String) throws(ConfigurationError) -> ClusterConfiguration {
        let problems = ProblemCollector(file: path)
        let documents = self.documents(of: path, problems)
        var configuration = ClusterConfiguration()
        if let first = documents.first { configuration = ClusterConfiguration(first) }
        if documents.count > 1 { documents[1].report("a cluster is described by one document") }
        guard problems.problems.isEmpty else { throw ConfigurationError(problems: problems.problems) }
        return configuration
    }

    /// The integrations in files, or in the `.yaml` and `.yml` files of directories, in order.
    func integrations(at paths: [String]) throws(ConfigurationError) -> [IntegrationFile] {
        var all: [ConfigurationProblem] = []
        var found: [IntegrationFile] = []
        for path in paths.flatMap(files) {
            let problems = ProblemCollector(file: path)
            for document in documents(of: path, problems) where !document.isNull {
                guard let integration = IntegrationFile(document) else { continue }
                if let other = found.first(where: { $0.settings.name == integration.settings.name }) {
                    let place = other.line.map { "\(other.file):\($0)" } ?? other.file
                    document.report("\(integration.settings.name) is described twice, first in \(place)")
                }
                found.append(integration)
            }
            all += problems.problems
        }
        guard all.isEmpty else { throw ConfigurationError(problems: all) }
        return found
    }

    private func files(_ path: String) -> [String] {
        guard let names = environment.list(path) else { return [path] }
        let folder = path.hasSuffix("/") ? path : path + "/"
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted().map { folder + $0 }
    }

    private func documents(of path: String, _ problems: ProblemCollector) -> [ConfigurationValue] {
        guard let bytes = environment.read(path) else {
            problems.report(line: nil, "cannot be read")
            return []
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            problems.report(line: nil, "is not UTF-8 text")
            return []
        }
        var documents: [ConfigurationValue] = []
        do {
            let parser = try Parser(yaml: text)
            while let node = try parser.nextRoot() {
                documents.append(ConfigurationValue(node: node, path: "", environment: environment, problems: problems))
            }
        } catch let error as YamlError {
            let (line, reason) = error.summary
            problems.report(line: line, reason)
        } catch {
            problems.report(line: nil, "is not YAML")
        }
        return documents
    }
}

extension YamlError {
    /// Where and what, without the lines of the file that the parser's own text repeats.
    fileprivate var summary: (line: Int?, reason: String) {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            (mark.line, "is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            (context.mark.line, "is written twice: \(keys.sorted().joined(separator: ", "))")
        case .reader(let problem, _, _, _): (nil, "is not YAML: \(problem)")
        default: (nil, "is not YAML")
        }
    }
}
