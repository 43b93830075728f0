import Connectors
import Contracts
import Logging
import Store
import SyncCore

import struct Foundation.Decimal

/// Carries out what was decided for one batch: marketing first, then what the CRM is to show.
struct OutboundDelivery {
    /// How many rows are read at once: an import takes 250 people, and two of them cost little more than one.
    static let batch = 500
    /// From so many people on an import is the cheaper way: it costs its own call, a few looks at its progress, and one call
    /// per 100 people before and after it.
    static let importThreshold = 20
    /// How long single writes may go on before inbound gets its turn.
    private static let patience = Duration.seconds(10)
    /// So many failures in a row that concern no record in particular mean that marketing is away.
    private static let failuresOfAnOutage = 2

    let integration: StoredIntegration
    let store: Store
    let crm: any CRM & CRMFeed
    let marketing: any MarketingDestination
    let context: OutboundContext
    let schemas: Schemas
    let clock: any WallClock
    let lease: Lease
    let logger: Logger

    private var name: String { integration.settings.name }

    /// Returns how many records went into an import: they are settled with it.
    func run(_ batch: inout OutboundBatch) async throws -> Int {
        let imported = try await importPeople(&batch)
        await writeOneByOne(&batch)
        let relating = AccountRelating(
            integration: integration, store: store, crm: crm, marketing: marketing, context: context, schemas: schemas)
        await relating.relate(&batch, now: clock.now())
        await showInCRM(&batch)
        return imported
    }

    // MARK: Many at once

    /// Hands the people over who can be found by their email, if they are enough to make it worth while.
    private func importPeople(_ batch: inout OutboundBatch) async throws -> Int {
        let candidates = batch.undelivered { $0.object.isPerson && $0.resolution.email != nil }
        guard candidates.count >= Self.importThreshold else { return 0 }
        let importable = try await withoutStrangers(candidates, in: &batch).filter { index in
            marketing.importable([batch.contactWrite(index)]) == 1
        }
        guard importable.count >= Self.importThreshold else { return 0 }
        var rest = importable[...]
        var handedOver: Set<Int> = []
        while !rest.isEmpty {
            let writes = rest.map { batch.contactWrite($0) }
            let head = rest.prefix(max(1, marketing.importable(writes)))
            if try await startImport(Array(head), in: batch) { handedOver.formUnion(head) }
            rest = rest.dropFirst(head.count)
        }
        batch.items = batch.items.enumerated().filter { !handedOver.contains($0.offset) }.map(\.element)
        return handedOver.count
    }

    /// Leaves out known people whose email is another one in marketing: an import would create them a second time. Those
    /// that marketing does not have any more are not brought back either.
    private func withoutStrangers(_ candidates: [Int], in batch: inout OutboundBatch) async throws -> [Int] {
        let known = candidates.filter { batch.items[$0].resolution.outcome == .update }
        let people = try await marketing.contacts(ids: known.compactMap { batch.items[$0].resolution.link?.marketingID })
        var importable: [Int] = []
        for index in candidates {
            let resolution = batch.items[index].resolution
            guard resolution.outcome == .update, let id = resolution.link?.marketingID else {
                importable.append(index)
                continue
            }
            guard let person = people[id] else {
                batch.endMissing(index)
                continue
            }
            if person.fields["email"]?.stringValue?.lowercased() == resolution.email?.lowercased() { importable.append(index) }
        }
        return importable
    }

    /// The rows are marked before the call, so that nobody works on them until the import is settled, and once more with the
    /// vendor's id after it. One whose answer was lost keeps its rows until it has been carried out if it ever will be; one
    /// that was refused sends its people one by one, so that only who is at fault fails.
    private func startImport(_ indexes: [Int], in batch: OutboundBatch) async throws -> Bool {
        let rows = indexes.compactMap { ImportSettling.row(for: batch.items[$0]) }
        let job = try await store.openImport(rows, integration: name, lease: lease, now: clock.now())
        do throws(SyncError) {
            let id = try await marketing.startImport(indexes.map { batch.contactWrite($0) })
            try await note(id, of: job)
            return true
        } catch {
            if error.errorClass == .transient || error.errorClass == .inDoubt { throw error }
            try await store.closeImport(job.id, settlements: [], lease: lease, now: clock.now())
            guard error.errorClass == .permanent else { throw error }
            logger.warning("an import was refused", metadata: ["code": "\(error.code)", "message": "\(error.message)"])
            return false
        }
    }

