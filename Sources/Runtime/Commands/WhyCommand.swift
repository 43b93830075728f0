import ArgumentParser
import Connectors
import Contracts
import Logging
import Store
import SyncCore
import Vendors

/// `tandem why`: what happened to one record, and why its fields have the values they have.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Explains one record: where each value came from, what lost by which rule, what waits.",
        discussion: """
            RECORD is contact/<CRM id>, lead/<CRM id>, account/<CRM id>, opportunity/<CRM id>, marketing/<id>, or just an id \
            or an email address: 'tandem why acme/ann@example.com Phone'. Values are shown, so mind who looks on.
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration and the record, e.g. acme/contact/003….")
    var record: String

    @Argument(help: "Only this field, by its name on either side.")
    var field: String?

    @Flag(help: "Prints JSON.")
    var json = false

    func validate() throws { _ = try recordName() }

    private func recordName() throws -> RecordName {
        guard let name = RecordName(record) else {
            throw ValidationError(
                "\"\(record)\" names no record: say NAME/contact/<id>, NAME/marketing/<id> or NAME/<id or email>")
        }
        return name
    }

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        let clock = SystemClock()
        let connections = VendorConnections(
            store: store, transport: AsyncHTTPTransport(), clock: clock, logger: Logger(label: "tandem"))
        let inquiry = RecordInquiry(store: store, connections: connections, now: clock.now())
        let report = try await inquiry.report(on: try recordName(), field: field)
        print(json ? String(decoding: report.json.serialized(), as: UTF8.self) : report.text)
    }
}
