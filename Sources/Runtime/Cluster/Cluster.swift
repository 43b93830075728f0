import Connectors
import Contracts
import EventLog
import Foundation
import Gateway
import KafkaLog
import Logging
import Metrics
import Store
import SyncCore
import Vendors
import Workers

/// The ports of one process, opened and put together from its configuration.
struct Cluster: Sendable {
    let configuration: ClusterConfiguration
    let store: Store
    let log: any EventLog
    let topics: Topics
    let clock: any WallClock
    let connections: VendorConnections
    let metrics: MetricsRegistry
    let logger: Logger

    /// Opens the store and the log. `role` names the process among its kind in leases and logs.
    static func open(_ configuration: ClusterConfiguration, role: String, observability: Observability) throws -> Cluster {
        let clock = SystemClock()
        let logger = observability.logger
        let store = try openStore(configuration)
        let log = try openLog(configuration, clock: clock, logger: logger)
        return Cluster(
            configuration: configuration, store: store, log: log, topics: Topics(prefix: configuration.topics.prefix),
            clock: clock,
            connections: VendorConnections(store: store, transport: AsyncHTTPTransport(), clock: clock, logger: logger),
            metrics: observability.metrics, logger: logger)
    }

    static func openStore(_ configuration: ClusterConfiguration) throws(StoreError) -> Store {
        try makeDataDirectory(configuration)
        let path = configuration.store.path ?? configuration.file("tandem.sqlite")
        let key = try StoreKeyFile.key(for: configuration)
        do {
            return try Store.open(path: path, key: key)
        } catch {
            var error = error
            error.message = "the store \(path) does not open: \(error.message)"
            if error.code == "wrong-key" { error.message += "; the key is \(StoreKeyFile.place(in: configuration))" }
            throw error
        }
    }

    private static func openLog(
        _ configuration: ClusterConfiguration, clock: any WallClock, logger: Logger
    ) throws -> any EventLog {
        switch configuration.log {
        case .embedded:
            return try EmbeddedLog.open(
                path: configuration.file("log.sqlite"), partitions: configuration.topics.partitions, clock: { clock.now() })
        case .kafka:
            return try KafkaLog(
                configuration: configuration.kafkaLog,
                log: { level, message in
                    logger.log(level: Logger.Level(rawValue: level) ?? .notice, "librdkafka: \(message)")
                })
        }
    }

    private static func makeDataDirectory(_ configuration: ClusterConfiguration) throws(StoreError) {
        let path = configuration.dataDirectory
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            let reason = error.localizedDescription
            throw StoreError(code: "no-data-directory", message: "the data directory \(path) cannot be made: \(reason)")
        }
    }

    func close() async {
        await log.close()
        do {
            try store.close()
        } catch {
            logger.warning("the store did not close cleanly", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Workers

    func inboundBatcher(holder: String) -> InboundBatcher {
        InboundBatcher(
            log: log, store: store, connections: connections, topics: topics, clock: clock,
            settings: configuration.inbound.drainSettings, holder: holder, logger: logger)
    }

    func outboundPoller(holder: String) -> OutboundPoller {
        OutboundPoller(
            log: log, store: store, connections: connections, topics: topics, clock: clock,
            settings: configuration.outbound.drainSettings, holder: holder, logger: logger)
    }

    /// - Parameter driftSettling: after how long what differs is drift; the standard time without.
    func syncRunner(holder: String, driftSettling: Duration? = nil) -> SyncRunner {
        var settings = configuration.outbound.drainSettings
        if let driftSettling { settings.driftSettling = driftSettling }
        return SyncRunner(
            log: log, store: store, connections: connections, topics: topics, clock: clock, settings: settings, holder: holder,
            logger: logger)
    }

    func activityRecorder(holder: String) -> ActivityRecorder {
        ActivityRecorder(
            log: log, store: store, connections: connections, topics: topics, clock: clock,
            settings: configuration.outbound.drainSettings, holder: holder, logger: logger)
    }

    func gateway() -> GatewayService {
        let settings = configuration.gateway
        let directory = IntegrationDirectory(store: store, clock: clock)
        return server(
            directory, GatewayConfiguration(host: settings.host, port: settings.port, maxBody: settings.maxBody),
            api: API(store: store, clock: clock) { (integration) throws(SyncError) in
                try await connections.actions(of: integration)
            })
    }

    /// Answers `/health`, `/ready` and `/metrics` where the configuration says so, and knows no webhooks.
    func probes() -> GatewayService? {
        let settings = configuration.metrics
        guard let port = settings.port else { return nil }
        let nothing = IntegrationDirectory(clock: clock) { _ in nil }
        return server(nothing, GatewayConfiguration(host: settings.host, port: port))
    }

    private func server(
        _ directory: IntegrationDirectory, _ address: GatewayConfiguration, api: API? = nil
    ) -> GatewayService {
        let gateway = Gateway(
            log: log, directory: directory, api: api, clock: clock, topics: topics, maxBody: address.maxBody,
            readiness: { await unreadiness() }, metrics: { metrics.exposition() }, logger: logger)
        return GatewayService(gateway: gateway, configuration: address, logger: logger)
    }

    /// Why the process can do nothing now, or `nil` when it can.
    private func unreadiness() async -> String? {
        do {
            _ = try await store.integrations()
            return nil
        } catch {
            return "the store cannot be read: \(error.code)"
        }
    }

    /// Applies integration files: stores settings and sealed secrets, and lets what waited for its manager go on.
    func apply(_ files: [IntegrationFile]) async throws -> [(name: String, outcome: ApplyOutcome)] {
        try await Self.apply(files, to: store, now: clock.now())
    }

    static func apply(
        _ files: [IntegrationFile], to store: Store, now: Timestamp
    ) async throws -> [(name: String, outcome: ApplyOutcome)] {
        var outcomes: [(name: String, outcome: ApplyOutcome)] = []
        for file in files {
            let outcome = try await store.apply(file.settings, secrets: file.secrets, now: now)
            for direction in Direction.allCases {
                try await store.releaseHold(integration: file.settings.name, direction: direction)
            }
            outcomes.append((file.settings.name, outcome))
        }
        return outcomes
    }
}

extension ClusterConfiguration.Worker {
    var drainSettings: DrainSettings {
        DrainSettings(
            leaseTTL: leaseTTL, retry: RetryPolicy(baseDelay: retry.base, cap: retry.cap, maxAttempts: retry.attempts))
    }
}

extension ClusterConfiguration {
    func file(_ name: String) -> String { dataDirectory + "/" + name }

    fileprivate var kafkaLog: KafkaConfiguration {
        var properties = kafka.properties
        for (name, secret) in kafka.secrets { properties[name] = secret.reveal() }
        let servers = properties.removeValue(forKey: "bootstrap.servers") ?? ""
        return KafkaConfiguration(
            bootstrapServers: servers, properties: properties,
            assignment: assignment == .range ? .range : .cooperativeSticky)
    }
}
