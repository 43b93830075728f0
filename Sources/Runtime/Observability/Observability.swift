import Connectors
import Logging
import Metrics

/// What a process tells the outside of itself: log lines on standard error, metrics for scraping.
struct Observability: Sendable {
    let logger: Logger
    let metrics: MetricsRegistry

    /// Sets logging and metrics up for the whole process; call once, first thing.
    static func start(_ settings: ClusterConfiguration.Logging, label: String) -> Observability {
        let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            var handler: any LogHandler =
                switch settings.format {
                case .text: StreamLogHandler.standardError(label: label)
                case .json: JSONLogHandler(label: label, clock: SystemClock())
                }
            handler.logLevel = level
            return handler
        }
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        return Observability(logger: Logger(label: label), metrics: metrics)
    }
}
