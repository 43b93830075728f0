public import Foundation
import Synchronization

/// A process of its own that simulates on order.
public actor SimulationProcess {
    /// The process ended before it answered.
    public struct Died: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    private let process = Process()
    private let orders = Pipe()
    private let answers: AsyncStream<Data>
    private let endings: AsyncStream<String>

    /// - Parameter arguments: what makes the executable call ``SimulationServer/run()``.
    public init(executable: URL, arguments: [String]) throws {
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

    /// Plays one run there.
    public func play(_ order: RunOrder) async throws -> RunResult {
        do { try orders.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(order) + Data("\n".utf8)) } catch {
            throw Died(description: "the simulating process takes no orders: \(error)")
        }
        for await answer in answers { return try JSONDecoder().decode(RunResult.self, from: answer) }
        for await ending in endings { throw Died(description: "the simulating process ended with \(ending)") }
        throw CancellationError()
    }

    /// Ends the process, whatever it is doing.
    public func end() { process.terminate() }
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
                var parts = (rest + chunk).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                rest = parts.popLast().map { Data($0) } ?? Data()
                for part in parts { feed.yield(Data(part)) }
            }
        }
        return lines
    }
}
