import ArgumentParser
import Connectors
import Contracts
import Logging
import Store
import SyncCore
import Vendors

/// `tandem actions`: what may be done with people from their CRM records, and what came of it.
struct ActionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions", abstract: "Lists the campaigns and automations on offer, or what was asked for a record.",
        discussion: "On offer are those that have the label Salesforce, in any case.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(help: "Shows what was asked for this record, e.g. contact/003….")
    var record: String?

    func validate() throws { _ = try record.map { try ActionRecord.parse($0, of: name) } }

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        let clock = SystemClock()
        let desk = ActionDesk(store: store, now: clock.now())
        if let record {
            print(try await desk.outcomes(of: try ActionRecord.parse(record, of: name)))
        } else {
            let connections = VendorConnections(
                store: store, transport: AsyncHTTPTransport(), clock: clock, logger: Logger(label: "tandem"))
            print(try await desk.offers(of: name, connections))
        }
    }
}

/// `tandem action`: asks for one action.
struct ActionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "action", abstract: "Sends a campaign to a record's person, or lets the person enter an automation.",
        discussion: """
            It is kept and done by the next outbound worker; 'tandem actions NAME --record RECORD' shows what came of it. Asked \
            for again within a minute it is the same request, unless it has another --request-id.
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Argument(help: "The record, e.g. contact/003….")
    var record: String

    @Argument(help: "\(Self.kinds).", transform: Self.kind)
    var kind: ActionKind

    @Argument(help: "The id of the campaign or the automation; 'tandem actions NAME' lists them.")
    var target: String

    @Option(help: "The same for one wish told twice.")
    var requestID: String?

    private static let kinds = ActionKind.allCases.map(\.rawValue).joined(separator: " or ")

    private static func kind(_ text: String) throws -> ActionKind {
        guard let kind = ActionKind(rawValue: text) else { throw ValidationError("the action is \(kinds), not \"\(text)\"") }
        return kind
    }

    func validate() throws { if let problem = try request(at: .distantPast).problem { throw ValidationError(problem) } }

    func request(at now: Timestamp) throws -> ActionRequest {
        let (object, id) = try ActionRecord.parse(record, of: name).parts
        return ActionRequest(
            key: RecordKey(integration: name, object: object.rawValue, recordID: id), kind: kind, target: target,
            requestID: requestID, askedAt: now, askedBy: "tandem action")
    }

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        let now = SystemClock().now()
        print(try await ActionDesk(store: store, now: now).ask(try request(at: now)))
    }
}

/// A CRM record that an action may be for.
struct ActionRecord {
    var integration: String
    var parts: (object: CRMObject, id: String)

    /// Reads `contact/003…` or `lead/00Q…`.
    static func parse(_ text: String, of integration: String) throws -> ActionRecord {
        guard case .crm(let object, let id)? = RecordName("\(integration)/\(text)")?.record, object.isPerson else {
            throw ValidationError("\"\(text)\" names no contact or lead: say contact/<CRM id> or lead/<CRM id>")
        }
        return ActionRecord(integration: integration, parts: (object, id))
    }
}

/// Takes requests, and tells what may be asked for and what came of it.
struct ActionDesk {
    private static let mostShown = 50

    let store: Store
    let now: Timestamp

    func offers(of name: String, _ connections: VendorConnections) async throws -> String {
        let integration = try await store.known(name)
        let label = Profile(name: integration.settings.profile).actionLabel
        var rows: [[String]] = []
        do throws(SyncError) {
            let marketing = try await connections.actions(of: integration)
            for kind in ActionKind.allCases {
                rows += try await marketing.offers(kind, labelled: label).map { [kind.rawValue, $0.id, $0.name] }
            }
        } catch {
            throw CommandFailure(description: "\(name): ActiveCampaign: \(error.code): \(error.message)")
        }
        guard !rows.isEmpty else { return "\(name): no campaign and no automation has the label \(label)" }
        return TextTable(["ACTION", "TARGET", "NAME"], rows).text
    }

    func ask(_ request: ActionRequest) async throws -> String {
        let name = request.key.integration
        guard try await store.known(name).state != .disconnected else {
            throw CommandFailure(description: "\(name) is disconnected: nothing is done any more")
        }
        guard let action = try await store.take([request], now: now).first else { return "" }
        guard action.isSame(as: request) else {
            throw CommandFailure(description: "the request id \(action.requestID) was used for something else before")
        }
        if action.state == .failed, let error = action.error {
            throw CommandFailure(description: "\(name): refused: \(error.code): \(error.message)")
        }
        return "\(name): \(action.state.rawValue): \(request.kind.rawValue) \(request.target), request \(action.requestID)"
    }

    func outcomes(of record: ActionRecord) async throws -> String {
        _ = try await store.known(record.integration)
        let (object, id) = record.parts
        let actions = try await store.actions(
            integration: record.integration, object: object, crmID: id, limit: Self.mostShown)
        guard !actions.isEmpty else { return "\(record.integration): nothing was asked for \(object.rawValue)/\(id)" }
        let rows = actions.map { action in
            [
                action.request.askedAt.iso8601, action.request.kind.rawValue, action.request.target, action.state.rawValue,
                action.request.askedBy ?? "", action.requestID, action.error.map { "\($0.code): \($0.message)" } ?? "",
            ]
        }
        return TextTable(["ASKED", "ACTION", "TARGET", "STATE", "BY", "REQUEST", "REASON"], rows).text
    }
}
