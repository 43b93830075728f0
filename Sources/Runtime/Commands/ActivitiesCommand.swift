import ArgumentParser
import Contracts
import Store
import SyncCore

/// `tandem activities`: what a person got from marketing and did there, as the panel of the CRM record lists it.
struct ActivitiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activities", abstract: "Lists what a person got from marketing and did there, the latest first.",
        discussion: """
            RECORD is contact/<CRM id> or lead/<CRM id>, whose link tells the person, or marketing/<id>, linked or not. Times are \
            ISO 8601 with an offset: 2026-05-28T00:00:00Z.
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Argument(help: "The record, e.g. contact/003….")
    var record: String

    @Option(help: "Only of this kind, e.g. campaign-opened; may be repeated.")
    var kind: [String] = []

    @Option(help: "Only of the campaign with this id.")
    var campaign: String?

    @Option(help: "Only from then on.")
    var from: String?

    @Option(help: "Only before then.")
    var to: String?

    @Option(help: "How many to list.")
    var limit = 20

    func validate() throws {
        _ = (try subject(), try filter())
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000") }
    }

    private func subject() throws -> ActivitySubject {
        switch RecordName("\(name)/\(record)")?.record {
        case .crm(let object, let id) where object.isPerson: return .record(object, crmID: id)
        case .marketing(let id): return .person(marketingID: id)
        default: throw ValidationError("\"\(record)\" names no person: say contact/<id>, lead/<id> or marketing/<id>")
        }
    }

    private func filter() throws -> ActivityFilter {
        let kinds = try kind.map { name in
            guard let kind = Activity.Kind(rawValue: name) else {
                throw ValidationError("--kind must be one of \(Activity.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return kind
        }
        return ActivityFilter(
            kinds: Set(kinds), campaignID: campaign, from: try moment(from, "--from"), to: try moment(to, "--to"))
    }

    private func moment(_ text: String?, _ option: String) throws -> Timestamp? {
        guard let text else { return nil }
        guard let moment = Timestamp(iso8601: text) else {
            throw ValidationError("\(option) must be a time with an offset such as 2026-05-28T00:00:00Z, not \"\(text)\"")
        }
        return moment
    }

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        print(try await text(from: store))
    }

    func text(from store: Store) async throws -> String {
        _ = try await store.known(name)
        let page = try await store.activities(
            of: try subject(), integration: name, matching: try filter(), limit: limit)
        guard !page.activities.isEmpty else { return "\(name): no such activities of \(record) are kept" }
        let table = TextTable(
            ["TIME", "KIND", "OF", "DETAIL"],
            page.activities.map { [$0.occurredAt.iso8601, $0.kind.rawValue, $0.origin, $0.detail] })
        return ([table.text] + (page.next == nil ? [] : ["… and older ones: --limit shows more"])).joined(separator: "\n")
    }
}

extension StoredActivity {
    /// The campaign or automation, by name and id.
    fileprivate var origin: String {
        func named(_ name: Activity.Detail, _ id: Activity.Detail) -> String? {
            switch (details[name], details[id]) {
            case (let name?, let id?): "\(name.oneLine) (\(id))"
            case (let text?, nil), (nil, let text?): text.oneLine
            case (nil, nil): nil
            }
        }
        return named(.campaignName, .campaignID) ?? named(.automationName, .automationID) ?? ""
    }

    /// What is left to tell, on one line.
    fileprivate var detail: String {
        let value = details[.eventValue].map { "= \($0)" }
        let texts = [details[.subject], details[.url] ?? details[.webCopyURL], details[.eventName], value, details[.text]]
        return texts.compactMap { $0?.oneLine }.joined(separator: " ")
    }
}

extension String {
    /// Short, and without what would break a table or steer a terminal.
    fileprivate var oneLine: String {
        let scalars = unicodeScalars.prefix(100).map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: " " as Unicode.Scalar
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars)) + (unicodeScalars.count > 100 ? "…" : "")
    }
}
