import Connectors
import Contracts
import Foundation
import Store
import SyncCore

/// Follows a run until it is over or held: a live line on a terminal, else a line whenever its state changes and every ten
/// seconds.
struct RunWatch {
    private static let pause = Duration.seconds(1)
    private static let quiet = Duration.seconds(10)

    let store: Store
    let clock: any WallClock
    let isTerminal: Bool
    let write: (String) -> Void

    /// On the standard output.
    static func onOutput(_ store: Store) -> RunWatch {
        RunWatch(
            store: store, clock: SystemClock(), isTerminal: isatty(FileHandle.standardOutput.fileDescriptor) == 1
        ) { FileHandle.standardOutput.write(Data($0.utf8)) }
    }

    @discardableResult
    func follow(_ id: Int64) async throws -> Run? {
        var told: (state: String, at: Timestamp)?
        while let run = try await store.run(id) {
            let (now, state) = (clock.now(), RunText.state(run))
            let isEnd = run.state.isOver || run.state == .held
            let line = RunText.line(run, now: now, isTerminal: isTerminal)
            if isTerminal {
                write("\u{1B}[2K\r\(line)\(isEnd ? "\n" : "")")
            } else if told.map({ $0.state != state || now.since($0.at) >= Self.quiet }) ?? true {
                write("\(line)\n")
                told = (state, now)
            }
            if isEnd { return run }
            try await clock.sleep(until: now.advanced(by: Self.pause))
        }
        return nil
    }
}
