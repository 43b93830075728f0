import Connectors
import Contracts
import Store
import SyncCore
import Vendors

/// Gathers what is known of one record (OPS-1).
struct RecordInquiry {
    /// How far back decisions are looked for, and how many entries are shown.
    private static let mostHistory = 200
    private static let mostShown = 10

    let store: Store
    let connections: VendorConnections
    let now: Timestamp

    func report(on name: RecordName, field: String?) async throws -> RecordReport {
        let integration = try await store.known(name.integration)
        let fields = RecordFieldNames(integration, connections)
        let links = try await links(of: name)
        var report = RecordReport(name: name)
        for link in links { report.links.append(try await explained(link, field: field, integration.settings, fields)) }
        if links.isEmpty {
            report.queued = try await queued(unlinked: name)
            report.history = try await history(unlinked: name)
        }
        report.isFieldKnown = field == nil || links.isEmpty || report.links.contains { !$0.fields.isEmpty }
        report.notes = await fields.notes
        report.nextPoll = try await ScheduleDesk(store: store, now: now).nextRun(of: integration)
        return report
    }

    private func links(of name: RecordName) async throws(StoreError) -> [Link] {
        switch name.record {
        case .crm(let object, let id):
            return [try await store.link(byCRMID: id, object: object, integration: name.integration)].compactMap(\.self)
        case .marketing(let id):
            let links = try await store.links(integration: name.integration, marketingIDs: [id])[id] ?? [:]
            return links.values.sorted { $0.object.rawValue < $1.object.rawValue }
        case .email(let email):
            return try await store.links(integration: name.integration, emails: [email]).values.flatMap(\.self)
        }
    }

    private func explained(
        _ link: Link, field: String?, _ settings: IntegrationSettings, _ fields: RecordFieldNames
    ) async throws -> RecordReport.Linked {
        let history = try await history(of: link)
        let queued = try await queued(for: link)
        let mappings = settings.mappings(of: link.object)
        let inbound = queued.first { $0.direction == .inbound }?.row.row.change
        let decisions = history.flatMap { entry in
            (entry.details.arrayValue ?? []).compactMap(FieldDecisionRecord.init(json:)).map { record in
                PastDecision(at: entry.at, outcome: entry.outcome, direction: entry.direction.rawValue, record: record)
            }
        }
        let explanations = explain(
            link, history: decisions, pending: inbound, mappings: mappings,
            crmSchema: await fields.crm(link.object, mappings), marketingSchema: await fields.marketing(link.object, mappings),
            field: field)
        return RecordReport.Linked(
            link: link, fields: explanations, queued: queued, history: Array(history.prefix(Self.mostShown)))
    }

    /// What happened to the two records of a link: also before they were linked, and of this object only.
    private func history(of link: Link) async throws(StoreError) -> [HistoryEntry] {
        var entries = try await store.history(
            integration: link.integration, marketingID: link.marketingID, limit: Self.mostHistory
        ).filter { $0.object == link.object.rawValue || $0.crmID == nil }
        if let crmID = link.crmID {
            let ofRecord = try await store.history(
                integration: link.integration, crmID: crmID, object: link.object, limit: Self.mostHistory)
            entries += ofRecord.filter { !entries.contains($0) }
        }
        return entries.sorted { $0.at > $1.at }
    }

    private func history(unlinked name: RecordName) async throws(StoreError) -> [HistoryEntry] {
        switch name.record {
        case .crm(let object, let id):
            try await store.history(integration: name.integration, crmID: id, object: object, limit: Self.mostShown)
        case .marketing(let id):
            try await store.history(integration: name.integration, marketingID: id, limit: Self.mostShown)
        case .email: []
        }
    }

    private func queued(for link: Link) async throws(StoreError) -> [RecordReport.Queued] {
        // Marketing calls every person a contact.
        let object = link.object.isPerson ? CRMObject.contact : link.object
        var queued = try await self.queued(link.integration, .inbound, object.rawValue, link.marketingID)
        if let crmID = link.crmID { queued += try await self.queued(link.integration, .outbound, link.object.rawValue, crmID) }
        return queued
    }

    private func queued(unlinked name: RecordName) async throws(StoreError) -> [RecordReport.Queued] {
        switch name.record {
        case .crm(let object, let id): try await queued(name.integration, .outbound, object.rawValue, id)
        case .marketing(let id): try await queued(name.integration, .inbound, CRMObject.contact.rawValue, id)
        case .email: []
        }
    }

    private func queued(
        _ integration: String, _ direction: Direction, _ object: String, _ id: String
    ) async throws(StoreError) -> [RecordReport.Queued] {
        try await store.waiting(integration: integration, direction: direction, object: object, recordID: id)
            .map { [RecordReport.Queued(direction: direction, row: $0)] } ?? []
    }
}

/// Both sides' fields for an explanation. Where a vendor cannot be asked, the names in the mappings stand for its fields.
private actor RecordFieldNames {
    private let integration: StoredIntegration
    private let connections: VendorConnections
    private(set) var notes: [String] = []

    init(_ integration: StoredIntegration, _ connections: VendorConnections) {
        self.integration = integration
        self.connections = connections
    }

    func crm(_ object: CRMObject, _ mappings: [FieldMapping]) async -> FieldIndex {
        do throws(SyncError) {
            return FieldIndex(try await connections.crm(of: integration).describe(object))
        } catch {
            note("Salesforce", error)
            return FieldIndex(ObjectSchema(name: object.rawValue, fields: Self.fields(mappings.map(\.crm))))
        }
    }

    func marketing(_ object: CRMObject, _ mappings: [FieldMapping]) async -> FieldIndex {
        do throws(SyncError) {
            let marketing = try await connections.marketing(of: integration)
            return FieldIndex(
                try await object == .account ? marketing.describeAccounts() : marketing.describeContacts())
        } catch {
            note("ActiveCampaign", error)
            return FieldIndex(ObjectSchema(name: object.rawValue, fields: Self.fields(mappings.map(\.marketing))))
        }
    }

    private func note(_ vendor: String, _ error: SyncError) {
        let text = "\(vendor) could not be asked for its fields (\(error.code)): what waits may be incomplete"
        if !notes.contains(text) { notes.append(text) }
    }

    private static func fields(_ names: [String]) -> [FieldSchema] {
        names.map { FieldSchema(name: $0, type: .text(maxLength: nil)) }
    }
}
