import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import SyncCore
import Synchronization

@testable import Gateway

/// Something to wait for that happens once.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    /// Returns once it is open.
    func passed() async {
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }
}

/// A log that keeps what is published, after failing as often as it was told to.
actor ScriptedLog: EventLog {
    static let transient = EventLogError(code: "_MSG_TIMED_OUT", reason: "timed out", isTransient: true)
    static let fatal = EventLogError(code: "_FATAL", reason: "gone", isTransient: false)

    private(set) var records: [OutgoingRecord] = []
    private(set) var attempts = 0
    private var failures: [EventLogError]
    /// Opens with the first attempt.
    let attempted = Gate()
    private let gate: Gate?

    /// With a `gate`, publishing waits for it.
    init(failures: [EventLogError] = [], gate: Gate? = nil) {
        self.failures = failures
        self.gate = gate
    }

    func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        attempts += 1
        await attempted.open()
        await gate?.passed()
        if !failures.isEmpty { throw failures.removeFirst() }
        self.records += records
    }

    func subscribe(group: String, topics: [String], options: SubscriptionOptions) throws(EventLogError) -> any LogSubscription {
        throw Self.fatal
    }

    func close() {}
}

/// Counts in memory, by label and outcome.
final class CountingFactory: MetricsFactory, Sendable {
    private let totals = Mutex<[String: Int64]>([:])

    private final class Handler: CounterHandler, Sendable {
        let key: String
        let factory: CountingFactory

        init(key: String, factory: CountingFactory) {
            self.key = key
            self.factory = factory
        }

        func increment(by amount: Int64) { factory.totals.withLock { $0[key, default: 0] += amount } }
        func reset() {}
    }

    var counts: [String: Int64] { totals.withLock { $0 } }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(key: ([label] + dimensions.map { "\($0.0)=\($0.1)" }).joined(separator: " "), factory: self)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { NOOPMetricsHandler.instance }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

/// Keeps every line that is logged.
struct CapturingLogHandler: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
}

/// A gateway for the integration `acme`, whose webhook secret is `sesame-sesame-16`.
struct GatewayFixture {
    static let path = "/hooks/acme/sesame-sesame-16"
    static let form = "application/x-www-form-urlencoded; charset=utf-8"

    let log: ScriptedLog
    let clock = VirtualClock(now: Payload.received)
    let metrics = CountingFactory()
    let lines = CapturingLogHandler.Lines()
    let gateway: Gateway

    init(
        log: ScriptedLog = ScriptedLog(), maxBody: Int = 4096, readiness: @escaping Gateway.Readiness = { nil },
        metricsText: Gateway.MetricsText? = nil,
        lookup: @escaping IntegrationDirectory.Lookup = { $0 == "acme" ? Secret("sesame-sesame-16") : nil }
    ) {
        self.log = log
        let lines = lines
        gateway = Gateway(
            log: log, directory: IntegrationDirectory(clock: clock, lookup: lookup), clock: clock, maxBody: maxBody,
            readiness: readiness, metrics: metricsText,
            logger: Logger(label: "test") { _ in CapturingLogHandler(lines: lines) }, factory: metrics)
    }

    func post(
        _ path: String = Self.path, _ body: [UInt8] = Payload.update, contentType: String? = Self.form
    ) async -> GatewayResponse {
        await gateway.respond(to: GatewayRequest(method: "POST", path: path, contentType: contentType, body: .complete(body)))
    }

    func count(_ outcome: GatewayOutcome) -> Int64 {
        metrics.counts["tandem_gateway_requests_total outcome=\(outcome.rawValue)"] ?? 0
    }
    var events: Int64 { metrics.counts["tandem_gateway_events_total"] ?? 0 }
}

extension GatewayResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
