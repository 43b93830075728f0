import ArgumentParser
import Connectors
import Contracts
import Foundation
import KafkaLog
import Logging
import Playground
import Sandbox
import ServiceLifecycle
import SyncCore
import UnixSignals

/// `tandem sandbox`: the emulated vendors and a local Kafka-protocol broker, for anyone to play with.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "Starts emulated vendors and a local Kafka-protocol broker, until told to stop.",
        discussion: "Writes a configuration that points at them, so that the separate executables can be tried at once.")

    @Option(help: "Where the configuration and its data go.")
    var directory = "data/sandbox"

    @Option(help: "The port of the emulated Salesforce; 0 takes a free one.")
    var salesforcePort = 9081

    @Option(help: "The port of the emulated ActiveCampaign; 0 takes a free one.")
    var marketingPort = 9082

    @Option(help: "The port the gateway will listen on.")
    var gatewayPort = 8080

    func run() async throws {
        try Self.forgetLinks(in: directory)
        let observability = Observability.start(ClusterConfiguration.Logging(), label: "tandem-sandbox")
        let clock = SystemClock()
        let topics = Topics()
        let transport = AsyncHTTPTransport()
        let deliver: WebhookDelivery = { url, body, contentType in
            let request = HTTPRequest(method: "POST", url: url, headers: ["Content-Type": contentType], body: body)
            return (try? await transport.send(request))?.status ?? 0
        }
        let playground = await Playground(
            requestsPerSecond: 5, clock: { clock.now() }, importDelay: .seconds(2), deliver: deliver)
        let broker = try MockBroker()
        for topic in topics.all { try broker.createTopic(topic) }
        let salesforce = SandboxServer(handler: playground.salesforce, port: salesforcePort)
        let marketing = SandboxServer(handler: playground.marketing, port: marketingPort)
        let guide = SandboxGuideService(
            directory: directory, gatewayPort: gatewayPort, playground: playground, salesforce: salesforce, marketing: marketing,
            bootstrapServers: broker.bootstrapServers, clock: clock)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: salesforce), .init(service: marketing), .init(service: guide)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: observability.logger))
        try await group.run()
        broker.close()
    }

    /// Removes the store of an earlier sandbox: the vendors forget their records, so must the links to them.
    static func forgetLinks(in directory: String) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasPrefix("tandem.sqlite") {
            try FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }
}

/// Writes and prints how to use the sandbox once its ports are known, then sends the emulated account's webhooks.
private struct SandboxGuideService: Service {
    let directory: String
    let gatewayPort: Int
    let playground: Playground
    let salesforce: SandboxServer
    let marketing: SandboxServer
    let bootstrapServers: String
    let clock: any WallClock

    func run() async throws {
        let salesforceURL = "http://127.0.0.1:\(try await salesforce.port())"
        let marketingURL = "http://127.0.0.1:\(try await marketing.port())"
        try writeConfiguration(salesforceURL: salesforceURL, marketingURL: marketingURL)
        let hook = "http://127.0.0.1:\(gatewayPort)/hooks/\(Playground.integration)/\(Playground.webhookSecret)"
        await playground.marketing.addHook(url: hook, events: Playground.hookEvents)
        // Not print: its buffer would hold the text back when it goes to a file or pipe.
        let guide = guide(salesforceURL: salesforceURL, marketingURL: marketingURL, hook: hook)
        FileHandle.standardOutput.write(Data((guide + "\n").utf8))
        while !Task.isCancelled && !Task.isShuttingDownGracefully {
            _ = await playground.marketing.deliverPending()
            await cancelWhenGracefulShutdown { try? await clock.sleep(until: clock.now().advanced(by: .milliseconds(200))) }
        }
    }

    private func writeConfiguration(salesforceURL: String, marketingURL: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory + "/secrets", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for (name, secret) in Playground.secrets {
            try write("secrets/\(name.rawValue)", secret.reveal())
        }
        try write(
            "tandem.yaml",
            """
            # Written by 'tandem sandbox'.
            data: \(quoted(""))
            log: kafka
            kafka:
              bootstrap.servers: \(bootstrapServers)
            gateway:
              port: \(gatewayPort)
            integrations:
              - \(quoted("/integration.yaml"))

            """)
        try write(
            "integration.yaml",
            """
            # Written by 'tandem sandbox'.
            apiVersion: tandem.dev/v1
            kind: Integration
            metadata:
              name: \(Playground.integration)
            spec:
              profile: activecampaign-salesforce
              crm:
                loginURL: \(salesforceURL)
                auth:
                  flow: client-credentials
                  clientID: sandbox-client
                  clientSecret: { file: \(quoted("/secrets/crm.client-secret")) }
              marketing:
                url: \(marketingURL)
                apiKey: { file: \(quoted("/secrets/marketing.api-key")) }
              webhook:
                secret: { file: \(quoted("/secrets/webhook.secret")) }
              inbound:
                window: { records: 100, interval: 10s }
              outbound:
                schedule: { every: 1h }
                contacts: new
                leads: new
                accounts: full
                opportunities: true

            """)
    }

    /// A path in the directory as YAML takes it, whatever it is made of.
    private func quoted(_ path: String) -> String {
        "'" + (directory + path).replacingOccurrences(of: "'", with: "''") + "'"
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
    }

    /// A command as it can be typed from here: the executables lie beside this one.
    private func command(_ name: String) -> String {
        let own = CommandLine.arguments.first ?? ""
        let folder = own.lastIndex(of: "/").map { String(own[...$0]) } ?? ""
        return "\(folder.isEmpty ? "" : Self.shellWord(folder))\(name) --config \(Self.shellWord(directory + "/tandem.yaml"))"
    }

    /// Quoted only if a shell would read it otherwise.
    private static func shellWord(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+".contains($0)) }
        return isPlain ? text : "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }

    private func guide(salesforceURL: String, marketingURL: String, hook: String) -> String {
        let schedule = command("tandem schedule \(Playground.integration)")
        return """
            Salesforce      \(salesforceURL)
            ActiveCampaign  \(marketingURL)   (5 requests a second, as the real one)
            Kafka protocol  \(bootstrapServers)

            In three other terminals:
              \(command("gateway"))
              \(command("inbound-batcher"))
              \(command("outbound-poller"))

            Add a contact, send it to Salesforce, and look:
              curl -H 'Api-Token: sandbox-api-token' \(marketingURL)/api/3/contacts \\
                   -d '{"contact":{"email":"ann@example.com","firstName":"Ann","lastName":"Lee","phone":"+1 555 0100"}}'
              curl \(hook)/actions/create-contact \\
                   -d 'contact[id]=1&contact[email]=ann@example.com&contact[first_name]=Ann&contact[last_name]=Lee&contact[phone]='
              \(command("tandem status"))
              kcat -b \(bootstrapServers) -t tandem.automation.events -C -e

            Add a lead to Salesforce, have it polled now instead of in an hour, and look:
              TOKEN=$(curl -s \(salesforceURL)/services/oauth2/token -d grant_type=client_credentials \\
                   -d client_id=sandbox-client -d client_secret=sandbox-secret | cut -d '"' -f 4)
              curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
                   \(salesforceURL)/services/data/v62.0/sobjects/Lead \\
                   -d '{"FirstName":"Bo","LastName":"Ek","Email":"bo@example.com","Company":"Northwind Cycles"}'
              \(schedule) --now
              curl -H 'Api-Token: sandbox-api-token' '\(marketingURL)/api/3/contacts?email=bo@example.com'

            Stop with Ctrl-C; the vendors and the broker forget everything then.
            """
    }
}
