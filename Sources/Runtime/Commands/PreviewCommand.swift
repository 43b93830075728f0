import ArgumentParser
import Connectors
import Contracts
import Logging
import Store
import SyncCore
import Vendors

/// `tandem preview`: who a selection makes known to marketing.
struct PreviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Counts the CRM records that the selection matches, and shows some of them.",
        discussion: "Nothing is written on either side. With --file, the selection of a file that is not applied yet.")

    /// The objects that are selected.
    enum Object: String, ExpressibleByArgument, CaseIterable {
        case contact, lead

        var object: CRMObject {
            switch self {
            case .contact: .contact
            case .lead: .lead
            }
        }
    }

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Argument(help: "contact or lead; both without.")
    var object: Object?

    @Option(name: [.short, .customLong("file")], help: "A file, or a directory of files, that describes the integration.")
    var file: String?

    @Option(help: "How many records to show of each object.")
    var sample = 10

    func validate() throws {
        guard (0...200).contains(sample) else { throw ValidationError("--sample must be from 0 to 200") }
    }

    func run() async throws {
        let configuration = try options.load()
        let draft = try self.file.map { path in try self.draft(in: path) }
        let store = try Cluster.openStore(configuration)
        defer { try? store.close() }
        let clock = SystemClock()
        let preview = SelectionPreview(store: store, sample: sample, now: clock.now()) { secrets in
            VendorConnections(
                store: secrets, rates: store, transport: AsyncHTTPTransport(), clock: clock, logger: Logger(label: "tandem"))
        }
        print(try await preview.text(of: name, object.map { [$0.object] } ?? CRMObject.people, draft: draft))
    }

    private func draft(in path: String) throws -> IntegrationFile {
        let found = try ConfigurationLoader().integrations(at: [path]).first { $0.settings.name == name }
        guard let found else { throw CommandFailure(description: "\(path) describes no integration named \(name)") }
        return found
    }
}

/// Asks the CRM who is selected (OUT-1).
struct SelectionPreview {
    /// More columns do not fit a screen.
    private static let mostColumns = 6

    let store: Store
    let sample: Int
    let now: Timestamp
    let open: (Store) -> VendorConnections

    /// - Parameter draft: The integration as a file has it; `nil` for what is applied.
    func text(of name: String, _ objects: [CRMObject], draft: IntegrationFile?) async throws -> String {
        var (integration, secrets) = try await connectable(name, draft)
        if let draft {
            integration.settings.outbound = draft.settings.outbound
            integration.settings.mappings = draft.settings.mappings
        }
        let crm = try await open(secrets).crm(of: integration)
        let polls = try await store.polls(of: name)
        var parts: [String] = []
        for object in objects {
            parts.append(try await text(of: object, integration.settings, polls[object], crm))
        }
        return parts.joined(separator: "\n")
    }

    /// The integration whose connection is used and the store that has its secrets: the one that is applied, else the draft's
    /// own in a store that is gone afterwards.
    private func connectable(_ name: String, _ draft: IntegrationFile?) async throws -> (StoredIntegration, Store) {
        if let stored = try await store.integration(name) { return (stored, store) }
        guard let draft else { throw CommandFailure.noIntegration(named: name) }
        guard draft.settings.crm.flow != .refreshToken else {
            throw CommandFailure(description: "\(name) has to be applied first: using its refresh token may end it")
        }
        let scratch = try Store.inMemory(key: .generate())
        _ = try await scratch.apply(draft.settings, secrets: draft.secrets, now: now)
        return (try await scratch.known(name), scratch)
    }

    private func text(
        of object: CRMObject, _ settings: IntegrationSettings, _ poll: ObjectPoll?, _ crm: any CRM & CRMFeed
    ) async throws -> String {
        let selection = settings.outbound.selection[object] ?? Selection.none
        guard selection != Selection.none else { return "\(settings.name) \(object.rawValue): none are selected" }
        // A selection that no poll has seen yet begins to stand now.
        let since = poll.flatMap { $0.selection == selection ? $0.since : nil } ?? now
        let found: (count: Int, sample: [CRMRecord])
        do throws(SyncError) {
            found = try await crm.preview(
                selection, of: object, since: since,
                fields: OutboundRules.fieldsToRead(object, settings: settings), sample: sample)
        } catch {
            throw CommandFailure(description: "\(settings.name) \(object.rawValue): \(error.code): \(error.message)")
        }
        let suffix = selection == .newFromNowOn ? ", created since \(since.iso8601)" : ""
        var lines = ["\(settings.name) \(object.rawValue): \(found.count) match\(suffix)"]
        if !found.sample.isEmpty { lines.append(try await table(found.sample, of: object, settings)) }
        if found.count > found.sample.count { lines.append("  … and \(found.count - found.sample.count) more") }
        return lines.joined(separator: "\n")
    }

    private func table(_ records: [CRMRecord], of object: CRMObject, _ settings: IntegrationSettings) async throws -> String {
        let columns = columns(of: object, settings)
        let links = try await store.links(integration: settings.name, crmIDs: records.map(\.id), object: object)
        let rows = records.map { record in
            let values = Dictionary(record.values.map { ($0.key.lowercased(), $0.value) }) { $1 }
            let email = values[columns[0].lowercased()] ?? .blank
            let state = links[record.id].map { "link \($0.state.rawValue)" } ?? (email.isBlank ? "skipped: no email" : "new")
            return ["  \(record.id)", state] + columns.map { values[$0.lowercased()].map(\.shown) ?? "" }
        }
        return TextTable(["  ID", "SYNC"] + columns, rows).text
    }

    /// The email first, then what the rules are about, then what is mapped.
    private func columns(of object: CRMObject, _ settings: IntegrationSettings) -> [String] {
        var rules: [String] = []
        if case .criteria(let criterion) = settings.outbound.selection[object] { rules = criterion.fields }
        var seen: Set<String> = []
        let all = [Profile(name: settings.profile).crmEmailField] + rules + settings.mappings(of: object).map(\.crm)
        return Array(all.filter { seen.insert($0.lowercased()).inserted }.prefix(Self.mostColumns))
    }
}
