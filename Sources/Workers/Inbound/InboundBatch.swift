import Connectors
import Contracts
import Store
import SyncCore

/// One flush on its way from the queue to the CRM: what each row needs, what was decided, what became of it.
///
/// It only holds and combines; every call to the outside is the drain's, every rule the core's.
struct InboundBatch {
    /// One row's work on one CRM object. A row has two when a person was sent to both.
    struct Item {
        let row: Int
        let target: InboundTarget
        var resolution: InboundResolution?
        var result: Result<CRMWriteSuccess, SyncError>?
    }

    let integration: StoredIntegration
    let schemas: Schemas
    private(set) var rows: [QueueRow]
    private(set) var items: [Item] = []
    /// What was decided without the CRM, by row.
    private(set) var verdicts: [Int: Verdict] = [:]

    enum Verdict {
        case skipped(SkipReason)
        /// Nothing to do; the links may still have learnt of new tags.
        case dropped(DropReason, [Link])
        /// The person was deleted in marketing: the links end, and the CRM keeps its records.
        case ended([Link])
        /// An import is writing the person; what that makes of the link comes first.
        case waits
        case failed(SyncError)
        /// Another turn decides.
        case postponed
        /// On its way in a bulk job, which settles it.
        case handedOver
    }

    private var links: [String: [CRMObject: Link]] = [:]
    private let profile: Profile
    private let mappings: [CRMObject: [FieldMapping]]

    init(integration: StoredIntegration, schemas: Schemas, rows: [QueueRow]) {
        self.integration = integration
        self.schemas = schemas
        self.rows = rows
        profile = Profile(name: integration.settings.profile)
        mappings = schemas.crm.keys.reduce(into: [:]) { mappings, object in
            // A field that vanished halts its own mapping only; the rest of the record still syncs.
            mappings[object] = integration.settings.mappings(of: object).filter { mapping in
                schemas.crm[object]?[mapping.crm] != nil
            }
        }
    }
}

// MARK: Before the read

extension InboundBatch {
    /// Decides which rows concern which CRM records.
    /// - Parameters:
    ///   - pendingTags: Tags Tandem puts on or just did, by contact: marketing's word of a person may not show them, and
    ///     without them the person would seem not to sync (IN-3).
    ///   - underImport: People who are on their way to marketing.
    mutating func triage(
        links: [String: [CRMObject: Link]], pendingTags: [String: [PendingTag]], underImport: Set<String> = []
    ) {
        self.links = links
        for index in rows.indices {
            let key = rows[index].key
            if key.object == CRMObject.account.rawValue {
                triageAccount(row: index)
            } else if underImport.contains(key.recordID) {
                verdicts[index] = .waits
            } else {
                if let pending = pendingTags[key.recordID] { rows[index].change.addTags(pending) }
                triage(row: index)
            }
        }
    }

    private mutating func triage(row index: Int) {
        let row = rows[index]
        // Accounts have ids of their own, which may be those of people.
        let rowLinks = (links[row.key.recordID] ?? [:]).filter { $0.key.isPerson }
        switch InboundRules.triage(row.change, of: row.key, links: rowLinks, profile: profile) {
        case .skip(let reason): verdicts[index] = .skipped(reason)
        case .drop(.deleted): verdicts[index] = .ended(InboundRules.linksEnded(by: row.change, links: rowLinks))
        case .drop(let reason):
            verdicts[index] = .dropped(reason, InboundRules.linksWithNewTags(row.change, links: rowLinks))
        case .targets(let targets):
            items += targets.map { Item(row: index, target: $0, resolution: withoutCall(row.change, $0)) }
        }
    }

    /// An account syncs because a syncing person belongs to it: one without a link is none of ours (MAP-4).
    private mutating func triageAccount(row index: Int) {
        guard case .full = integration.settings.outbound.accounts, let link = links[rows[index].key.recordID]?[.account],
            link.state == .linked
        else {
            verdicts[index] = .dropped(.notLinked, [])
            return
        }
        items.append(Item(row: index, target: InboundTarget(object: .account, kind: .update, link: link)))
    }

