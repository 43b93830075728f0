import ArgumentParser
import EventLog
import Logging
import ServiceLifecycle

/// `tandem up`: the whole cluster in one process.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Runs gateway and workers in one process, until told to stop.")

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        try await WorkerProcess.run("tandem", options) { cluster in
            var services: [any Service] = [
                cluster.gateway(),
                InboundBatcherService(batcher: cluster.inboundBatcher(holder: Cluster.holderName("up-inbound"))),
                OutboundPollerService(poller: cluster.outboundPoller(holder: Cluster.holderName("up-outbound"))),
                SyncRunnerService(runner: cluster.syncRunner(holder: Cluster.holderName("up-runner"))),
                ActivityRecorderService(recorder: cluster.activityRecorder(holder: Cluster.holderName("up-recorder"))),
            ]
            if let log = cluster.log as? EmbeddedLog {
                services.append(LogTrimService(log: log, clock: cluster.clock, logger: cluster.logger))
            }
            return services
        }
    }
}

/// `inbound-batcher`: carries marketing changes to the CRM. Any number may run.
struct InboundBatcherCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbound-batcher",
        abstract: "Takes marketing changes and automation actions from the log and carries them to the CRM.",
        discussion: WorkerProcess.scaling)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        try await WorkerProcess.runOnKafka("inbound-batcher", options) { cluster in
            let batcher = cluster.inboundBatcher(holder: Cluster.holderName("inbound-batcher"))
            return [InboundBatcherService(batcher: batcher)] + (cluster.probes().map { [$0] } ?? [])
        }
    }
}

/// `outbound-poller`: carries CRM changes to marketing. Any number may run.
struct OutboundPollerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbound-poller",
        abstract: "Looks for changes in the CRM on schedule and carries them to marketing.",
        discussion: WorkerProcess.scaling)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        try await WorkerProcess.runOnKafka("outbound-poller", options) { cluster in
            let poller = cluster.outboundPoller(holder: Cluster.holderName("outbound-poller"))
            return [OutboundPollerService(poller: poller)] + (cluster.probes().map { [$0] } ?? [])
        }
    }
}

/// `sync-runner`: carries out runs. Any number may run.
struct SyncRunnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync-runner", abstract: "Carries out full, initial and incremental runs and backfills.",
        discussion: "Several share one run by its chunks. " + WorkerProcess.scaling)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        try await WorkerProcess.runOnKafka("sync-runner", options) { cluster in
            let runner = cluster.syncRunner(holder: Cluster.holderName("sync-runner"))
            return [SyncRunnerService(runner: runner)] + (cluster.probes().map { [$0] } ?? [])
        }
    }
}

/// `activity-recorder`: keeps what people did in marketing. Any number may run.
struct ActivityRecorderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activity-recorder",
        abstract: "Records what people got from marketing and did there, for the panels of their CRM records.",
        discussion: WorkerProcess.scaling)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        try await WorkerProcess.runOnKafka("activity-recorder", options) { cluster in
            let recorder = cluster.activityRecorder(holder: Cluster.holderName("activity-recorder"))
            return [ActivityRecorderService(recorder: recorder)] + (cluster.probes().map { [$0] } ?? [])
        }
    }
}

/// `gateway`: receives webhooks and answers the panels of CRM records. Any number may run.
struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Receives webhooks and automation steps and answers once they are in the log; serves the API of panels.",
        discussion: WorkerProcess.scaling)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        try await WorkerProcess.runOnKafka("gateway", options) { cluster in [cluster.gateway()] }
    }
}

/// What every long-running process does: read the configuration, open the ports, run, close.
enum WorkerProcess {
    static let scaling = """
        With 'log: kafka' any number may run; with the embedded log use 'tandem up' instead. For now all executables of a \
        cluster run on one machine and share its data directory, where the store is.
        """

    static func run(
        _ role: String, _ options: ClusterOptions, services: (Cluster) async throws -> [any Service]
    ) async throws {
        try await run(role, try options.load(), services: services)
    }

    static func runOnKafka(
        _ role: String, _ options: ClusterOptions, services: (Cluster) async throws -> [any Service]
    ) async throws {
        let configuration = try options.load()
        guard configuration.log == .kafka else {
            let reason = "the log is embedded, which belongs to one process: run 'tandem up', or set 'log: kafka'"
            throw CommandFailure(description: "\(options.path): \(reason)")
        }
        try await run(role, configuration, services: services)
    }

    private static func run(
        _ role: String, _ configuration: ClusterConfiguration, services: (Cluster) async throws -> [any Service]
    ) async throws {
        let observability = Observability.start(configuration.logging, label: role)
        let integrations = try ConfigurationLoader().integrations(at: configuration.integrations)
        let cluster = try Cluster.open(configuration, role: role, observability: observability)
        for (name, outcome) in try await cluster.apply(integrations) {
            cluster.logger.info("integration applied", metadata: ["integration": "\(name)", "outcome": "\(outcome)"])
        }
        try await cluster.run(try await services(cluster))
    }
}
