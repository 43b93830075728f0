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
    /// So many imports may be under way at once; a slow importer must not pile them up.
    private static let openImports = 20
    /// What is sent for so many people is noted at once: about what marketing takes within the patience.
    private static let intentsAtOnce = 50
    /// Who failed so often goes alone, for an import says little of why.
    private static let importAttempts = 3

    let integration: StoredIntegration
    let store: Store
    let crm: any CRM & CRMFeed
    let marketing: any MarketingPlatform & MarketingDestination
    let context: OutboundContext
    let schemas: Schemas
    let clock: any WallClock
    let lease: Lease
    let logger: Logger

    private var name: String { integration.settings.name }

    /// Writes to marketing. Returns how many records went into an import: they are settled with it.
    func deliver(_ batch: inout OutboundBatch) async throws -> Int {
        let imported = try await importPeople(&batch)
        try await writeOneByOne(&batch)
        try await touchOpportunities(&batch)
        return imported
    }

    /// Does for those who were written what comes after that: contacts get their accounts, and the CRM shows it all.
    func complete(_ batch: inout OutboundBatch) async {
        let relating = AccountRelating(
            integration: integration, store: store, crm: crm, marketing: marketing, context: context, schemas: schemas,
            clock: clock)
        await relating.relate(&batch)
        await showInCRM(&batch)
    }

    // MARK: Many at once

    /// Hands the people over who can be found by their email, if they are enough to make it worth while.
    private func importPeople(_ batch: inout OutboundBatch) async throws -> Int {
        guard try await store.imports(integration: name).count < Self.openImports else { return 0 }
        let candidates = batch.undelivered { item in
            item.object.isPerson && item.resolution.email != nil && item.row.attempts < Self.importAttempts
        }
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
    /// that was not sent gives them back at once; one that was refused sends its people one by one, so that only who is at
    /// fault fails.
    private func startImport(_ indexes: [Int], in batch: OutboundBatch) async throws -> Bool {
        let rows = indexes.compactMap { ImportSettling.row(for: batch.items[$0]) }
        let job = try await store.openImport(rows, integration: name, lease: lease, now: clock.now())
        do throws(SyncError) {
            let id = try await marketing.startImport(indexes.map { batch.contactWrite($0) })
            try await note(id, of: job)
            return true
        } catch {
            if error.errorClass == .inDoubt { throw error }
            try await store.closeImport(job.id, settlements: [], lease: lease, now: clock.now())
            guard error.errorClass == .permanent else { throw error }
            // The reason may quote addresses: each person's own refusal keeps it, the log does not.
            logger.warning("an import was refused", metadata: ["code": "\(error.code)", "records": "\(rows.count)"])
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

    /// Those who failed before come last: neither they nor an outage may keep the others from their turn.
    private func writeOneByOne(_ batch: inout OutboundBatch) async throws {
        let intents = OutboundIntents(store: store, marketing: marketing, context: context, clock: clock, lease: lease)
        let end = clock.now().advanced(by: Self.patience)
        let due = batch.undelivered().sorted { (batch.items[$0].row.attempts, $0) < (batch.items[$1].row.attempts, $1) }
        for start in stride(from: 0, to: due.count, by: Self.intentsAtOnce) {
            let part = due[start..<min(start + Self.intentsAtOnce, due.count)]
            // The first one always: a batch that gets nowhere would come back as it is.
            guard clock.now() < end || start == 0 else { return }
            let noted = try await intents.note(part, of: batch)
            let takesMore = await write(part, in: &batch, until: end, first: due.first)
            try await intents.forgetUnsent(noted, of: batch)
            guard takesMore else { return }
        }
    }

    /// Whether there may be more after these.
    private func write(_ part: ArraySlice<Int>, in batch: inout OutboundBatch, until end: Timestamp, first: Int?) async -> Bool {
        for index in part {
            guard clock.now() < end || index == first, await isStillWanted() else { return false }
            do throws(SyncError) {
                try await write(index, in: &batch)
                guard let unfinished = batch.items[index].unfinished else { continue }
                guard await takesMore(after: unfinished, in: &batch) else { return false }
            } catch {
                let takesMore = await takesMore(after: error, in: &batch)
                if takesMore, await confirm(index, in: &batch, after: error) { continue }
                batch.items[index].isInDoubt = error.mayHaveHadEffect
                // In an outage the record is not at fault: it keeps its place, and no attempt is counted.
                if batch.outage == nil { batch.fail(index, with: error) }
                guard takesMore else { return false }
            }
        }
        return true
    }

    /// Takes the write of a known person for done if they show what was sent though no answer says so: what users do from now on
    /// comes after it. A new one is looked for by the email in the next turn. Whether it is done.
    private func confirm(_ index: Int, in batch: inout OutboundBatch, after error: SyncError) async -> Bool {
        guard error.mayHaveHadEffect, batch.items[index].object.isPerson, let id = batch.contactWrite(index).id,
            let person = try? await marketing.contact(id: id)
        else { return false }
        return batch.succeed(index, showing: person, after: error, at: clock.now())
    }

    /// Whether marketing can be called again after a failure.
    private func takesMore(after error: SyncError, in batch: inout OutboundBatch) async -> Bool {
        switch error.errorClass {
        case .transient, .inDoubt:
            batch.outage = await outage()
            return batch.outage == nil
        case .rateLimited, .auth: return false
        case .lock, .permanent, .schema: return true
        }
    }

    /// Who pauses or disconnects an integration need not wait for a long delivery (GEN-4).
    private func isStillWanted() async -> Bool { (try? await store.integration(name))?.state == .active }

    /// Why marketing does not answer at all; `nil` when it does.
    private func outage() async -> SyncError? {
        do throws(SyncError) {
            try await marketing.probe()
            return nil
        } catch {
            return error
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
            let written = try await marketing.write(batch.contactWrite(index))
            if isNew, let other = try await otherLink(of: written.id, batch.items[index]) {
                batch.items[index].overwritten = other
                throw SyncError.alreadyLinked(contact: written.id, to: other)
            }
            batch.succeed(index, as: written.id, unfinished: written.unfinished, at: clock.now())
        } catch  where error.code == "not-found" && !isNew {
            batch.endMissing(index)
        }
    }

    /// The live link of another record that the person turns out to have.
    private func otherLink(of id: String, _ item: OutboundBatch.Item) async throws(SyncError) -> Link? {
        do {
            let link = try await store.links(integration: name, marketingIDs: [id])[id]?[item.object]
            return link.flatMap { $0.state != .ended && $0.crmID != item.record?.id ? $0 : nil }
        } catch {
            throw SyncError(.transient, code: error.code, message: error.message)
        }
    }

    private func writeAccount(_ index: Int, in batch: inout OutboundBatch) async throws(SyncError) {
        let resolution = batch.items[index].resolution
        do throws(SyncError) {
            let id = try await marketing.writeAccount(id: resolution.link?.marketingID, fields: resolution.write)
            batch.succeed(index, as: id, at: clock.now())
        } catch  where error.code == "not-found" {
            batch.endMissing(index)
        }
    }

    private func writeOpportunity(_ index: Int, in batch: inout OutboundBatch) async throws(SyncError) {
        let item = batch.items[index]
        guard let record = item.record else { return }
        try await marketing.writeOpportunity(OpportunityWrite(record, contactID: item.person))
        batch.succeed(index, as: record.id, at: clock.now())
    }

    /// Opportunities of contacts that just got linked have somebody to belong to now.
    private func touchOpportunities(_ batch: inout OutboundBatch) async throws(SyncError) {
        let linked = batch.items.indices.compactMap { index -> (index: Int, contact: String)? in
            let item = batch.items[index]
            guard batch.isDelivered(item) else { return nil }
            switch item.resolution.outcome {
            case .create where item.object == .contact: return (index, item.record?.id ?? item.row.key.recordID)
            case .move(to: .contact, let id): return (index, id)
            default: return nil
            }
        }
        guard let first = linked.first else { return }
        let touches = OpportunityTouches(integration: integration, crm: crm)
        batch.items[first.index].resolution.touches += try await touches.keys(ofContacts: linked.map(\.contact))
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
