import Connectors
import Contracts
import EventLog
import Store
import SyncCore

/// Compares what a full run saw with the links: who was not seen on a side is gone there, unless a closer look finds them (RUN-4).
///
/// Only complete passes are compared. What is found is told like any other change and goes the same way; more of it than the
/// settings allow waits until somebody approves it (OUT-8).
struct RunComparison: Sendable {
    enum Outcome: Equatable {
        case ended(gone: Int)
        case tooMany(gone: Int, reason: SyncError)
        /// The sync lease is someone else's: the rest is done with the next turn.
        case turnTaken
    }

    /// As many as one call looks up in the CRM.
    private static let idsPerLook = 2_000
    /// In marketing, which takes a call for each who is gone.
    private static let peoplePerLook = 100

    let integration: StoredIntegration
    let run: Run
    let store: Store
    let connections: any Connections
    let log: any EventLog
    let topics: Topics
    let clock: any WallClock
    let syncLease: LeaseKeeper

    private var name: String { integration.settings.name }

    func endings() async throws -> Outcome {
        let join = LinkJoin(store: store, integration: name, run: run.id)
        var (missing, links) = ([(object: CRMObject, isInCRM: Bool, ids: [String])](), 0)
        for object in integration.settings.outbound.polledObjects {
            let inCRM = try await join.unseen(object, in: .crmPages(object))
            missing.append((object, true, inCRM.ids))
            links += inCRM.links
            guard object.isPerson else { continue }
            missing.append((object, false, try await join.unseen(object, in: .people).ids))
        }
        let gone = missing.map(\.ids.count).reduce(0, +)
        guard run.isApproved || integration.settings.runs.allows(deletions: gone, of: links) else {
            return .tooMany(
                gone: gone,
                reason: SyncError(
                    .permanent, code: "mass-deletion",
                    message: "\(gone) of \(links) linked records were not seen on one side; approve it or cancel the run"))
        }
        var confirmed = 0
        for (object, isInCRM, ids) in missing where !ids.isEmpty {
            let count = isInCRM ? try await lookInCRM(object, ids) : try await lookInMarketing(ids)
            guard let count else { return .turnTaken }
            confirmed += count
        }
        return .ended(gone: confirmed)
    }

    // MARK: A closer look

    /// Looks up the records that were not seen. One that is there, or was deleted, is told as a change; of one that the CRM knows
    /// nothing of the link ends here, for delivery could not tell it from one that it may not see for a while.
    private func lookInCRM(_ object: CRMObject, _ ids: [String]) async throws -> Int? {
        let crm = try await connections.crm(of: integration)
        var gone = 0
        for start in stride(from: 0, to: ids.count, by: Self.idsPerLook) {
            let group = Array(ids[start..<min(start + Self.idsPerLook, ids.count)])
            let states = try await crm.states(of: [object: group], fields: [object: []])
            try await store.keepBudget(.backfill, of: integration, await crm.usage(), now: clock.now())
            if let failure = states.failures[object] { throw failure }
            let found = states.byID[object] ?? [:]
            let changes = group.compactMap { id in found[id].map { change(object, id, isDeleted: $0.isDeleted) } }
            try await ChangePublisher(log: log, topic: topics.crmChanges).publish(changes, from: ChunkDesk.source)
            let unknown = group.filter { found[$0] == nil }
            guard try await end(unknown, object) else { return nil }
            gone += unknown.count + changes.count { $0.kind == .deleted }
        }
        return gone
    }

    private func change(_ object: CRMObject, _ id: String, isDeleted: Bool) -> RecordChange {
        RecordChange(
            key: RecordKey(integration: name, object: object.rawValue, recordID: id),
            kind: isDeleted ? .deleted : .upserted, occurredAt: clock.now())
    }

    /// `false` when the sync lease is someone else's.
    private func end(_ ids: [String], _ object: CRMObject) async throws -> Bool {
        guard !ids.isEmpty else { return true }
        return try await syncLease.hold { lease in
            let links = try await self.store.links(integration: self.name, crmIDs: ids, object: object)
            let ended = ids.compactMap { links[$0] }.filter { $0.state == .linked }.map { $0.ended(by: .crmDeleted) }
            let now = self.clock.now()
            try await self.store.saveLinks(
                ended, history: ended.map { OutboundSettling.ending(of: $0, at: now) }, lease: lease, now: now)
        } != nil
    }

    /// Who is gone is told to inbound as their webhook would, if there were one.
    private func lookInMarketing(_ ids: [String]) async throws -> Int {
        let marketing = try await connections.marketing(of: integration)
        var gone = 0
        for start in stride(from: 0, to: ids.count, by: Self.peoplePerLook) {
            let group = Array(ids[start..<min(start + Self.peoplePerLook, ids.count)])
            let found = try await marketing.contacts(ids: group)
            let now = clock.now()
            let changes = group.filter { found[$0] == nil }.map { id in
                RecordChange(
                    key: RecordKey(integration: name, object: "contact", recordID: id), kind: .deleted, occurredAt: now)
            }
            try await ChangePublisher(log: log, topic: topics.marketingChanges).publish(changes, from: ChunkDesk.source)
            gone += changes.count
        }
        return gone
    }
}
