import Connectors
import Contracts
import Store
import SyncCore

/// One delivery on its way from the queue to marketing: what each row needs, what was decided, what became of it.
///
/// It only holds and combines; every call to the outside is the drain's, every rule the core's.
struct OutboundBatch {
    struct Item {
        let row: QueueRow
        let object: CRMObject
        let record: CRMRecord?
        var resolution: OutboundResolution
        /// What became of it: the id in marketing. `nil` while it was not its turn: the row stays as it is.
        var result: Result<String, SyncError>?
        /// Set when marketing was called and may have written the person, though nobody knows.
        var isInDoubt = false
        /// Why a part of it is still to be written though the person has an id: it is tried again.
        var unfinished: SyncError?
        var writeBack: Result<CRMWriteSuccess, SyncError>?
        /// The linked person an opportunity is about.
        let person: String?
        /// The link of another record whose person was written before it turned out whose it is.
        var overwritten: Link?
        /// Whether the contact is associated with its account by now (MAP-4).
        var relation: AccountRelation?
        /// Set when the contact belongs to no account any more.
        var leftAccount = false
        /// Set when the account's turn did not come: the row is looked at again.
        var isRelationPostponed = false
    }

    let integration: StoredIntegration
    var items: [Item] = []
    /// Why marketing is away; what was not delivered yet keeps its place.
    var outage: SyncError?
    private var claimed: Set<String> = []
    /// How long a record waits for what inbound is to read in marketing first.
    private static let patience = Duration.seconds(3600)

    init(integration: StoredIntegration) {
        self.integration = integration
    }

    /// Decides about every row that can be decided now. Of several rows that concern one person only the first is; the others
    /// keep their place, for their links are about to change.
    mutating func resolve(_ rows: [QueueRow], facts: OutboundFacts, context: OutboundContext, now: Timestamp) {
        // A converted lead's link goes over to the contact before the contact's own turn.
        let ordered =
            rows.filter { $0.key.object == CRMObject.lead.rawValue } + rows.filter { $0.key.object != CRMObject.lead.rawValue }
        for row in ordered where !facts.postponed.contains(row.id) {
            guard let object = CRMObject(rawValue: row.key.object) else { continue }
            let record = facts.states.byID[object]?[row.key.recordID]
            if let failure = facts.states.failures[object] {
                // No single record is at fault; the object's others are in the same case.
                let error = SyncError(.transient, code: failure.code, message: failure.message, fields: failure.fields)
                items.append(
                    Item(row: row, object: object, record: nil, resolution: OutboundResolution(.failed(error)), person: nil))
                continue
            }
            if let error = facts.unclear[row.id] {
                items.append(
                    Item(row: row, object: object, record: record, resolution: OutboundResolution(.failed(error)), person: nil))
                continue
            }
            var input = input(row, object, record, facts)
            input.isOverdue = now.since(row.firstAt) > Self.patience
            guard !isImporting(input, facts) else {
                items.append(
                    Item(row: row, object: object, record: record, resolution: OutboundResolution(.wait), person: nil))
                continue
            }
            guard claim(input) else { continue }
            var resolution = OutboundRules.resolve(input, in: context, now: now)
            let person = object == .opportunity ? facts.opportunityPeople[row.key.recordID] : nil
            if facts.early.contains(row.key.recordID) {
                resolution = OutboundResolution(.wait)
            } else if object == .opportunity, resolution.outcome == .create, person == nil {
                resolution = OutboundResolution(.skip(.notRelated))
            }
            items.append(Item(row: row, object: object, record: record, resolution: resolution, person: person))
        }
    }

    private func input(_ row: QueueRow, _ object: CRMObject, _ record: CRMRecord?, _ facts: OutboundFacts) -> OutboundInput {
        // Other producers may know the record by the short form of its id.
        let id = record?.id ?? row.key.recordID
        let link = facts.links[object]?[id]
        let named = record?.externalID.flatMap { Link.marketingID(in: $0, integration: integration.settings.name) }
        let sameEmail = record?.email.flatMap { facts.byEmail[$0] } ?? []
        // A person known by another record is the same person.
        let person = link?.marketingID ?? named ?? sameEmail.first?.marketingID
        let key = RecordKey(integration: row.key.integration, object: row.key.object, recordID: id)
        var input = OutboundInput(
            key: key, object: object, record: record, link: link, personLinks: person.flatMap { facts.people[$0] } ?? [:],
            sameEmail: sameEmail.filter { $0.object == object && $0.crmID != id },
            pending: person.flatMap { (object.isPerson ? facts.pending : facts.pendingAccounts)[$0] },
            selectedSince: facts.selectedSince[object])
        let winner = record?.mergedInto.flatMap { facts.links[object]?[$0] }
        let contact = record?.convertedTo.flatMap { facts.links[.contact]?[$0] }
        input.isSuccessorKnown = contact != nil
        // A winner that was converted since goes on as its contact, and is no less another person's.
        if let successor = winner ?? contact, successor.state != .ended || winner?.endedBy == .converted {
            input.successorLink = successor
        }
        return input
    }

