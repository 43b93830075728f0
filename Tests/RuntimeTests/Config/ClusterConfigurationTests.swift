import Foundation
import SyncCore
import Testing

@testable import Runtime

@Suite("Configuration of a cluster")
struct ClusterConfigurationTests {
    private func load(_ yaml: String, variables: [String: String] = [:]) throws -> ClusterConfiguration {
        try ConfigurationFixture(files: ["tandem.yaml": yaml], variables: variables).loader.cluster(at: "tandem.yaml")
    }

    @Test("an empty file is the default configuration", arguments: ["", "# nothing\n", "data:\n"])
    func empty(yaml: String) throws {
        #expect(try load(yaml) == ClusterConfiguration())
    }

    @Test("every key is read")
    func everyKey() throws {
        let key = Data(repeating: 7, count: 32).base64EncodedString()
        let configuration = try load(
            """
            data: /srv
            log: kafka
            kafka: {bootstrap.servers: [a:1, b:2], sasl.password: {env: PASSWORD}, linger.ms: 5, ssl.ca.location: {env: CA}}
            assignment: cooperative-sticky
            topics: {prefix: t.x, partitions: 9}
            gateway: {host: 0.0.0.0, port: 0, maxBody: 2048}
            metrics: {host: 0.0.0.0, port: 9090}
            store: {path: /srv/s.db, key: {env: KEY}}
            workers: {inbound: {lease: 1m, retry: {base: 1s, cap: 2m, attempts: 3}}, outbound: {lease: 2m, retry: {attempts: 4}}}
            integrations: [a.yaml, more]
            logging: {level: debug, format: json}
            """, variables: ["PASSWORD": "secret", "KEY": key, "CA": "/ca.pem"])
        var expected = ClusterConfiguration()
        expected.dataDirectory = "/srv"
        expected.log = .kafka
        expected.kafka.properties = ["bootstrap.servers": "a:1,b:2", "linger.ms": "5"]
        expected.kafka.secrets = ["sasl.password": Secret("secret"), "ssl.ca.location": Secret("/ca.pem")]
        expected.assignment = .cooperativeSticky
        expected.topics = .init(prefix: "t.x", partitions: 9)
        expected.gateway = .init(host: "0.0.0.0", port: 0, maxBody: 2048)
        expected.metrics = .init(host: "0.0.0.0", port: 9090)
        expected.store = .init(path: "/srv/s.db", key: Secret(key))
        expected.inbound = .init(leaseTTL: .seconds(60), retry: .init(base: .seconds(1), cap: .seconds(120), attempts: 3))
        expected.outbound = .init(leaseTTL: .seconds(120), retry: .init(attempts: 4))
        expected.integrations = ["a.yaml", "more"]
        expected.logging = .init(level: .debug, format: .json)
        #expect(configuration == expected)
    }

    @Test(
        "each problem names file, line, key path and reason",
        arguments: [
            ("log: kafka", "tandem.yaml:1: kafka: is missing: the log is kafka"),
            ("log: kafka\nkafka: {a: b}", "tandem.yaml:2: kafka.bootstrap.servers: is missing: the log is kafka"),
            ("log: files", #"tandem.yaml:1: log: must be one of embedded, kafka, not "files""#),
            ("worker: {}", "tandem.yaml:1: worker: unknown key; did you mean workers?"),
            (
                "zzzzzzzz: 1",
                "tandem.yaml:1: zzzzzzzz: unknown key; known are data, log, kafka, assignment, topics, gateway, metrics, store, "
                    + "workers, integrations, logging"
            ),
            ("gateway: {port: 65536}", #"tandem.yaml:1: gateway.port: must be a whole number from 0 to 65535, not "65536""#),
            (
                "topics:\n  prefix: a b",
                "tandem.yaml:2: topics.prefix: may only have letters, digits, '.', '_' and '-', at most 200"
            ),
            ("workers: {inbound: {lease: 1s}}", "tandem.yaml:1: workers.inbound.lease: must be from 5s to 10m, not 1s"),
            (
                "workers: {inbound: {retry: {base: 1m, cap: 30s}}}",
                "tandem.yaml:1: workers.inbound.retry: cap (30s) is shorter than base (1m)"
            ),
            (
                "logging: {level: loud}",
                #"tandem.yaml:1: logging.level: must be one of trace, debug, info, notice, warning, error, critical, not "loud""#
            ),
            ("integrations: a.yaml", "tandem.yaml:1: integrations: must be a list, not a single value"),
            ("data: []", "tandem.yaml:1: data: must be a single value, not a list"),
            ("data: a\n---\ndata: b", "tandem.yaml:3: a cluster is described by one document"),
            (
                "store: {key: {env: SHORT}}",
                "tandem.yaml:1: store.key: is not 32 bytes in base64, as `openssl rand -base64 32` makes them"
            ),
        ])
    func oneProblem(yaml: String, expected: String) {
        #expect(ConfigurationFixture(variables: ["SHORT": "c2hvcnQ="]).clusterProblems(yaml) == [expected])
    }

    @Test(
        "CON-3 Kafka's passwords are refused in the file, and never printed",
        arguments: [
            "sasl.password", "ssl.key.password", "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret", "ssl.key.pem",
        ])
    func plainPassword(property: String) throws {
        let found = ConfigurationFixture().clusterProblems("kafka: {\(property): hunter2}")
        #expect(found.count == 1 && found[0].hasPrefix("tandem.yaml:1: kafka.\(property): a secret may not be written here"))
        let configuration = try load("kafka: {\(property): {env: P}}", variables: ["P": "hunter2"])
        #expect(configuration.kafka.secrets[property] == Secret("hunter2"))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hunter2") && !"\(configuration)".contains("hunter2"))
    }

    @Test("the brokers' addresses may come from the environment: they are no secret")
    func serversFromEnvironment() throws {
        let configuration = try load("log: kafka\nkafka: {bootstrap.servers: {env: SERVERS}}", variables: ["SERVERS": "a:1"])
        #expect(configuration.kafka.properties == ["bootstrap.servers": "a:1"])
    }

    @Test(
        "a misspelt key finds the one that was meant, unless none is near",
        arguments: [("ruel", "rule"), ("Rule", "rule"), ("transform", "transforms"), ("zebra", nil), ("", nil)])
    func suggestion(text: String, expected: String?) {
        #expect(Suggestion.closest(to: text, among: ["rule", "marketing", "crm", "transforms"]) == expected)
    }
}
