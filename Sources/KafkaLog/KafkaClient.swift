internal import CRdKafka
internal import EventLog

/// What librdkafka's callbacks need. Lives as long as the ``KafkaClient`` it belongs to.
///
/// Unchecked, because `onRebalance` is mutable: the consumer's thread sets it before it polls for the first time, and
/// librdkafka calls it on that thread only. Log lines come from any thread, and touch only what is constant.
final class ClientContext: @unchecked Sendable {
    typealias Rebalance = (rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Void

    let log: KafkaLog.LogSink
    let metrics: KafkaMetrics
    var onRebalance: Rebalance?

    init(log: @escaping KafkaLog.LogSink, metrics: KafkaMetrics) {
        self.log = log
        self.metrics = metrics
    }

    /// Back from the pointer librdkafka carries for us; it does not own it.
    static func from(_ opaque: UnsafeMutableRawPointer?) -> ClientContext? {
        opaque.map { Unmanaged<ClientContext>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Owns one client of librdkafka.
///
/// Unchecked, because it holds a C handle; librdkafka's handles may be used from any thread until they are destroyed, and
/// the owner sees to it that nobody uses one after ``destroy()``.
final class KafkaClient: @unchecked Sendable {
    let handle: OpaquePointer
    let context: ClientContext

    init(
        _ type: rd_kafka_type_t, _ configuration: KafkaConfiguration, _ settings: [String: String], _ context: ClientContext
    ) throws(EventLogError) {
        guard let conf = rd_kafka_conf_new() else { throw .configuration("librdkafka is out of memory") }
        do {
            // Ours come last, so that they hold whatever was passed in.
            for (name, value) in configuration.properties { try Self.set(name, value, conf) }
            for (name, value) in configuration.common.merging(settings, uniquingKeysWith: { $1 }) {
                try Self.set(name, value, conf)
            }
        } catch {
            rd_kafka_conf_destroy(conf)
            throw error
        }
        Self.setCallbacks(type, conf)
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(context).toOpaque())
        var text = [CChar](repeating: 0, count: 512)
        guard let handle = rd_kafka_new(type, conf, &text, text.count) else {
            // The configuration is librdkafka's only if that succeeded.
            rd_kafka_conf_destroy(conf)
            throw .configuration(Self.string(text))
        }
        self.handle = handle
        self.context = context
    }

    /// Ends the client; a consumer must have been closed before.
    func destroy() { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }

    private static func set(_ name: String, _ value: String, _ conf: OpaquePointer) throws(EventLogError) {
        var text = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(conf, name, value, &text, text.count) != RD_KAFKA_CONF_OK else { return }
        // librdkafka's message names the property, and quotes the value.
        throw .configuration(KafkaConfiguration.isSecret(name) ? "invalid value for property \"\(name)\"" : string(text))
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func setCallbacks(_ type: rd_kafka_type_t, _ conf: OpaquePointer) {
        rd_kafka_conf_set_log_cb(conf) { client, level, _, text in
            guard let client, let text else { return }
            let line = String(cString: text)
            // Producers and consumers share one set of properties; librdkafka remarks on each of the other kind.
            guard !line.contains("property and will be ignored by") else { return }
            ClientContext.from(rd_kafka_opaque(client))?.log(KafkaLog.level(syslog: level), line)
        }
        rd_kafka_conf_set_error_cb(conf) { client, code, reason, opaque in
            let error = EventLogError(rd_kafka_resp_err_t(code), reason.map { String(cString: $0) })
            ClientContext.from(opaque)?.log(error.isTransient ? "warning" : "error", "\(error)")
        }
        rd_kafka_conf_set_stats_cb(conf) { _, json, length, opaque in
            guard let json else { return 0 }
            let bytes = UnsafeRawBufferPointer(start: json, count: length)
            ClientContext.from(opaque)?.metrics.record(Array(bytes))
            return 0  // librdkafka frees the text
        }
        if type == RD_KAFKA_PRODUCER {
            rd_kafka_conf_set_dr_msg_cb(conf) { _, message, _ in
                guard let message, let opaque = message.pointee._private else { return }
                // Balances the retain of `KafkaProducer.enqueue`.
                Unmanaged<Delivery>.fromOpaque(opaque).takeRetainedValue().complete(message.pointee.err)
            }
        } else {
            rd_kafka_conf_set_rebalance_cb(conf) { _, code, partitions, opaque in
                ClientContext.from(opaque)?.onRebalance?(code, partitions)
            }
        }
    }
}

extension KafkaConfiguration {
    /// What producers and consumers have in common.
    fileprivate var common: [String: String] {
        var settings = ["bootstrap.servers": bootstrapServers]
        if properties["client.id"] == nil { settings["client.id"] = "tandem" }
        if let statisticsInterval { settings["statistics.interval.ms"] = "\(statisticsInterval.milliseconds)" }
        return settings
    }
}

extension Duration {
    /// In whole milliseconds, within what librdkafka takes.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: min(max(seconds, 0), 2_000_000) * 1000 + max(attoseconds, 0) / 1_000_000_000_000_000)
    }
}
