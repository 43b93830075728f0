import Contracts
import Logging
import Synchronization

/// What happened in a run, line by line, in virtual time. Two runs of one seed have the same trace, byte for byte.
public final class Trace: Sendable {
    private struct State {
        var lines: [String] = []
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    }

    private let clock: SimulatedClock
    /// Whether lines are kept, and the workers' own logs are among them; else they are only hashed.
    public let isKept: Bool
    private let state = Mutex(State())

    init(clock: SimulatedClock, isKept: Bool) {
        self.clock = clock
        self.isKept = isKept
    }

    public var lines: [String] { state.withLock(\.lines) }
    /// Of all lines so far (FNV-1a).
    public var hash: UInt64 { state.withLock(\.hash) }

    func note(_ who: String, _ what: @autoclosure () -> String) {
        let line = "\(clock.now().iso8601) \(who): \(what())"
        state.withLock { state in
            for byte in line.utf8 { state.hash = (state.hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            if isKept { state.lines.append(line) }
        }
    }

    /// A logger whose lines go to the trace, if it is kept.
    func logger(of process: String) -> Logger {
        var logger = Logger(label: process) { label in
            let handler: any LogHandler = isKept ? TraceLogHandler(trace: self, process: label) : SwiftLogNoOpLogHandler()
            return handler
        }
        logger.logLevel = isKept ? .info : .critical
        return logger
    }
}

/// Writes a process's log into the trace.
private struct TraceLogHandler: LogHandler {
    let trace: Trace
    let process: String
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(trace: Trace, process: String) {
        self.trace = trace
        self.process = process
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        trace.note(process, "\(event.level) \(event.message) \(all.joined(separator: " "))")
    }
}
