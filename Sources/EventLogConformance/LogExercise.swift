public import EventLog

/// One thing every log must do. Together they are the conformance suite: whoever writes a log runs them all.
///
/// An exercise uses topics and groups of its own, so that many may run at once on one cluster.
public struct LogExercise: Sendable, CustomStringConvertible {
    /// The rule that is exercised, as a sentence.
    public let rule: String
    private let body: @Sendable (Bench) async throws -> Void

    init(_ rule: String, _ body: @escaping @Sendable (Bench) async throws -> Void) {
        self.rule = rule
        self.body = body
    }

    public var description: String { rule }

    /// Runs the exercise on a log made by `open`, and closes that log.
    ///
    /// - Parameters:
    ///   - deadline: How long any single step may take. Only a log that fails ever waits so long.
    ///   - run: Makes the names of topics and groups unique where earlier runs may have left some.
    ///   - open: Opens a log. Topics must have several partitions, and come into being when they are published to.
    /// - Throws: ``ConformanceFailure``, or what the log threw.
    public func run(
        deadline: Duration = .seconds(120), run: String = "", open: @Sendable () async throws -> any EventLog
    ) async throws {
        let log = try await open()
        let name = rule.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined().prefix(60)
        let bench = Bench(log: log, name: "\(run)\(name)", deadline: deadline)
        do {
            try await body(bench)
        } catch {
            await log.close()
            throw error
        }
        await log.close()
    }

    /// Every exercise.
    public static let all: [LogExercise] = records + offsets + members + endings
}

/// What a log did wrong.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
