import Connectors
import Contracts
import Store
import SyncCore

/// Settles an import: asks marketing how far it is, finds the ids of new people, shows the CRM what was taken over, and
/// leaves each row done, to be repeated, or parked.
struct ImportSettling {
    /// How long the rows of an import that was never answered wait: by then it has been carried out if it ever will be.
    private static let doubt = Duration.seconds(600)
    /// An import that takes longer is taken for lost.
    private static let patience = Duration.seconds(24 * 3600)

    let job: ImportJob
    let integration: StoredIntegration
    let store: Store
    let crm: any CRM & CRMFeed
    let marketing: any MarketingDestination
    let settling: OutboundSettling

    private var name: String { integration.settings.name }

    /// How long until the import is worth another look: an eighth of its age, so that a long one costs few calls.
    static func pause(for job: ImportJob, now: Timestamp) -> Duration {
        guard job.batchID != nil else { return doubt }
        return min(max(now.since(job.startedAt) / 8, .seconds(2)), .seconds(300))
    }

    /// What became of the rows; `nil` while the import is under way.
    func settlements() async throws -> [Settlement]? {
        guard let id = job.batchID else { return again("import-not-answered", "the import was not answered") }
        switch try await marketing.importProgress(id) {
        case .running:
            guard settling.now.since(job.startedAt) > Self.patience else { return nil }
            return again("import-never-ended", "import \(id) did not end within a day")
        case .lost(let error): return again(error.code, error.message)
        case .finished(let succeeded, let failed):
            return try await settle(succeeded: succeeded, failed: failed)
        }
    }

    private func again(_ code: String, _ message: String) -> [Settlement] {
        let error = SyncError(.transient, code: code, message: message)
        return job.rows.map { settlement(inDoubt: $0, error) }
    }

    /// A new person may have been made: that is found out by the email sent, whatever becomes of the record meanwhile.
    private func settlement(inDoubt row: ImportRow, _ error: SyncError) -> Settlement {
        var settlement = settlement(of: row, failedWith: error)
        if row.marketingID == nil, let id = row.link.crmID {
            let key = RecordKey(integration: name, object: row.link.object.rawValue, recordID: id)
            settlement.creation = CreationIntent(key: key, email: row.email, sentAt: job.startedAt)
        }
        return settlement
    }

    // MARK: A finished import

