import Connectors
import Contracts
import Store
import SyncCore
import Synchronization
import Testing

@testable import Runtime

@Suite("RUN-3 progress as operators see it")
struct RunTextTests {
    private static let start = Timestamp(seconds: 1_800_000_000)

    private static func run(read: Int = 250, expected: Int? = 1_000) -> Run {
        var run = Run(id: 7, integration: "acme", kind: .full, requestedAt: start).started(now: start)
        run.counts = RunCounts(read: read, written: 3, skipped: read - 4, failed: 1)
        run.expected = expected
        return run
    }

    @Test("RUN-3 a line tells read, written, skipped, failed, rate and time left; a terminal gets a bar")
    func line() {
        let now = Self.start.advanced(by: .seconds(10))
        #expect(
            RunText.line(Self.run(), now: now, isTerminal: false)
                == "run 7 full reading  read 250 of 1000, written 3, skipped 246, failed 1  25/s  30 s left")
        #expect(
            RunText.line(Self.run(), now: now, isTerminal: true)
                == "run 7 full reading  ██████░░░░░░░░░░░░░░░░░░ 25 %  read 250 of 1000, written 3, skipped 246, failed 1  "
                + "25/s  30 s left")
    }

    @Test("RUN-3 a pause does not count as work, and what nobody knows is not told")
    func unknown() {
        var run = Self.run(expected: nil)
        run.pausedFor = .seconds(40)
        let now = Self.start.advanced(by: .seconds(50))
        #expect(
            RunText.line(run, now: now, isTerminal: true)
                == "run 7 full reading  read 250, written 3, skipped 246, failed 1  25/s")
        run.pausedAt = now
        #expect(RunText.line(run, now: now.advanced(by: .seconds(1000)), isTerminal: false).contains("paused  read 250"))
    }

    @Test("RUN-3 the table shows why a run is held")
    func table() {
        var run = Self.run()
        (run.state, run.gone) = (.held, 31)
        run.reason = SyncError(.permanent, code: "mass-deletion", message: "31 of 40 gone")
        let text = RunText.table([run], now: Self.start.advanced(by: .seconds(10)))
        #expect(text.hasSuffix("run 7: mass-deletion: 31 of 40 gone"))
        #expect(text.contains("acme         full  held"))
    }

    @Test("RUN-3 a pipe gets plain lines: one a state and one every ten seconds; a terminal one line that is rewritten")
    func watching() async throws {
        let store = try Store.inMemory(key: .generate())
        let clock = VirtualClock()
        let beginning = try await store.beginRun(.full, of: "acme", requestID: "r", now: clock.now())
        guard case .begun(let run) = beginning else { return #expect(Bool(false), "the run did not begin") }
        for isTerminal in [false, true] {
            let output = Mutex("")
            let watch = RunWatch(store: store, clock: clock, isTerminal: isTerminal) { text in output.withLock { $0 += text } }
            if isTerminal {
                try await watch.follow(run.id)
            } else {
                async let watched = watch.follow(run.id)
                await clock.waitForSleepers()
                await clock.advance(by: .seconds(1))
                let now = clock.now()
                _ = try await store.changeRun(run.id, now: now) { $0.ended(.finished, now: now) }
                await clock.advance(by: .seconds(1))
                #expect(try await watched?.state == .finished)
            }
            let text = output.withLock { $0 }
            let lines = text.split(separator: "\n").map { $0.split(separator: "  ")[0] }
            #expect(lines == (isTerminal ? ["\u{1B}[2K\rrun 1 full finished"] : ["run 1 full waiting", "run 1 full finished"]))
        }
    }
}
