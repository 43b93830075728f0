import Connectors
import Contracts
import Store
import SyncCore

/// Makes the contacts of a batch belong to their accounts in marketing (MAP-4).
///
/// An account syncs because a syncing person belongs to it: one that has no link yet is found by its name or created here.
/// Whether it worked is the contact's relation status; the contact itself has synced either way.
struct AccountRelating {
    let integration: StoredIntegration
    let store: Store
    let crm: any CRMFeed
    let marketing: any MarketingDestination
    let context: OutboundContext
    let schemas: Schemas

    private var name: String { integration.settings.name }

    func relate(_ batch: inout OutboundBatch, now: Timestamp) async {
        guard case .full = integration.settings.outbound.accounts else { return }
        let due = batch.items.indices.filter { isDue(batch.items[$0], in: batch) }
        let accounts = Set(due.compactMap { batch.items[$0].record?.accountID }).sorted()
        guard !accounts.isEmpty else { return }
        do {
            var links = try await store.links(integration: name, crmIDs: accounts, object: .account)
            var failures: [String: SyncError] = [:]
            let missing = accounts.filter { links[$0]?.state != .linked }
            let records = try await unlinkedAccounts(missing)
            for id in missing {
                do throws(SyncError) {
                    links[id] = try await create(id, records[id], now)
                } catch {
                    failures[id] = error
                }
            }
            for index in due {
                await associate(index, in: &batch, links: links, failures: failures)
                // Kept with the contact that brought it.
                if let account = batch.items[index].record?.accountID, missing.contains(account), let link = links[account] {
                    batch.items[index].resolution.otherLinks.append(link)
                }
            }
        } catch {
            let reason = error as? SyncError ?? SyncError(.transient, code: "store", message: "\(error)")
            for index in due { note(reason, on: index, in: &batch) }
        }
    }

    /// Contacts that are linked by now and not known to belong to the account they have in the CRM.
    private func isDue(_ item: OutboundBatch.Item, in batch: OutboundBatch) -> Bool {
        guard item.object == .contact, let account = item.record?.accountID, batch.isDelivered(item),
            let link = item.resolution.link, link.state == .linked
        else { return false }
        return link.relation != AccountRelation(accountID: account)
    }

    private func unlinkedAccounts(_ ids: [String]) async throws -> [String: CRMRecord] {
        guard !ids.isEmpty else { return [:] }
        let fields = schemas.fieldsToRead(.account, integration.settings)
        let answer = try await crm.states(of: [.account: ids], fields: [.account: fields])
        if let failure = answer.failures[.account] { throw failure }
        return answer.byID[.account] ?? [:]
    }

    private func create(_ id: String, _ record: CRMRecord?, _ now: Timestamp) async throws(SyncError) -> Link {
        let key = RecordKey(integration: name, object: CRMObject.account.rawValue, recordID: id)
        var input = OutboundInput(key: key, object: .account, record: record)
        input.isRelated = true
        let resolution = OutboundRules.resolve(input, in: context, now: now)
        guard resolution.outcome == .create else {
            throw SyncError(.permanent, code: "account-not-found", message: "the CRM shows no account \(id)")
        }
        var known: String?
        if let accountName = resolution.write["name"]?.stringValue {
            known = try await marketing.account(named: accountName)?.id
        }
        let accountID = try await marketing.writeAccount(id: known, fields: resolution.write)
        guard let link = OutboundRules.linked(resolution, as: accountID, integration: name).link else {
            throw SyncError(.permanent, code: "account-not-linked", message: "account \(id) has no link")
        }
        return link
    }

    private func associate(
        _ index: Int, in batch: inout OutboundBatch, links: [String: Link], failures: [String: SyncError]
    ) async {
        guard let account = batch.items[index].record?.accountID, let person = batch.items[index].resolution.link?.marketingID
        else { return }
        do throws(SyncError) {
            if let failure = failures[account] { throw failure }
            guard let link = links[account] else { return }
            try await marketing.associate(contact: person, account: link.marketingID)
            batch.items[index].relation = AccountRelation(accountID: account)
        } catch {
            note(error, on: index, in: &batch)
        }
    }

    private func note(_ error: SyncError, on index: Int, in batch: inout OutboundBatch) {
        guard let account = batch.items[index].record?.accountID else { return }
        batch.items[index].relation = AccountRelation(accountID: account, error: error)
    }
}
