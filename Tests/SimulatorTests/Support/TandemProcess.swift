import Foundation
import Simulator
import Testing

/// The `tandem` executable, built beside the tests.
enum TandemProcess {
    struct Output {
        var status: Int32
        var text: String
    }

    static func executable() throws -> URL {
        let products = try #require(Bundle.main.executableURL).deletingLastPathComponent()
        return products.appendingPathComponent("tandem")
    }

    static func pool(width: Int) throws -> SimulationPool {
        SimulationPool(executable: try executable(), arguments: ["simulation-server"], width: width)
    }

    /// Runs a command to its end.
    static func run(_ arguments: [String]) async throws -> Output {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tandem-\(UUID().uuidString).txt")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = try executable()
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: file)
        let (endings, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        try process.run()
        for await status in endings { return Output(status: status, text: try String(contentsOf: file, encoding: .utf8)) }
        throw CancellationError()
    }
}