    /// Rows whose change may tell of a state that is over, and has to be read back before it counts.
    func doubtfulRows() -> [Int] {
        items.filter { item in
            guard item.resolution == nil, item.target.object.isPerson, let schema = schemas.crm[item.target.object] else {
                return false
            }
            return InboundRules.needsReadBack(
                rows[item.row].change, target: item.target, mappings: mappings[item.target.object] ?? [],
                crmSchema: schema, marketingSchema: schemas.marketing)
        }.map(\.row)
    }

    /// Puts what marketing holds now in place of what was doubted, and decides about the row anew.
    mutating func readBack(row: Int, holding fields: [String: JSONValue], now: Timestamp) {
        for item in items where item.row == row {
            rows[row].change = InboundRules.readBack(
                rows[row].change, link: item.target.link, holding: fields, marketingSchema: schemas.marketing, now: now)
        }
        items.removeAll { $0.row == row }
        triage(row: row)
    }

    /// Marketing does not have the person: what was doubted does not count where something was settled before. A new one is
    /// believed, for there is nothing else to go by.
    mutating func giveUpDoubts(ofRow row: Int) {
        let own = items.filter { $0.row == row }
        guard !own.contains(where: { $0.target.kind == .create }) else { return }
        for item in own {
            rows[row].change = InboundRules.withoutOvertaken(
                rows[row].change, link: item.target.link, marketingSchema: schemas.marketing)
        }
        items.removeAll { $0.row == row }
        triage(row: row)
    }

    /// GEN-5: what says nothing new is settled before any call.
    private func withoutCall(_ change: PendingChange, _ target: InboundTarget) -> InboundResolution? {
        let marketing = target.object == .account ? schemas.accounts : schemas.marketing
        guard let schema = schemas.crm[target.object], let marketing else { return nil }
        return InboundRules.resolveWithoutCall(
            change, target: target, mappings: mappings[target.object] ?? [], crmSchema: schema, marketingSchema: marketing)
    }

    /// Rows that do not carry what is needed of the person, so that the rest must be asked for: those about to create a record,
    /// and those that only say that the person is to be looked at.
    ///
    /// Webhooks and automation steps always carry the standard fields; other producers may send less.
    func incompleteRows() -> [Int] {
        items.filter { item in
            guard item.target.kind == .create else {
                return rows[item.row].change.touchedAt != nil && item.target.object.isPerson
            }
            let fields = rows[item.row].change.fields
            return (mappings[item.target.object] ?? []).contains { mapping in
                !mapping.marketing.contains(":") && mapping.marketing != "accountName" && fields[mapping.marketing] == nil
            }
        }.map(\.row)
    }

    /// Adds what marketing holds of a person and decides about the row anew: only now is it known whether there is an
    /// email (GEN-2).
    mutating func complete(row: Int, with contact: MarketingContact, now: Timestamp) {
        let stamp =
            rows[row].change.touchedAt == nil
            ? Stamp(at: min(contact.updatedAt ?? .distantPast, now), sequence: -1) : Stamp(at: now, sequence: -1, isDated: false)
        var known = PendingChange(fields: contact.fields.mapValues { Stamped($0, stamp) }, tags: Stamped(contact.tags, stamp))
        known.merge(rows[row].change)
        known.touchedAt = nil
        rows[row].change = known
        items.removeAll { $0.row == row }
        triage(row: row)
    }

    /// Of a row that only says that the person is to be looked at: there is nobody to look at. Whether it was one.
    mutating func forgetTouch(ofRow row: Int) -> Bool {
        guard rows[row].change.touchedAt != nil, !items.contains(where: { $0.row == row && $0.target.kind == .create }) else {
            return false
        }
        rows[row].change.touchedAt = nil
        items.removeAll { $0.row == row }
        triage(row: row)
        return true
    }

    mutating func fail(row: Int, with error: SyncError) {
        verdicts[row] = .failed(error)
        items.removeAll { $0.row == row }
    }

    /// Takes rows out that this turn does not settle.
    mutating func leave(_ rows: Set<Int>, as verdict: Verdict) {
        for row in rows { verdicts[row] = verdict }
        items.removeAll { rows.contains($0.row) }
    }

