internal import CRdKafka
public import EventLog
internal import Synchronization

/// A Kafka cluster in this process, for sandboxes and tests: librdkafka's mock, which listens on loopback ports.
///
/// It keeps records in memory (about 5 MiB a partition) and knows producing, consuming and groups. It has no
/// transactions and no administration calls, and the first member of a group waits three seconds for others.
public final class MockBroker: Sendable {
    /// Requests of the Kafka protocol, by their API keys.
    public enum Request: Int16, Sendable, CaseIterable {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case offsetCommit = 8
        case offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case leaveGroup = 13
        case syncGroup = 14
        case initProducerID = 22
    }

    /// What a broker may answer instead of serving a request.
    public enum Fault: Sendable, CaseIterable {
        /// Cuts the connection.
        case disconnect
        case requestTimedOut
        case notLeader
        case notEnoughReplicas
        case messageTooLarge
        case notCoordinator
        case coordinatorNotAvailable
        case groupAuthorizationFailed
        case unknownMember

        fileprivate var code: rd_kafka_resp_err_t {
            switch self {
            case .disconnect: RD_KAFKA_RESP_ERR__TRANSPORT
            case .requestTimedOut: RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT
            case .notLeader: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
            case .notEnoughReplicas: RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS
            case .messageTooLarge: RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            case .notCoordinator: RD_KAFKA_RESP_ERR_NOT_COORDINATOR
            case .coordinatorNotAvailable: RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE
            case .groupAuthorizationFailed: RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED
            case .unknownMember: RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
            }
        }
    }

    /// Unchecked, because these are C handles; the mock may be called from any thread until it is destroyed.
    private struct Handles: @unchecked Sendable {
        let client: OpaquePointer
        let cluster: OpaquePointer
    }

    /// `host:port` pairs, separated by commas.
    public let bootstrapServers: String
    private let partitions: Int
    /// A lock, so that no call meets a cluster that was closed.
    private let handles: Mutex<Handles?>

    /// Starts `brokers` brokers. ``createTopic(_:partitions:)`` makes topics of `partitions` partitions; one that comes
    /// into being by being used always has four.
    public init(brokers: Int = 1, partitions: Int = 4) throws(EventLogError) {
        guard (1...16).contains(brokers), (1...1024).contains(partitions) else {
            throw .configuration("a mock cluster has 1 to 16 brokers and 1 to 1024 partitions a topic")
        }
        let configuration = rd_kafka_conf_new()
        // The client only carries the cluster; that it has no brokers of its own is not worth a line.
        rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else {
            rd_kafka_conf_destroy(configuration)
            throw EventLogError(RD_KAFKA_RESP_ERR__FAIL)
        }
        guard let cluster = rd_kafka_mock_cluster_new(client, Int32(brokers)),
            let servers = rd_kafka_mock_cluster_bootstraps(cluster)
        else {
            rd_kafka_destroy(client)
            throw EventLogError(RD_KAFKA_RESP_ERR__FAIL)
        }
        self.partitions = partitions
        bootstrapServers = String(cString: servers)
        handles = Mutex(Handles(client: client, cluster: cluster))
    }

    deinit { close() }

    public func createTopic(_ name: String, partitions: Int? = nil) throws(EventLogError) {
        let count = Int32(clamping: partitions ?? self.partitions)
        try call { rd_kafka_mock_topic_create($0, name, count, 1) }
    }

    /// Cuts the connections of a broker (numbered from 1; `nil` for all) and accepts no new ones.
    public func setDown(_ broker: Int32? = nil) throws(EventLogError) {
        try call { rd_kafka_mock_broker_set_down($0, broker ?? -1) }
    }

    public func setUp(_ broker: Int32? = nil) throws(EventLogError) {
        try call { rd_kafka_mock_broker_set_up($0, broker ?? -1) }
    }

    /// Delays every answer of a broker.
    public func setRoundTripTime(_ time: Duration, broker: Int32? = nil) throws(EventLogError) {
        try call { rd_kafka_mock_broker_set_rtt($0, broker ?? -1, time.milliseconds) }
    }

    /// Answers the next requests of this kind, one each, with `faults`.
    public func pushRequestErrors(_ request: Request, _ faults: [Fault]) throws(EventLogError) {
        let codes = faults.map(\.code)
        try call { cluster in
            rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Ends the cluster; everything in it is gone. Safe to call twice.
    public func close() {
        let ending = handles.withLock { handles in
            defer { handles = nil }
            return handles
        }
        guard let ending else { return }
        rd_kafka_mock_cluster_destroy(ending.cluster)
        rd_kafka_destroy(ending.client)
    }

    private func call(_ body: (OpaquePointer) -> rd_kafka_resp_err_t) throws(EventLogError) {
        let code = handles.withLock { $0.map { body($0.cluster) } }
        guard let code else { throw .closed }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw EventLogError(code) }
    }
}
