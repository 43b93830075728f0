public import Connectors
import Contracts
public import SyncCore

/// What users of the CRM may have done with a person.
extension ActiveCampaign: MarketingActions {
    public func offers(_ kind: ActionKind, labelled label: String) async throws(SyncError) -> [ActionOffer] {
        try await offers.labelled(label, kind)
    }

    /// Two calls: one for the person's address, and one of v1, for v3 cannot send. The sending counts into the campaign, so that
    /// what the person does with it is told like that of other sendings.
    public func sendCampaign(_ id: String, toContact contact: String) async throws(SyncError) {
        guard let email = try await standardFields(contact)?.fields["email"]?.stringValue, !email.isEmpty else {
            throw SyncError(
                .permanent, code: "not-found", message: "The person is not in ActiveCampaign, or has no email address")
        }
        let parameters = [("email", email), ("campaignid", id), ("messageid", "0"), ("type", "mime"), ("action", "send")]
        let answer: JSONValue
        do throws(SyncError) {
            answer = try await session.callV1("campaign_send", parameters, effect: .write)
        } catch  where error.code == ActiveCampaignErrors.notTheAPICode {
            throw SyncError(
                .permanent, code: "v1-not-available",
                message: "ActiveCampaign's v1 API, the only one that sends a campaign to one person, does not answer")
        }
        guard let code = answer["result_code"]?.intValue else {
            throw .unusableAnswer("the answer to a sending has no result", effect: .write)
        }
        guard code == 1 else {
            let reason = answer["result_message"]?.stringValue ?? "ActiveCampaign gives no reason"
            throw SyncError(.permanent, code: "campaign-refused", message: ActiveCampaignErrors.shortened(reason))
        }
    }

    public func enterAutomation(_ id: String, contact: String) async throws(SyncError) {
        let body: JSONValue = ["contactAutomation": ["contact": .string(contact), "automation": .string(id)]]
        let answer = try await session.call("POST", "contactAutomations", body: body, effect: .write)
        guard answer["contactAutomation"]?.objectValue != nil else {
            throw .unusableAnswer("the answer to an entry holds none", effect: .write)
        }
    }

    public func entries(ofContact contact: String, inAutomation id: String) async throws(SyncError) -> Set<String> {
        let path = "contacts/\(URLText.encoded(contact))/contactAutomations"
        let rows = try await session.list(path, key: "contactAutomations").rows
        return Set(rows.filter { ($0["automation"] ?? $0["seriesid"])?.textValue == id }.compactMap { $0["id"]?.textValue })
    }
}

/// The campaigns and automations that have a label, kept for a minute: whoever acts on a record looks at them first.
actor Offers {
    private struct Choice: Hashable {
        var kind: ActionKind
        var label: String
    }

    private static let rememberedFor = Duration.seconds(60)
    private static let labelOfNobody = "tandem-label-of-nobody"

    private let session: ActiveCampaignSession
    private let clock: any WallClock
    private var known: [Choice: (offers: [ActionOffer], until: Timestamp)] = [:]

    init(session: ActiveCampaignSession, clock: any WallClock) {
        self.session = session
        self.clock = clock
    }

    /// Labels are shown nowhere, only filtered by; whether the filter minds the case nobody says, so that the ways people write
    /// one are all asked for.
    func labelled(_ label: String, _ kind: ActionKind) async throws(SyncError) -> [ActionOffer] {
        let choice = Choice(kind: kind, label: label)
        if let known = known[choice], clock.now() < known.until { return known.offers }
        let path = kind == .sendCampaign ? "campaigns" : "automations"
        try await requireFilter(path)
        var names: [String: String] = [:]
        for spelling in Set([label, label.lowercased(), label.uppercased()]).sorted() {
            for row in try await session.list(path, key: path, query: Self.filter(spelling)).rows {
                guard let id = row["id"]?.textValue else { continue }
                names[id] = row["name"]?.stringValue ?? ""
            }
        }
        let offers = names.map { ActionOffer(id: $0.key, name: $0.value) }.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
        known[choice] = (offers, clock.now().advanced(by: Self.rememberedFor))
        return offers
    }

    /// A filter the server ignores would offer everything, and no row tells its labels: one that nobody has must find nothing.
    private func requireFilter(_ path: String) async throws(SyncError) {
        let answer = try await session.call("GET", path, query: Self.filter(Self.labelOfNobody) + [("limit", "1")])
        guard let rows = answer[path]?.arrayValue else {
            throw SyncError(.transient, code: "unusable-answer", message: "the answer to \(path) has no \(path)")
        }
        guard rows.isEmpty else {
            throw SyncError(
                .permanent, code: "label-filter-ignored",
                message: "This ActiveCampaign account does not list \(path) by label, so that none can be offered")
        }
    }

    private static func filter(_ label: String) -> [(String, String)] { [("filters[label_name]", label)] }
}
