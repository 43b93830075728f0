import Connectors
import Contracts
import EventLog
import Foundation
import Logging
import Playground
import Sandbox
import Store
import SyncCore
import Vendors
import Workers

/// The inbound path on one process: into the queue, and from there to the emulated CRM without a network.
enum BenchInbound {
    private static let batch = 1000

    /// What both halves need: a store with the integration in it, and the vendors.
    private struct World {
        let store: Store
        let log: EmbeddedLog
        let playground: Playground
        let connections: VendorConnections
        let ingest: InboundIngest
        let drain: InboundDrain
        let logger: Logger

        init(directory: String) async throws {
            let clock = SystemClock()
            var logger = Logger(label: "tandem-bench")
            logger.logLevel = .critical
            self.logger = logger
            store = try Store.open(path: directory + "/tandem.sqlite", key: .generate())
            playground = await Playground(
                requestsPerSecond: 1_000_000, instanceURL: "https://acme.my.salesforce.com", clock: { clock.now() })
            let transport = InProcessTransport([
                "acme.my.salesforce.com": playground.salesforce, "acme.api-us1.com": playground.marketing,
            ])
            connections = VendorConnections(store: store, transport: transport, clock: clock, logger: logger)
            let settings = playground.settings(
                salesforceURL: "https://acme.my.salesforce.com", marketingURL: "https://acme.api-us1.com", window: .standard)
            _ = try await store.apply(settings, secrets: Playground.secrets, now: clock.now())
            log = try EmbeddedLog.open(path: directory + "/log.sqlite", clock: { clock.now() })
            ingest = InboundIngest(log: log, store: store, topics: Topics(), clock: clock, logger: logger)
            drain = InboundDrain(
                integration: Playground.integration, holder: "bench", store: store, connections: connections, clock: clock,
                settings: DrainSettings(), logger: logger, jitter: { 0 })
        }

        /// Ingests `count` events in batches, as they would come from the log.
        func ingest(_ count: Int, from first: Int = 0, _ message: (Int) -> EncodedMessage) async throws {
            let now = SystemClock().now()
            for start in stride(from: first, to: first + count, by: batch) {
                let records = (start..<min(start + batch, first + count)).map { index in
                    LogRecord(topic: "bench", partition: 0, offset: Int64(index), timestamp: now, message: message(index))
                }
                _ = try await ingest.ingest(records)
            }
        }

        /// Drains until nothing is due.
        func drainAll() async {
            while await drain.turn() == .now {}
        }
    }

    static func ingest(events: Int, people: Int) async throws -> [BenchLine] {
        try await Bench.withDirectory { directory in
            let world = try await World(directory: directory)
            let now = SystemClock().now()
            let time = try await ContinuousClock().measure {
                try await world.ingest(events) { BenchEvents.change(person: $0 % people, edit: $0 / people, at: now) }
            }
            return [.rate("ingest → queue, \(people.grouped) people, \(batch) a batch", events, in: time, unit: "events")]
        }
    }

    static func drain(people: Int) async throws -> [BenchLine] {
        try await Bench.withDirectory { directory in
            let world = try await World(directory: directory)
            let clock = ContinuousClock()
            let start = SystemClock().now()
            try await world.ingest(people) { BenchEvents.creation(person: $0, at: start) }
            let before = await world.playground.salesforce.counters().apiCalls
            let creating = await clock.measure { await world.drainAll() }
            let created = await world.playground.salesforce.counters().apiCalls - before

            let later = start.advanced(by: .seconds(60))
            try await world.ingest(people, from: people) { BenchEvents.change(person: $0 - people, edit: 1, at: later) }
            let updating = await clock.measure { await world.drainAll() }
            let updated = await world.playground.salesforce.counters().apiCalls - before - created
            return [
                .rate("drain: create \(people.grouped) contacts and leads", people, in: creating, unit: "records"),
                .rate("drain: update them", people, in: updating, unit: "records"),
                calls("Salesforce calls per 1,000 creates", created, people),
                calls("Salesforce calls per 1,000 updates", updated, people),
            ]
        }
    }

    /// Passes events through log, codec, ingest and queue and watches the memory they leave behind.
    static func memory(events: Int, people: Int) async throws -> [BenchLine] {
        try await Bench.withDirectory { directory in
            let world = try await World(directory: directory)
            let now = SystemClock().now()
            let topic = Topics().marketingChanges
            let subscription = try await world.log.subscribe(group: "bench", topics: [topic], options: SubscriptionOptions())
            func pass(_ range: Range<Int>) async throws {
                for start in stride(from: range.lowerBound, to: range.upperBound, by: batch) {
                    try await world.log.publish(
                        (start..<start + batch).map { index in
                            let event = BenchEvents.change(person: index % people, edit: index / people, at: now)
                            return OutgoingRecord(topic: topic, message: event)
                        })
                    var seen = 0
                    while seen < batch, let records = try await subscription.next() {
                        _ = try await world.ingest.ingest(records.records)
                        _ = try await subscription.commit(records)
                        seen += records.records.count
                    }
                }
            }
            let early = events / 10
            try await pass(0..<early)
            let first = ProcessMemory.resident
            try await pass(early..<events)
            await world.log.close()
            return [
                BenchLine(name: "resident after \(early.grouped) events", value: megabytes(first)),
                BenchLine(
                    name: "resident after \(events.grouped) events", value: megabytes(ProcessMemory.resident),
                    note: "peak of the whole bench \(megabytes(ProcessMemory.peak))"),
            ]
        }
    }

    private static func calls(_ name: String, _ calls: Int, _ records: Int) -> BenchLine {
        let value = String(format: "%.1f calls", Double(calls) * 1000 / Double(records))
        return BenchLine(name: name, value: value, note: "conflict reads included")
    }

    private static func megabytes(_ bytes: Int) -> String { "\((bytes / (1 << 20)).grouped) MB" }
}
