import Foundation
import KafkaLog
import SyncCore

extension ClusterConfiguration {
    /// Reads a document; what cannot be read is reported and keeps its default.
    init(_ document: ConfigurationValue) {
        let keys = [
            "data", "log", "kafka", "assignment", "topics", "gateway", "metrics", "store", "workers", "integrations", "logging",
        ]
        guard !document.isNull, let root = document.mapping(known: keys) else { return }
        root["data"]?.text().assign(to: &dataDirectory)
        root["log"]?.choice(of: Log.self).assign(to: &log)
        root["assignment"]?.choice(of: Assignment.self).assign(to: &assignment)
        if let kafka = root["kafka"] { self.kafka = Kafka(kafka) }
        if log == .kafka { requireServers(root) }
        if let topics = root["topics"] { self.topics = Topics(topics) }
        if let gateway = root["gateway"] { self.gateway = Gateway(gateway) }
        if let metrics = root["metrics"] { self.metrics = Metrics(metrics) }
        if let store = root["store"] { self.store = Store(store) }
        if let workers = root["workers"]?.mapping(known: ["inbound", "outbound"]) {
            if let inbound = workers["inbound"] { self.inbound = Worker(inbound) }
            if let outbound = workers["outbound"] { self.outbound = Worker(outbound) }
        }
        if let paths = root["integrations"]?.list() { integrations = paths.compactMap { $0.text() } }
        if let logging = root["logging"] { self.logging = Logging(logging) }
    }

    private func requireServers(_ root: ConfigurationMapping) {
        guard let kafka = root["kafka"] else { return root.reportMissing("kafka", because: "the log is kafka") }
        // A mapping that is none was reported when it was read.
        guard kafka.isMapping, let mapping = kafka.openMapping(), mapping["bootstrap.servers"] == nil else { return }
        mapping.reportMissing("bootstrap.servers", because: "the log is kafka")
    }
}

extension ClusterConfiguration.Kafka {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.openMapping() else { return }
        for (name, entry) in mapping.entries where !entry.value.isNull {
            if name == "bootstrap.servers" {
                properties[name] = Self.servers(entry.value)
            } else if KafkaConfiguration.isSecret(name) || entry.value.isMapping {
                secrets[name] = entry.value.secret()
            } else {
                properties[name] = entry.value.text()
            }
        }
    }

    /// The brokers' addresses: a text, a list, or from the environment. They are no secret wherever they come from.
    private static func servers(_ value: ConfigurationValue) -> String? {
        if value.isMapping { return value.secret()?.reveal() }
        return value.isList ? value.list()?.compactMap { $0.text() }.joined(separator: ",") : value.text()
    }
}

extension ClusterConfiguration.Topics {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.mapping(known: ["prefix", "partitions"]) else { return }
        if let prefix = mapping["prefix"], let text = prefix.text() {
            let isName = text.utf8.count <= 200 && text.utf8.allSatisfy(Self.isTopicByte)
            if isName {
                self.prefix = text
            } else {
                prefix.report("may only have letters, digits, '.', '_' and '-', at most 200")
            }
        }
        mapping["partitions"]?.integer(in: 1...1000).assign(to: &partitions)
    }

    private static func isTopicByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension ClusterConfiguration.Gateway {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.mapping(known: ["host", "port", "maxBody"]) else { return }
        mapping["host"]?.text().assign(to: &host)
        mapping["port"]?.integer(in: 0...65_535).assign(to: &port)
        mapping["maxBody"]?.integer(in: 1024...(64 << 20)).assign(to: &maxBody)
    }
}

extension ClusterConfiguration.Metrics {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.mapping(known: ["host", "port"]) else { return }
        mapping["host"]?.text().assign(to: &host)
        port = mapping["port"]?.integer(in: 0...65_535)
    }
}

extension ClusterConfiguration.Store {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.mapping(known: ["path", "key"]) else { return }
        path = mapping["path"]?.text()
        guard let keyValue = mapping["key"], let key = keyValue.secret() else { return }
        if Data(base64Encoded: key.reveal())?.count == 32 {
            self.key = key
        } else {
            keyValue.report("is not 32 bytes in base64, as `openssl rand -base64 32` makes them")
        }
    }
}

extension ClusterConfiguration.Worker {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.mapping(known: ["lease", "retry"]) else { return }
        mapping["lease"]?.duration(in: .seconds(5)...(.seconds(600))).assign(to: &leaseTTL)
        if let retry = mapping["retry"] { self.retry = ClusterConfiguration.Retry(retry) }
    }
}

extension ClusterConfiguration.Retry {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.mapping(known: ["base", "cap", "attempts"]) else { return }
        mapping["base"]?.duration(in: .milliseconds(100)...(.seconds(3600))).assign(to: &base)
        mapping["cap"]?.duration(in: .seconds(1)...(.seconds(86_400))).assign(to: &cap)
        mapping["attempts"]?.integer(in: 1...100).assign(to: &attempts)
        if cap < base { value.report("cap (\(cap.text)) is shorter than base (\(base.text))") }
    }
}

extension ClusterConfiguration.Logging {
    init(_ value: ConfigurationValue) {
        guard let mapping = value.mapping(known: ["level", "format"]) else { return }
        mapping["level"]?.choice(of: Level.self).assign(to: &level)
        mapping["format"]?.choice(of: Format.self).assign(to: &format)
    }
}

extension Optional {
    /// Replaces a default by what was read, if anything was.
    func assign(to target: inout Wrapped) {
        if let self { target = self }
    }
}
