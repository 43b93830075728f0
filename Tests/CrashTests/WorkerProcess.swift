import Foundation

/// The real executable under test, which dies without warning and is started again.
actor WorkerProcess {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let executable: URL
    private let arguments: [String]
    /// Where everything it prints is kept.
    private let output: URL
    private var process: Process?
    private var restartFailure: (any Error)?
    private var isStopped = false
    private(set) var kills = 0
    private(set) var starts = 0

    /// - Parameter name: the product, built beside this test.
    init(_ name: String, arguments: [String], output: URL) throws {
        let products = Bundle.main.executableURL?.deletingLastPathComponent()
        guard let executable = products?.appendingPathComponent(name),
            FileManager.default.isExecutableFile(atPath: executable.path)
        else {
            throw Failure(description: "there is no \(name) beside the tests; build it with `swift build --product \(name)`")
        }
        guard FileManager.default.createFile(atPath: output.path, contents: nil) else {
            throw Failure(description: "the output of \(name) cannot be kept")
        }
        self.executable = executable
        self.arguments = arguments
        self.output = output
    }

    func start() throws {
        guard !isStopped else { return }
        let file = try FileHandle(forWritingTo: output)
        try file.seekToEnd()
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.standardOutput = file
        process.standardError = file
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
        starts += 1
    }

    /// Kills the process with SIGKILL, as a power cut would, and starts the next one once it is dead.
    func killAndRestart() async {
        do {
            guard try await end() else { return }
            kills += 1
            try start()
        } catch {
            restartFailure = error
        }
    }

    /// Ends the process for good.
    func stop() async throws {
        isStopped = true
        _ = try await end()
    }

    /// Throws when the process could not be started again, or ended on its own account.
    func requireAlive() throws {
        if let restartFailure { throw restartFailure }
        guard let process, !process.isRunning else { return }
        throw Failure(
            description: "\(executable.lastPathComponent) ended by itself, status \(process.terminationStatus):\n\(lastWords())")
    }

    /// The end of what the processes printed.
    func lastWords() -> String {
        String(((try? String(contentsOf: output, encoding: .utf8)) ?? "").suffix(2000))
    }

    /// Returns once the process is dead; `false` when there was none.
    private func end() async throws -> Bool {
        guard let ending = process, ending.isRunning else { return false }
        process = nil
        kill(ending.processIdentifier, SIGKILL)
        try await eventually("the killed process is gone", every: .milliseconds(1)) { !ending.isRunning }
        return true
    }
}