    private func settle(succeeded: Set<String>, failed: [FailedImport]) async throws -> [Settlement] {
        let refusals = Dictionary(failed.map { ($0.email.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        let known = Set(job.rows.compactMap(\.marketingID))
        let newPeople = try await marketing.contacts(ids: succeeded.subtracting(known).sorted())
        let ids = Dictionary(
            newPeople.values.compactMap { person in person.fields["email"]?.stringValue.map { ($0.lowercased(), person.id) } },
            uniquingKeysWith: { first, _ in first })
        let links = try await store.links(integration: name, marketingIDs: newPeople.keys.sorted())

        var settlements: [Settlement] = []
        var taken: [(row: ImportRow, parcel: ImportParcel)] = []
        for row in job.rows {
            let email = row.email.lowercased()
            if let refusal = refusals[email] {
                settlements.append(settlement(of: row, failedWith: Self.refused(refusal)))
            } else if let id = row.marketingID.map({ succeeded.contains($0) ? $0 : nil }) ?? ids[email] {
                if row.marketingID == nil, let other = links[id]?[row.link.object], other.belongsToAnother(than: row.link) {
                    settlements.append(
                        settlement(of: row, failedWith: .alreadyLinked(contact: id, to: other))
                            .restoring(other, now: settling.now))
                } else {
                    taken.append((row, ImportParcel(row, as: id, integration: name, now: settling.now)))
                }
            } else {
                let message = "the import said neither that the person was taken over nor why not"
                settlements.append(
                    settlement(inDoubt: row, SyncError(.transient, code: "import-unclear", message: message)))
            }
        }
        let shown = await show(taken)
        return settlements + (try await touchingOpportunities(shown, of: taken))
    }

    /// Tells the CRM of the people taken over, all in one go (OUT-6).
    private func show(_ taken: [(row: ImportRow, parcel: ImportParcel)]) async -> [Settlement] {
        let writes = taken.map(\.parcel.write)
        var results = (await crm.write(writes.compactMap(\.self)))[...]
        return zip(taken, writes).map { taken, write in
            settling.settlement(of: taken.row, taken.parcel, shown: write == nil ? nil : results.popFirst())
        }
    }

    /// Has the opportunities of new people looked at, along with the first of them.
    private func touchingOpportunities(
        _ settlements: [Settlement], of taken: [(row: ImportRow, parcel: ImportParcel)]
    ) async throws -> [Settlement] {
        let contacts = taken.filter { $0.row.marketingID == nil && $0.row.link.object == .contact }.map(\.row.key.recordID)
        var settlements = settlements
        if !settlements.isEmpty {
            settlements[0].touches += try await OpportunityTouches(integration: integration, crm: crm).keys(ofContacts: contacts)
        }
        return settlements
    }

    private static func refused(_ refusal: FailedImport) -> SyncError {
        SyncError(
            .permanent, code: "import-refused",
            message: refusal.reason ?? "marketing refused the person: an invalid, excluded, bounced or unsubscribed address")
    }

    private func settlement(of row: ImportRow, failedWith error: SyncError) -> Settlement {
        settling.settlement(ofImported: row, failedWith: error)
    }
}

/// What is to be done once a person of an import was taken over, in the form in which it waits for that.
struct ImportParcel {
    var link: Link
    var writeBack: OutboundResolution.WriteBack?
    var touches: [RecordKey]
    var frozen: [String]
    var decisions: JSONValue

    /// For an item about to be handed over.
    /// - Parameters:
    ///   - attempts: how often the row failed before.
    ///   - touches: records to be looked at next.
    static func details(_ resolution: OutboundResolution, attempts: Int, touches: [RecordKey]) -> JSONValue {
        var members: [String: JSONValue] = [
            "attempts": .integer(Int64(attempts)), "decisions": .array(resolution.decisions.map(\.json)),
        ]
        if let writeBack = resolution.writeBack {
            var shown: [String: JSONValue] = ["object": .string(writeBack.object.rawValue), "id": .string(writeBack.id)]
            shown["externalId"] = writeBack.externalID.map(JSONValue.string)
            shown["syncStatus"] = writeBack.syncStatus.map(JSONValue.string)
            members["writeBack"] = .object(shown)
        }
        members["frozen"] = .array(resolution.frozen.map(JSONValue.string))
        members["touches"] = .array(touches.map { [.string($0.object), .string($0.recordID)] })
        return .object(members)
    }

    /// Opens the parcel of a person whose id is known now.
    init(_ row: ImportRow, as id: String, integration: String, now: Timestamp) {
        var resolution = OutboundResolution(row.marketingID == nil ? .create : .update)
        resolution.link = row.link
        let shown = row.details["writeBack"]
        if let object = shown?["object"]?.stringValue.flatMap(CRMObject.init(rawValue:)), let id = shown?["id"]?.stringValue {
            resolution.writeBack = .init(
                object: object, id: id, externalID: shown?["externalId"]?.stringValue,
                syncStatus: shown?["syncStatus"]?.stringValue)
        }
        if row.marketingID == nil { resolution = OutboundRules.linked(resolution, as: id, integration: integration) }
        link = resolution.link ?? row.link
        // Marketing wrote the person at some time since the import began: what it told until now may be older.
        link.writtenAt = now
        writeBack = resolution.writeBack
        frozen = row.details["frozen"]?.arrayValue?.compactMap(\.stringValue) ?? []
        decisions = row.details["decisions"] ?? .array([])
        touches = (row.details["touches"]?.arrayValue ?? []).compactMap { touch in
            guard let parts = touch.arrayValue, parts.count == 2, let object = parts[0].stringValue,
                let record = parts[1].stringValue
            else { return nil }
            return RecordKey(integration: integration, object: object, recordID: record)
        }
    }

    /// What the CRM is told; `nil` when it shows it already.
    var write: CRMWrite? {
        writeBack.map {
            CRMWrite(
                object: $0.object, target: .update(id: $0.id), values: [:], stampExternalID: $0.externalID,
                syncStatus: $0.syncStatus)
        }
    }
}

extension ImportSettling {
    /// The row of an item about to be handed over; `nil` for one that has no link to keep.
    static func row(for item: OutboundBatch.Item) -> ImportRow? {
        let resolution = item.resolution
        guard let link = resolution.link, let email = resolution.email else { return nil }
        let isNew = resolution.outcome == .create
        // An import says nothing of accounts: that is looked at in a turn of its own.
        let touches = resolution.touches + (item.record?.accountID == nil ? [] : [item.row.key])
        return ImportRow(
            rowID: item.row.id, version: item.row.version, key: item.row.key, email: email,
            marketingID: isNew ? nil : link.marketingID, link: link,
            details: ImportParcel.details(resolution, attempts: item.row.attempts, touches: touches),
            outcome: isNew ? "marketing-created" : "marketing-updated")
    }
}