    /// What the CRM has to be asked before deciding; empty when everything is decided already.
    func readRequest() -> CRMReadRequest {
        var request = CRMReadRequest()
        for item in items where item.resolution == nil {
            let object = item.target.object
            request.fields[object] = (mappings[object] ?? []).map(\.crm)
            switch (item.target.kind, item.target.link.crmID) {
            case (.update, .some(let id)): request.ids[object, default: []].append(id)
            default: request.candidates[object, default: []].append(candidateKey(of: item))
            }
        }
        return request
    }

    private func candidateKey(of item: Item) -> CRMCandidateKey {
        let email =
            integration.settings.inbound.matching == .email ? rows[item.row].change.fields["email"]?.value.stringValue : nil
        let link = item.target.link
        return CRMCandidateKey(externalID: link.externalID, email: email, isInDoubt: !link.sent.isEmpty)
    }
}

// MARK: The decision

extension InboundBatch {
    mutating func resolve(_ answer: CRMReadResult, now: Timestamp) {
        // A record belongs to one person, also when several with its email are sent to the CRM together.
        var adopted: Set<String> = []
        for index in items.indices where items[index].resolution == nil {
            let item = items[index]
            let object = item.target.object
            guard let schema = schemas.crm[object], answer.failures[object] == nil else {
                items[index].result = .failure(Self.unreadable(object, answer.failures[object] ?? schemas.failures[object]))
                continue
            }
            if object == .account {
                items[index].resolution = resolveAccount(item, answer, schema, now)
                continue
            }
            let candidates = (answer.candidates[object]?[candidateKey(of: item)] ?? []).filter { !adopted.contains($0.id) }
            let resolution = InboundRules.resolve(
                rows[item.row].change, target: item.target,
                crm: item.target.link.crmID.flatMap { answer.byID[object]?[$0] }, candidates: candidates,
                matching: integration.settings.inbound.matching, mappings: mappings[object] ?? [], crmSchema: schema,
                marketingSchema: schemas.marketing, profile: profile,
                bounceLimit: integration.settings.outbound.bounceLimit, now: now)
            if resolution.outcome == .adopt, let id = resolution.targetID { adopted.insert(id) }
            items[index].resolution = resolution
        }
    }

    private func resolveAccount(
        _ item: Item, _ answer: CRMReadResult, _ schema: FieldIndex, _ now: Timestamp
    ) -> InboundResolution? {
        schemas.accounts.flatMap { accounts in
            InboundRules.resolveAccount(
                rows[item.row].change, link: item.target.link,
                crm: item.target.link.crmID.flatMap { answer.byID[.account]?[$0] }, mappings: mappings[.account] ?? [],
                crmSchema: schema, marketingSchema: accounts, profile: profile,
                bounceLimit: integration.settings.outbound.bounceLimit, now: now)
        }
    }

    /// An object that cannot be read delays its own records only, and no single record is at fault: they are tried again.
    private static func unreadable(_ object: CRMObject, _ reason: SyncError?) -> SyncError {
        SyncError(
            .transient, code: reason?.code ?? "unknown-object",
            message: reason?.message ?? "the CRM describes no \(object.rawValue)", fields: reason?.fields ?? [])
    }

    /// Links to be stored before the write: with them a create whose answer is lost is found again, not repeated, and an
    /// edit that comes meanwhile is told from what was sent.
    func intents() -> [Link] {
        items.compactMap { item in item.resolution?.needsWrite == true ? item.resolution?.intent : nil }
    }

    /// The writes, each with the item it belongs to.
    func writes() -> [(item: Int, write: CRMWrite)] {
        items.enumerated().compactMap { index, item in
            guard let resolution = item.resolution, resolution.needsWrite else { return nil }
            let link = resolution.link
            guard let id = resolution.targetID else {
                return (
                    index,
                    CRMWrite(
                        object: link.object, target: .upsert(externalID: link.externalID), values: resolution.write,
                        syncStatus: resolution.syncStatus)
                )
            }
            let stamp = resolution.stampsExternalID ? link.externalID : nil
            return (
                index,
                CRMWrite(
                    object: link.object, target: .update(id: id), values: resolution.write, stampExternalID: stamp,
                    syncStatus: resolution.syncStatus)
            )
        }
    }

    mutating func record(_ result: Result<CRMWriteSuccess, SyncError>, forItem index: Int) {
        items[index].result = result
    }
}
