import Connectors
import Contracts
import Store
import SyncCore

/// Makes the contacts of a batch belong to their accounts in marketing (MAP-4).
///
/// An account syncs because a syncing person belongs to it: one that has no link yet is found by its name or created here.
/// Whether it worked is the contact's relation status; the contact itself has synced either way.
struct AccountRelating {
    /// How long it may go on before inbound gets its turn; who was not reached keeps the place in the queue.
    private static let patience = Duration.seconds(10)

    let integration: StoredIntegration
    let store: Store
    let crm: any CRMFeed
    let marketing: any MarketingPlatform & MarketingDestination
    let context: OutboundContext
    let schemas: Schemas
    let clock: any WallClock

    private var name: String { integration.settings.name }

    func relate(_ batch: inout OutboundBatch) async {
        guard case .full = integration.settings.outbound.accounts else { return }
        let due = batch.items.indices.filter { isDue(batch.items[$0], in: batch) }
        guard !due.isEmpty else { return }
        let end = clock.now().advanced(by: Self.patience)
        do {
            if let failure = schemas.failures[.account] { throw failure }
            let wanted = Set(due.compactMap { batch.items[$0].record?.accountID }).sorted()
            var links = try await store.links(integration: name, crmIDs: wanted, object: .account)
            let records = try await records(of: wanted.filter { Self.isMissing(links[$0]) })
            for index in due {
                guard batch.outage == nil, clock.now() < end || index == due.first else {
                    batch.items[index].isRelationPostponed = true
                    continue
                }
                await relate(index, in: &batch, links: &links, records: records)
            }
        } catch {
            let reason = error as? SyncError ?? SyncError(.transient, code: "store", message: "\(error)")
            for index in due { note(reason, on: index, in: &batch) }
        }
    }

    /// Contacts that are linked by now and not known to belong to the account they have in the CRM.
    private func isDue(_ item: OutboundBatch.Item, in batch: OutboundBatch) -> Bool {
        guard let record = item.record, batch.isDelivered(item), item.unfinished == nil, let link = item.resolution.link,
            link.state == .linked
        else { return false }
        return OutboundRules.changesAccount(record, link, context) || link.relation?.error != nil
    }

    private static func isMissing(_ link: Link?) -> Bool { link.map { $0.endedBy == .crmDeleted } ?? true }

    private func records(of ids: [String]) async throws(SyncError) -> [String: CRMRecord] {
        guard !ids.isEmpty else { return [:] }
        let fields = schemas.fieldsToRead(.account, integration.settings)
        let answer = try await crm.states(of: [.account: ids], fields: [.account: fields])
        if let failure = answer.failures[.account] { throw failure }
        return answer.byID[.account] ?? [:]
    }

    // MARK: One contact

    private func relate(
        _ index: Int, in batch: inout OutboundBatch, links: inout [String: Link], records: [String: CRMRecord]
    ) async {
        guard let person = batch.items[index].resolution.link?.marketingID else { return }
        do throws(SyncError) {
            guard let account = batch.items[index].record?.accountID else {
                return try await leave(person, index, in: &batch)
            }
            if Self.isMissing(links[account]) {
                let link = try await makeKnown(account, records[account])
                links[account] = link
                // Kept with the contact that brought it.
                batch.items[index].resolution.otherLinks.append(link)
            }
            guard let link = links[account], link.state == .linked else {
                throw SyncError(
                    .permanent, code: "account-gone",
                    message: "account \(account) was deleted in marketing and is not brought back")
            }
            try await marketing.associate(contact: person, account: link.marketingID)
            batch.items[index].relation = AccountRelation(accountID: account)
        } catch {
            note(error, on: index, in: &batch)
            guard error.mayHaveHadEffect else { return }
            do throws(SyncError) { try await marketing.probe() } catch { batch.outage = error }
        }
    }

    /// The contact left its account in the CRM.
    private func leave(_ person: String, _ index: Int, in batch: inout OutboundBatch) async throws(SyncError) {
        let email = batch.items[index].resolution.email ?? ""
        let written = try await marketing.write(ContactWrite(id: person, email: email, fields: ["accountName": ""]))
        if let unfinished = written.unfinished { throw unfinished }
        batch.items[index].leftAccount = true
    }

    /// Finds the account by its name or creates it. One that another CRM account of the same name has already is not shared.
    private func makeKnown(_ id: String, _ record: CRMRecord?) async throws(SyncError) -> Link {
        let key = RecordKey(integration: name, object: CRMObject.account.rawValue, recordID: id)
        var input = OutboundInput(key: key, object: .account, record: record)
        input.isRelated = true
        let resolution = OutboundRules.resolve(input, in: context, now: clock.now())
        guard resolution.outcome == .create else {
            throw SyncError(.permanent, code: "account-not-found", message: "the CRM shows no account \(id)")
        }
        var known: String?
        if let accountName = resolution.write["name"]?.stringValue {
            known = try await marketing.account(named: accountName)?.id
        }
        if let known { try await checkUnlinked(known, for: id) }
        let accountID = try await marketing.writeAccount(id: known, fields: resolution.write)
        if known == nil { try await checkUnlinked(accountID, for: id) }
        guard let link = OutboundRules.linked(resolution, as: accountID, integration: name).link else {
            throw SyncError(.permanent, code: "account-not-linked", message: "account \(id) has no link")
        }
        return link
    }

    private func checkUnlinked(_ marketingID: String, for crmID: String) async throws(SyncError) {
        let link: Link?
        do {
            link = try await store.link(integration: name, marketingID: marketingID, object: .account)
        } catch {
            throw SyncError(.transient, code: error.code, message: error.message)
        }
        guard let link, link.state != .ended, link.crmID != crmID else { return }
        throw SyncError(
            .permanent, code: "account-already-linked",
            message: "marketing's account \(marketingID) of that name belongs to account \(link.crmID ?? "") already")
    }

    private func note(_ error: SyncError, on index: Int, in batch: inout OutboundBatch) {
        guard let account = batch.items[index].record?.accountID ?? batch.items[index].resolution.link?.relation?.accountID
        else { return }
        batch.items[index].relation = AccountRelation(accountID: account, error: error)
    }
}
