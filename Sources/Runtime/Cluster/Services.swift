import Connectors
import Contracts
import EventLog
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals
import Workers

/// The inbound batcher as a service of a process.
struct InboundBatcherService: Service {
    let batcher: InboundBatcher

    func run() async throws { try await batcher.run() }
}

/// The outbound poller as a service of a process.
struct OutboundPollerService: Service {
    let poller: OutboundPoller

    func run() async throws { try await poller.run() }
}

/// The sync-runner as a service of a process.
struct SyncRunnerService: Service {
    let runner: SyncRunner

    func run() async throws { try await runner.run() }
}

/// The activity-recorder as a service of a process.
struct ActivityRecorderService: Service {
    let recorder: ActivityRecorder

    func run() async throws { try await recorder.run() }
}

/// Keeps the embedded log from growing for ever: drops what every group has consumed and is old.
struct LogTrimService: Service {
    private static let retention = Duration.seconds(7 * 24 * 3600)
    private static let interval = Duration.seconds(3600)

    let log: EmbeddedLog
    let clock: any WallClock
    let logger: Logger

    func run() async throws {
        while !Task.isCancelled && !Task.isShuttingDownGracefully {
            do {
                let count = try await log.trim(before: clock.now().advanced(by: .zero - Self.retention))
                if count > 0 { logger.info("consumed records left the log", metadata: ["records": "\(count)"]) }
            } catch {
                logger.warning("the log could not be trimmed", metadata: ["error": "\(error)"])
            }
            await cancelWhenGracefulShutdown { try? await clock.sleep(until: clock.now().advanced(by: Self.interval)) }
        }
    }
}

extension Cluster {
    /// Runs `services` until one fails or the process is told to stop, then closes the cluster.
    func run(_ services: [any Service]) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(30)
        let group = ServiceGroup(configuration: configuration)
        let result: Result<Void, any Error>
        do {
            try await group.run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await close()
        try result.get()
    }

    /// Names this process among those that may hold a lease; a restarted process is another holder.
    static func holderName(_ role: String) -> String {
        "\(role)-\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString.prefix(8))"
    }
}
