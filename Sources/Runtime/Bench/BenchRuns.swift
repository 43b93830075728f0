import Connectors
import Contracts
import EventLog
import Foundation
import Logging
import Playground
import Store
import SyncCore
import Vendors
import Workers

/// Full runs: how fast a million records are compared with as many people, and what the runner holds in memory meanwhile.
///
/// The emulated vendors live in a process of their own and are called over HTTP, and what has to be there before is put there
/// by another one: what this process holds is the runner's.
enum BenchRuns {
    static func run(people: Int) async throws -> [BenchLine] {
        try await Bench.withDirectory { directory in
            let vendors = try BenchVendors.start(people: people, directory: directory)
            defer { vendors.stop() }
            let ports = try await vendors.ports()
            try await BenchLinks.inOwnProcess(people: people, directory: directory, ports: ports)
            let store = try Store.open(path: directory + "/tandem.sqlite", key: BenchLinks.key())
            defer { try? store.close() }
            let join = try await join(store, people: people)
            return join + (try await full(store, directory: directory))
        }
    }

    private static func join(_ store: Store, people: Int) async throws -> [BenchLine] {
        guard let run = try await store.activeRun(of: Playground.integration) else { return [] }
        let start = ContinuousClock().now
        let join = LinkJoin(store: store, integration: Playground.integration, run: run.id)
        let (unseen, links) = try await join.unseen(.contact, in: .crmPages(.contact))
        let time = ContinuousClock().now - start
        _ = try await RunDesk(store: store).steer(.cancel, of: Playground.integration, now: SystemClock().now())
        return [
            BenchLine(
                name: "run: join \(people.grouped) ids with \(links.grouped) links",
                value: String(format: "%.1f s", time.seconds), note: "\(unseen.count.grouped) not seen; one core")
        ]
    }

    private static func full(_ store: Store, directory: String) async throws -> [BenchLine] {
        let clock = SystemClock()
        var logger = Logger(label: "tandem-bench")
        logger.logLevel = .critical
        let log = try EmbeddedLog.open(path: directory + "/log.sqlite", clock: { clock.now() })
        let runner = SyncRunner(
            log: log, store: store,
            connections: VendorConnections(store: store, transport: AsyncHTTPTransport(), clock: clock, logger: logger),
            topics: Topics(), clock: clock, settings: DrainSettings(pollInterval: .milliseconds(100)), holder: "bench",
            logger: logger)
        let run = try await RunDesk(store: store).begin(.full, of: Playground.integration, requestID: "bench", now: clock.now())
        let start = ContinuousClock().now
        let before = ProcessMemory.resident
        let (done, read, most) = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runner.run() }
            defer { group.cancelAll() }
            var (read, most) = (Duration.zero, 0)
            while true {
                most = max(most, ProcessMemory.resident)
                guard let now = try await store.run(run.id) else { throw CommandFailure(description: "the run is gone") }
                if now.state == .reading { read = ContinuousClock().now - start }
                if now.state.isOver || now.state == .held { return (now, read, most) }
                try await clock.sleep(until: clock.now().advanced(by: .milliseconds(50)))
            }
        }
        await log.close()
        guard done.state == .finished else {
            throw CommandFailure(description: "the run is \(done.state.rawValue): \(done.reason?.message ?? "")")
        }
        return [
            .rate(
                "full run: read \(done.counts.read.grouped) records of both sides", done.counts.read, in: read, unit: "records",
                note: "\(done.counts.written.grouped) to be written; emulated vendors over HTTP"),
            BenchLine(
                name: "full run: resident memory of the runner", value: "\((most / 1_000_000).grouped) MB",
                note: "\((before / 1_000_000).grouped) MB before"),
        ]
    }
}
