public import Contracts
import GRDB
public import SyncCore
import Synchronization

/// Whether an integration works.
public enum IntegrationState: String, Sendable, Hashable, Codable, CaseIterable {
    case active
    /// All work stands still, nothing is lost (GEN-4).
    case paused
    /// Ended for good: its credentials are forgotten (GEN-4).
    case disconnected
}

/// An integration as it was last applied.
public struct StoredIntegration: Sendable, Hashable {
    public var settings: IntegrationSettings
    public var state: IntegrationState
    /// Grows whenever settings or applied secrets change.
    public var revision: Int
    public var updatedAt: Timestamp

    public init(settings: IntegrationSettings, state: IntegrationState, revision: Int, updatedAt: Timestamp) {
        self.settings = settings
        self.state = state
        self.revision = revision
        self.updatedAt = updatedAt
    }
}

/// What applying an integration's settings did.
public enum ApplyOutcome: Sendable, Hashable {
    case created, changed, unchanged
}

extension Store {
    /// Makes the integration be as `settings` and `secrets` say (OPS-3). Secrets that are not named stay as they are.
    ///
    /// Throws `already-paired`, naming the other integration, when that has the same CRM org or marketing account (GEN-1),
    /// and `disconnected` when this one was ended for good.
    public func apply(
        _ settings: IntegrationSettings, secrets: [SecretName: Secret] = [:], now: Timestamp
    ) async throws(StoreError) -> ApplyOutcome {
        try await write { [key] db in
            var names = IntegrationNames(db)
            let id = try names.id(of: settings.name)
            let stored = try IntegrationTable.stored(id, db)
            guard stored?.state != .disconnected else {
                throw StoreError(
                    code: "disconnected", message: "\(settings.name) was disconnected for good; use another name to start anew")
            }
            try IntegrationTable.refuseSecondPairing(of: settings, id: id, db)
            let text = try codableText(settings)
            let changedSecrets = try SecretTable.apply(secrets, of: settings.name, id: id, key: key, now: now, db)
            if let stored, stored.text == text, !changedSecrets { return .unchanged }
            try IntegrationTable.save(settings, text: text, id: id, now: now, db)
            return stored == nil ? .created : .changed
        }
    }

    /// The integration of that name, whatever its state.
    public func integration(_ name: String) async throws(StoreError) -> StoredIntegration? {
        try await read { db in try IntegrationTable.all(db, named: name, settingsCache).first }
    }

    /// Every integration, whatever its state, by name.
    public func integrations() async throws(StoreError) -> [StoredIntegration] {
        try await read { db in try IntegrationTable.all(db, named: nil, settingsCache) }
    }

    /// Pauses, resumes or disconnects (GEN-4). Disconnecting forgets, in the same transaction, the secrets and all that would
    /// still make something flow: the schedule, the polls, imports, bulk writes and creations under way, tags that wait, who was
    /// passed over, holds, the run under way and drift; actions that wait have failed. Links and history stay.
    ///
    /// Throws `unknown-integration`, and `disconnected` when it was ended for good before.
    public func setState(_ name: String, _ state: IntegrationState, now: Timestamp) async throws(StoreError) {
        try await write { db in
            var names = IntegrationNames(db)
            let id = try names.id(of: name)
            guard let stored = try IntegrationTable.stored(id, db) else { throw StoreError.unknownIntegration(name) }
            guard stored.state != .disconnected || state == .disconnected else {
                throw StoreError(code: "disconnected", message: "\(name) was disconnected for good")
            }
            try IntegrationTable.setState(state, id: id, now: now, db)
            guard state == .disconnected else { return }
            try SecretTable.forgetAll(id: id, db)
            try ScheduleTable.forget(id: id, db)
            try PollTable.forgetAll(id: id, db)
            try ImportTable.dropAll(id: id, db)
            try BulkTable.dropAll(id: id, db)
            try CreationTable.forgetAll(id: id, db)
            try TagTable.forgetAll(id: id, db)
            try ActionTable.endAll(id: id, now: now, db)
            try PassedOverTable.forgetAll(id: id, db)
            try HoldTable.forgetAll(id: id, db)
            try RunTable.cancelAll(integration: id, now: now, db)
            try RunPlanTable.forget(integration: id, db)
            try DriftTable.forgetAll(integration: id, db)
        }
    }
}

/// Settings by the text they are stored as: every turn of every loop reads them, and they hardly ever change.
final class SettingsCache: Sendable {
    private static let size = 100

    private let known = Mutex<[String: IntegrationSettings]>([:])

    func settings(_ text: String) throws -> IntegrationSettings {
        if let settings = known.withLock({ $0[text] }) { return settings }
        let settings: IntegrationSettings = try decodedText(text)
        known.withLock { known in
            if known.count >= Self.size { known = [:] }
            known[text] = settings
        }
        return settings
    }
}

/// The table `integrations`.
private enum IntegrationTable {
    static func stored(_ id: Int64, _ db: Database) throws -> (text: String, state: IntegrationState)? {
        try db.firstRow("SELECT settings, state FROM integrations WHERE integration_id = ?", [id]) { row in
            (try row.value(0), try row.named(1))
        }
    }

    static func all(_ db: Database, named name: String?, _ cache: SettingsCache) throws -> [StoredIntegration] {
        let sql = """
            SELECT settings, state, revision, updated_at FROM integrations
            JOIN integration_names ON id = integration_id \(name == nil ? "" : "WHERE name = ?") ORDER BY name
            """
        return try db.rows(sql, name.map { [$0] } ?? []) { row in
            StoredIntegration(
                settings: try cache.settings(row.value(0)), state: try row.named(1), revision: try row.value(2),
                updatedAt: try row.timestamp(3))
        }
    }

    static func refuseSecondPairing(of settings: IntegrationSettings, id: Int64, _ db: Database) throws {
        let (org, account) = (settings.crm.orgIdentity, settings.marketing.accountIdentity)
        let sql = """
            SELECT name, crm_org FROM integrations JOIN integration_names ON id = integration_id
            WHERE integration_id <> ? AND state <> 'disconnected' AND (crm_org = ? OR marketing_account = ?) ORDER BY name
            """
        let other = try db.firstRow(sql, [id, org, account]) { (name: try $0.value(0) as String, org: try $0.value(1) as String) }
        guard let other else { return }
        let shared = other.org == org ? "the CRM org \(org)" : "the marketing account \(account)"
        throw StoreError(
            code: "already-paired",
            message: "\(shared) belongs to the integration \(other.name) already; one org pairs with one account")
    }

    static func save(_ settings: IntegrationSettings, text: String, id: Int64, now: Timestamp, _ db: Database) throws {
        let sql = """
            INSERT INTO integrations (integration_id, settings, state, revision, crm_org, marketing_account, updated_at)
            VALUES (?, ?, 'active', 1, ?, ?, ?)
            ON CONFLICT (integration_id) DO UPDATE SET settings = excluded.settings, revision = integrations.revision + 1,
                crm_org = excluded.crm_org, marketing_account = excluded.marketing_account, updated_at = excluded.updated_at
            """
        let (org, account) = (settings.crm.orgIdentity, settings.marketing.accountIdentity)
        try db.run(sql, [id, text, org, account, now.milliseconds])
    }

    static func setState(_ state: IntegrationState, id: Int64, now: Timestamp, _ db: Database) throws {
        try db.run(
            "UPDATE integrations SET state = ?, updated_at = ? WHERE integration_id = ?", [state.rawValue, now.milliseconds, id])
    }
}