    /// Whether the record's person, or the record it goes over to, is on the way in an import, which may take minutes.
    private func isImporting(_ input: OutboundInput, _ facts: OutboundFacts) -> Bool {
        let people = input.personLinks.values.map(\.marketingID) + [input.link?.marketingID].compactMap(\.self)
        let successors = [input.record?.mergedInto, input.record?.convertedTo].compactMap(\.self)
        return !facts.underImport.isDisjoint(with: people) || !facts.importedSuccessors.isDisjoint(with: successors)
            || input.record?.email.map(facts.importedEmails.contains) ?? false
    }

    /// Whether nobody else in the batch is the same person, has the same email or takes over the same record.
    private mutating func claim(_ input: OutboundInput) -> Bool {
        var keys = ["\(input.object)/\(input.key.recordID)"]
        if input.object.isPerson {
            let people = Set(input.personLinks.values.map(\.marketingID) + [input.link?.marketingID].compactMap(\.self))
            keys += people.map { "person/\($0)" }
            if let email = input.record?.email { keys.append("email/\(email)") }
            if let contact = input.record?.convertedTo { keys.append("contact/\(contact)") }
        }
        if let winner = input.record?.mergedInto { keys.append("\(input.object)/\(winner)") }
        guard claimed.isDisjoint(with: keys) else { return false }
        claimed.formUnion(keys)
        return true
    }

    // MARK: What is left to do

    /// The items that need a call to marketing and have not had it.
    func undelivered(_ isIncluded: (Item) -> Bool = { _ in true }) -> [Int] {
        items.indices.filter { items[$0].result == nil && items[$0].resolution.needsWrite && isIncluded(items[$0]) }
    }

    /// What is written to one person.
    func contactWrite(_ index: Int) -> ContactWrite {
        let resolution = items[index].resolution
        let isKnown = resolution.outcome == .update
        return ContactWrite(
            id: isKnown ? resolution.link?.marketingID : nil, email: resolution.email ?? "", fields: resolution.write,
            tags: resolution.tags.filter { $0.action == .add }.map(\.tag))
    }

    /// A person who was found by email or created has an id now, whatever part of the write is left.
    mutating func succeed(_ index: Int, as id: String, unfinished: SyncError? = nil, at now: Timestamp) {
        items[index].result = .success(id)
        items[index].resolution.link?.writtenAt = now
        if items[index].resolution.outcome == .create {
            items[index].resolution = OutboundRules.linked(
                items[index].resolution, as: id, integration: integration.settings.name)
        }
        if let unfinished {
            items[index].unfinished = unfinished
            items[index].resolution.takeBack(unfinished.fields)
        }
    }

    /// A known person who shows all that one call sent was written; the account's name takes calls of its own. Whether they do.
    mutating func succeed(_ index: Int, showing person: MarketingContact, after error: SyncError, at now: Timestamp) -> Bool {
        let missing = items[index].resolution.write.filter { name, value in
            person.fields[name] != value && !(value.isBlank && person.fields[name]?.isBlank ?? true)
        }.keys
        guard missing.allSatisfy({ $0 == "accountName" }) else { return false }
        var unfinished = error
        unfinished.fields = Array(missing)
        succeed(index, as: person.id, unfinished: missing.isEmpty ? nil : unfinished, at: now)
        return true
    }

    mutating func fail(_ index: Int, with error: SyncError) { items[index].result = .failure(error) }

    /// The person was deleted in marketing: the link ends, and nothing brings the person back (OUT-8).
    mutating func endMissing(_ index: Int) {
        guard let link = items[index].resolution.link else { return }
        var resolution = OutboundResolution(.end(.marketingDeleted))
        resolution.link = link.ended(by: .marketingDeleted)
        items[index].resolution = resolution
    }

    /// Whether the item's marketing side is done, so that the CRM may show it.
    func isDelivered(_ item: Item) -> Bool {
        switch item.result {
        case .success: true
        case .failure: false
        case nil: !item.resolution.needsWrite
        }
    }

    /// What the CRM is told of the delivered records (OUT-6), each with its item.
    func writeBacks() -> [(item: Int, write: CRMWrite)] {
        items.enumerated().compactMap { index, item in
            guard isDelivered(item) else { return nil }
            let writeBack = item.resolution.writeBack
            let status =
                integration.settings.crm.accountStatusField == nil ? nil : item.relation?.text ?? (item.leftAccount ? "" : nil)
            guard writeBack != nil || status != nil, let id = writeBack?.id ?? item.record?.id else { return nil }
            return (
                index,
                CRMWrite(
                    object: writeBack?.object ?? item.object, target: .update(id: id), values: [:],
                    stampExternalID: writeBack?.externalID, syncStatus: writeBack?.syncStatus, accountStatus: status)
            )
        }
    }
}

extension AccountRelation {
    /// As the CRM record shows it (OUT-6).
    fileprivate var text: String { error.map { "Failed: \($0.code)" } ?? "Synced successfully" }
}
