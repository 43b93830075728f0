import SyncCore

/// How a cluster runs: where its state and its log are, and how its workers behave. `Config/tandem.yaml` explains every
/// key; each has a default, so that an empty file is a whole configuration.
///
/// Relative paths start at the working directory.
struct ClusterConfiguration: Sendable, Equatable {
    /// What carries the events.
    enum Log: String, Sendable, CaseIterable {
        /// SQLite files of this one process.
        case embedded
        case kafka
    }

    /// How Kafka shares partitions out among the members of a group.
    enum Assignment: String, Sendable, CaseIterable {
        case range
        case cooperativeSticky = "cooperative-sticky"
    }

    /// What is passed to librdkafka, by its own property names.
    struct Kafka: Sendable, Equatable {
        var properties: [String: String] = [:]
        /// Properties whose values must not be seen, such as `sasl.password`.
        var secrets: [String: Secret] = [:]
    }

    struct Topics: Sendable, Equatable {
        var prefix = "tandem"
        /// Per topic, when Tandem makes it.
        var partitions = 4
    }

    struct Gateway: Sendable, Equatable {
        var host = "127.0.0.1"
        var port = 8080
        /// The largest body read, in bytes.
        var maxBody = 1 << 20
    }

    /// Where workers other than the gateway, which has its own port, answer `/health`, `/ready` and `/metrics`.
    struct Metrics: Sendable, Equatable {
        var host = "127.0.0.1"
        /// `nil`: nowhere.
        var port: Int?
    }

    struct Store: Sendable, Equatable {
        /// `nil`: a file in the data directory.
        var path: String?
        /// 32 bytes in base64 that seal the stored credentials (CON-3). `nil`: a key file in the data directory.
        var key: Secret?
    }

    struct Retry: Sendable, Equatable {
        /// The longest wait before the second attempt; doubles with each further one.
        var base = RetryPolicy.standard.baseDelay
        /// The longest wait of all.
        var cap = RetryPolicy.standard.cap
        /// After so many a record is parked.
        var attempts = RetryPolicy.standard.maxAttempts
    }

    /// How the worker of one direction goes about an integration's queue.
    struct Worker: Sendable, Equatable {
        /// How long an integration stays with a worker that is not heard of.
        var leaseTTL = Duration.seconds(30)
        var retry = Retry()
    }

    struct Logging: Sendable, Equatable {
        enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }
        enum Format: String, Sendable, CaseIterable { case text, json }

        var level = Level.info
        var format = Format.text
    }

    var dataDirectory = "./data"
    var log = Log.embedded
    var kafka = Kafka()
    var assignment = Assignment.range
    var topics = Topics()
    var gateway = Gateway()
    var metrics = Metrics()
    var store = Store()
    var inbound = Worker()
    var outbound = Worker()
    /// Files of integrations, or directories of such files, that are applied at the start.
    var integrations: [String] = []
    var logging = Logging()
}