    private func note(_ id: String, of job: ImportJob) async throws(SyncError) {
        do throws(StoreError) {
            try await store.setImportBatch(job.id, batchID: id, lease: lease, now: clock.now())
        } catch {
            throw SyncError(.inDoubt, code: error.code, message: error.message)
        }
    }

    // MARK: One by one

    private func writeOneByOne(_ batch: inout OutboundBatch) async {
        let end = clock.now().advanced(by: Self.patience)
        var failures = 0
        for index in batch.undelivered() {
            // The first one always: a batch that gets nowhere would come back as it is.
            guard clock.now() < end || index == batch.undelivered().first, failures < Self.failuresOfAnOutage else { return }
            do throws(SyncError) {
                try await write(index, in: &batch)
                failures = 0
            } catch {
                batch.fail(index, with: error)
                switch error.errorClass {
                case .transient, .inDoubt: failures += 1
                case .rateLimited, .auth: return
                case .lock, .permanent, .schema: failures = 0
                }
            }
        }
    }

    private func write(_ index: Int, in batch: inout OutboundBatch) async throws(SyncError) {
        switch batch.items[index].object {
        case .contact, .lead: try await writePerson(index, in: &batch)
        case .account: try await writeAccount(index, in: &batch)
        case .opportunity: try await writeOpportunity(index, in: &batch)
        }
    }

    private func writePerson(_ index: Int, in batch: inout OutboundBatch) async throws(SyncError) {
        let isNew = batch.items[index].resolution.outcome == .create
        do throws(SyncError) {
            let id = try await marketing.write(batch.contactWrite(index))
            if isNew { try await checkUnlinked(id, batch.items[index]) }
            batch.succeed(index, as: id)
        } catch  where error.code == "not-found" && !isNew {
            batch.endMissing(index)
        }
    }

    /// The email may be that of a person whose own change of email is still on its way: one person, one record of an object.
    private func checkUnlinked(_ id: String, _ item: OutboundBatch.Item) async throws(SyncError) {
        let link: Link?
        do {
            link = try await store.links(integration: name, marketingIDs: [id])[id]?[item.object]
        } catch {
            throw SyncError(.transient, code: error.code, message: error.message)
        }
        guard let link, link.state != .ended, link.crmID != item.row.key.recordID else { return }
        throw SyncError(
            .permanent, code: "already-linked",
            message: "the person with this email, contact \(id), belongs to \(item.object.rawValue) \(link.crmID ?? "") already")
    }

    private func writeAccount(_ index: Int, in batch: inout OutboundBatch) async throws(SyncError) {
        let resolution = batch.items[index].resolution
        let id = try await marketing.writeAccount(id: resolution.link?.marketingID, fields: resolution.write)
        batch.succeed(index, as: id)
    }

    private func writeOpportunity(_ index: Int, in batch: inout OutboundBatch) async throws(SyncError) {
        let item = batch.items[index]
        guard let record = item.record else { return }
        try await marketing.writeOpportunity(OpportunityWrite(record, contactID: item.person))
        batch.succeed(index, as: record.id)
    }

    // MARK: What the CRM shows

    private func showInCRM(_ batch: inout OutboundBatch) async {
        let writes = batch.writeBacks()
        guard !writes.isEmpty else { return }
        let results = await crm.write(writes.map(\.write))
        for (write, result) in zip(writes, results) { batch.items[write.item].writeBack = result }
    }
}

extension OpportunityWrite {
    /// The four fixed fields (MAP-5).
    fileprivate init(_ record: CRMRecord, contactID: String?) {
        func text(_ field: String) -> String {
            if case .text(let text)? = record.values[field] { text } else { "" }
        }
        var amount: Decimal?
        if case .number(let number)? = record.values["Amount"] { amount = number }
        var closeDate: CalendarDate?
        if case .date(let date)? = record.values["CloseDate"] { closeDate = date }
        self.init(
            externalID: record.id, name: text("Name"), amount: amount, stage: text("StageName"), closeDate: closeDate,
            contactID: contactID)
    }
}
