import Foundation
import Synchronization

/// A process of its own that simulates on order. It ends with the last reference to this.
actor SimulationProcess {
    /// The process ended before it answered.
    struct Died: Error, CustomStringConvertible {
        let description: String
    }

    private let process = Process()
    private let orders = Pipe()
    private let answers: AsyncStream<Data>
    private let endings: AsyncStream<String>

    init(executable: URL, arguments: [String]) throws {
        let output = Pipe()
        answers = output.fileHandleForReading.lines()
        let (endings, end) = AsyncStream.makeStream(of: String.self)
        self.endings = endings
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(SimulationServer.environment) { $1 }
        process.standardInput = orders
        process.standardOutput = output
        process.terminationHandler = { process in
            end.yield("\(process.terminationReason == .exit ? "status" : "signal") \(process.terminationStatus)")
            end.finish()
        }
        try process.run()
    }

    deinit { process.terminate() }

    /// Plays one run there.
    func play(_ order: RunOrder) async throws(Died) -> RunResult {
        do {
            try orders.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(order) + Data("\n".utf8))
            for await answer in answers { return try JSONDecoder().decode(RunResult.self, from: answer) }
        } catch {
            throw Died(description: "the simulating process is not understood: \(error)")
        }
        for await ending in endings { throw Died(description: "the simulating process ended with \(ending)") }
        throw Died(description: "the simulation was cancelled")
    }
}

extension FileHandle {
    /// The lines that can be read until the other end closes.
    fileprivate func lines() -> AsyncStream<Data> {
        let (lines, feed) = AsyncStream.makeStream(of: Data.self)
        let rest = Mutex(Data())
        readabilityHandler = { handle in
            let chunk = handle.availableData
            guard !chunk.isEmpty else {
                handle.readabilityHandler = nil
                return feed.finish()
            }
            rest.withLock { rest in
                // Only what is new can end a line; answers with a trace come in thousands of chunks.
                var parts = chunk.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                let last = parts.removeLast()
                for part in parts {
                    feed.yield(rest + part)
                    rest = Data()
                }
                rest += last
            }
        }
        return lines
    }
}
