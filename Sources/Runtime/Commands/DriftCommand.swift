import ArgumentParser
import Connectors
import Contracts
import Foundation
import Logging
import Store
import SyncCore
import Vendors
import Workers

/// `tandem drift`: values that left what both sides agreed on.
struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Lists values that differ though both sides think they agree; repairs them on demand.",
        discussion: """
            Full runs find them. A repair goes by the rules that merge changes: what flows both ways is merged as if the side \
            had just told of it, what flows one way is written anew from its source. 'tandem run full NAME' looks again.
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(help: "How many to list.")
    var limit = 50

    @Flag(help: "Repairs all that was found.")
    var repair = false

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000") }
    }

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        let integration = try await store.known(name)
        guard repair else { return print(try await DriftText.list(of: integration, in: store, limit: limit)) }
        let clock = SystemClock()
        let connections = VendorConnections(
            store: store, transport: AsyncHTTPTransport(), clock: clock, logger: Logger(label: "tandem"))
        let desk = DriftDesk(integration: integration, store: store, connections: connections, clock: clock)
        guard let count = try await desk.repair(holder: Cluster.holderName("drift"), patience: .seconds(60)) else {
            throw CommandFailure(description: "\(name): the workers are busy with this integration; try again")
        }
        print(DriftText.repaired(count, of: name))
    }
}

/// Drift as an operator reads it.
enum DriftText {
    static func repaired(_ count: Int, of name: String) -> String {
        "\(name): \(count) values are repaired with the next deliveries"
    }

    static func list(of integration: StoredIntegration, in store: Store, limit: Int) async throws -> String {
        let name = integration.settings.name
        let count = try await store.driftCount(integration: name)
        guard count > 0 else { return "\(name): no drift is known; 'tandem run full \(name)' looks for it" }
        let drifts = try await store.drifts(integration: name, limit: limit)
        let table = TextTable(
            ["RECORD", "PERSON", "FIELD", "SIDE", "AGREED", "FOUND", "SINCE RUN"],
            drifts.map { stored in
                let drift = stored.drift
                return [
                    "\(drift.object.rawValue)/\(drift.crmID)", drift.marketingID, drift.field, drift.side.rawValue,
                    text(drift.agreed), text(drift.found), String(stored.run),
                ]
            })
        let more = count > drifts.count ? ["… and \(count - drifts.count) more"] : []
        return ([table.text] + more).joined(separator: "\n")
    }

    private static func text(_ value: FieldValue) -> String {
        switch value {
        case .blank: "(blank)"
        case .text(let text): text
        case .number(let number): number.description
        case .boolean(let flag): flag ? "true" : "false"
        case .date(let date): date.description
        case .instant(let moment): moment.iso8601
        case .choices(let choices): choices.joined(separator: "; ")
        }
    }
}
