import Connectors
import Contracts
import Store
import SyncCore

/// All that deciding about a batch of CRM records needs to know, read at one moment.
struct OutboundFacts {
    /// The records as the CRM has them now.
    var states = CRMReadResult()
    /// The links of the batch's records and of those they were merged into or became.
    var links: [CRMObject: [String: Link]] = [:]
    /// Every link of the people concerned, by their id in marketing.
    var people: [String: [CRMObject: Link]] = [:]
    /// Live links by the email last agreed on.
    var byEmail: [String: [Link]] = [:]
    /// What waits inbound, by the person's id in marketing.
    var pending: [String: PendingChange] = [:]
    /// What waits inbound for accounts, by their id in marketing.
    var pendingAccounts: [String: PendingChange] = [:]
    /// People an import is under way for, and the emails of all in it: new ones have no id yet.
    var underImport: Set<String> = []
    var importedEmails: Set<String> = []
    /// The records among those the batch's were merged into or became that are on their way in an import.
    var importedSuccessors: Set<String> = []
    /// For each opportunity the linked person it is about.
    var opportunityPeople: [String: String] = [:]
    /// Records for which something else has to come first: opportunities whose contact waits, and those of whose person inbound
    /// is about to make one.
    var early: Set<String> = []
    /// Why it is not known of a row whether marketing knows the person already, by row.
    var unclear: [Int64: SyncError] = [:]
    /// Rows about which nothing is decided in this turn.
    var postponed: Set<Int64> = []
    /// Since when each object's selection stands.
    var selectedSince: [CRMObject: Timestamp] = [:]
}

extension OutboundFacts {
    /// The live links of people's records that others of the batch were merged into or became, where those are linked to somebody
    /// else: who of the two goes on depends on whether the successor's person is still there.
    var rivals: [Link] {
        states.byID.values.joined().compactMap { _, record in
            guard record.object.isPerson, let own = links[record.object]?[record.id], own.state != .ended else { return nil }
            let winner = record.mergedInto.flatMap { links[record.object]?[$0] }
            let contact = record.convertedTo.flatMap { links[.contact]?[$0] }
            guard let rival = winner ?? contact, rival.state == .linked, rival.marketingID != own.marketingID else { return nil }
            return rival
        }
    }
}

/// Collects the facts about a batch: one call to the CRM, a few reads of the store.
struct OutboundReading {
    let integration: StoredIntegration
    let store: Store
    let crm: any CRMFeed
    let schemas: Schemas

    private var name: String { integration.settings.name }

    /// - Parameter states: Those of the rows' records, where they were read already.
    func facts(of rows: [QueueRow], states: CRMReadResult? = nil) async throws -> OutboundFacts {
        var facts = OutboundFacts()
        var ids: [CRMObject: [String]] = [:]
        for row in rows {
            guard let object = CRMObject(rawValue: row.key.object), integration.settings.outbound.includes(object) else {
                continue
            }
            ids[object, default: []].append(row.key.recordID)
        }
        let fields = ids.keys.reduce(into: [CRMObject: [String]]()) { $0[$1] = schemas.fieldsToRead($1, integration.settings) }
        facts.states = if let states { states } else { try await crm.states(of: ids, fields: fields) }
        try await addLinks(of: ids, to: &facts)
        try await addPeople(to: &facts)
        try await addOpportunities(ids[.opportunity] ?? [], to: &facts)
        facts.states.failures.merge(schemas.failures) { read, _ in read }
        facts.selectedSince = try await store.polls(of: name).mapValues(\.since)
        return facts
    }

    private func addLinks(of ids: [CRMObject: [String]], to facts: inout OutboundFacts) async throws {
        var wanted = ids.mapValues(Set.init)
        for record in facts.states.byID.values.joined().map(\.value) {
            wanted[record.object, default: []].insert(record.id)
            if let winner = record.mergedInto { wanted[record.object, default: []].insert(winner) }
            if let contact = record.convertedTo { wanted[.contact, default: []].insert(contact) }
        }
        for (object, ids) in wanted {
            facts.links[object] = try await store.links(integration: name, crmIDs: ids.sorted(), object: object)
        }
    }

    private func addOpportunities(_ ids: [String], to facts: inout OutboundFacts) async throws {
        guard integration.settings.outbound.opportunities, schemas.failures[.opportunity] == nil, !ids.isEmpty else { return }
        let contacts = try await crm.contacts(ofOpportunities: ids)
        let wanted = Set(contacts.values).sorted()
        let links = try await store.links(integration: name, crmIDs: wanted, object: .contact)
        for (opportunity, contact) in contacts {
            if let link = links[contact], link.state == .linked {
                facts.opportunityPeople[opportunity] = link.marketingID
            } else if try await isWaiting(contact) {
                facts.early.insert(opportunity)
            }
        }
    }

    /// Whether the contact's own turn is still to come; one that is parked may never have it.
    private func isWaiting(_ contact: String) async throws(StoreError) -> Bool {
        let row = try await store.waiting(
            integration: name, direction: .outbound, object: CRMObject.contact.rawValue, recordID: contact)
        return row.map { $0.state != "parked" } ?? false
    }

    private func addPeople(to facts: inout OutboundFacts) async throws {
        var people = Set(facts.links.filter { $0.key.isPerson }.values.joined().map(\.value.marketingID))
        var (emails, everyEmail): (Set<String>, Set<String>) = ([], [])
        for record in facts.states.byID.values.joined().map(\.value) where record.object.isPerson {
            if let named = record.externalID.flatMap({ Link.marketingID(in: $0, integration: name) }) { people.insert(named) }
            guard let email = record.email else { continue }
            everyEmail.insert(email)
            if facts.links[record.object]?[record.id] == nil { emails.insert(email) }
        }
        facts.byEmail = try await store.links(integration: name, emails: emails.sorted())
        facts.byEmail = facts.byEmail.mapValues { links in links.filter { $0.object.isPerson } }
        for link in facts.byEmail.values.joined() { people.insert(link.marketingID) }
        let ids = people.sorted()
        // Accounts have ids of their own, which may be those of people.
        facts.people = try await store.links(integration: name, marketingIDs: ids).mapValues { links in
            links.filter { $0.key.isPerson }
        }
        facts.pending = try await store.pendingChanges(
            integration: name, direction: .inbound, object: "contact", recordIDs: ids)
        facts.pendingAccounts = try await store.pendingChanges(
            integration: name, direction: .inbound, object: CRMObject.account.rawValue,
            recordIDs: (facts.links[.account] ?? [:]).values.map(\.marketingID))
        facts.underImport = try await store.underImport(integration: name, marketingIDs: ids)
        let successors = facts.states.byID.values.joined().flatMap {
            [$0.value.mergedInto, $0.value.convertedTo].compactMap(\.self)
        }
        facts.importedSuccessors = try await store.underImport(integration: name, crmIDs: successors)
        facts.importedEmails = try await store.underImport(integration: name, emails: everyEmail.sorted())
    }
}

extension CRMRecord {
    /// The person's email as links are found by it.
    var email: String? {
        guard case .text(let text)? = values["Email"], !text.isEmpty else { return nil }
        return text.lowercased()
    }
}
