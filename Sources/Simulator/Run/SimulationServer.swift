import Foundation

/// What a process that simulates does: it reads orders, a line of JSON each, and answers each with a line of JSON.
///
/// A simulation needs a process of its own: it takes every task of the process into its hands, and it can be had again only
/// where Swift's hashing is the same each time.
public enum SimulationServer {
    /// What the environment of such a process must contain.
    public static let environment = ["SWIFT_DETERMINISTIC_HASHING": "1"]

    /// Serves until standard input ends, and exits.
    public static func run() -> Never {
        // Not on the main thread: it may be inside a job of the runtime already, which the simulated ones must not see.
        let thread = Thread {
            while let line = readLine() { answer(Data(line.utf8)) }
            exit(0)
        }
        thread.stackSize = 16 << 20
        thread.start()
        while true { pause() }
    }

    private static func answer(_ line: Data) {
        do {
            let result = try JSONDecoder().decode(RunOrder.self, from: line).play()
            try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(result) + Data("\n".utf8))
        } catch {
            FileHandle.standardError.write(Data("the simulation cannot be served: \(error)\n".utf8))
            exit(1)
        }
    }
}
