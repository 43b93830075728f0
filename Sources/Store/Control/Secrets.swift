public import Contracts
import Foundation
import GRDB
public import SyncCore

extension Store {
    /// The secret as it stands now, `nil` when there is none.
    ///
    /// Throws `secret-unreadable` when it was altered or sealed with another key.
    public func secret(_ name: SecretName, of integration: String) async throws(StoreError) -> Secret? {
        try await read { [key] db in try SecretTable.current(name, of: integration, key: key, db) }
    }

    /// Replaces a secret, e.g. a refresh token the vendor rotated; durable once it returns.
    ///
    /// Applying the integration's settings again later does not bring the older one back, unless they name a new one.
    /// Throws `unknown-integration`, and `disconnected` when its secrets were forgotten for good.
    public func setSecret(
        _ name: SecretName, of integration: String, to secret: Secret, now: Timestamp
    ) async throws(StoreError) {
        try await write { [key] db in
            let state = try SecretTable.stateOfIntegration(integration, db)
            guard let state else { throw StoreError.unknownIntegration(integration) }
            guard state.state != .disconnected else {
                throw StoreError(code: "disconnected", message: "\(integration) was disconnected for good")
            }
            try SecretTable.set(name, of: integration, id: state.id, to: secret, key: key, now: now, db)
        }
    }
}

/// The table `secrets`. Each row has the secret as it stands now and, apart, as it was last applied from the settings; both
/// sealed for this integration and name only.
enum SecretTable {
    private enum Slot: String { case current, applied }

    private static func purpose(_ name: SecretName, _ integration: String, _ slot: Slot) -> String {
        "secret\u{0}\(integration)\u{0}\(name.rawValue)\u{0}\(slot.rawValue)"
    }

    static func stateOfIntegration(_ name: String, _ db: Database) throws -> (id: Int64, state: IntegrationState)? {
        let sql = "SELECT integration_id, state FROM integrations WHERE integration_id = \(IntegrationNames.idOfName)"
        return try db.firstRow(sql, [name]) { (try $0.value(0), try $0.named(1)) }
    }

    static func current(_ name: SecretName, of integration: String, key: StoreKey, _ db: Database) throws -> Secret? {
        let sql = "SELECT sealed FROM secrets WHERE integration_id = \(IntegrationNames.idOfName) AND name = ?"
        let sealed = try db.firstRow(sql, [integration, name.rawValue]) { try $0.value(0) as Data }
        guard let sealed else { return nil }
        return Secret(try open(sealed, name, integration, .current, key))
    }

    /// Takes over the secrets that differ from what was applied last; whether there were any.
    static func apply(
        _ secrets: [SecretName: Secret], of integration: String, id: Int64, key: StoreKey, now: Timestamp, _ db: Database
    ) throws -> Bool {
        var changed = false
        for (name, secret) in secrets {
            let sql = "SELECT applied FROM secrets WHERE integration_id = ? AND name = ?"
            let applied = try db.firstRow(sql, [id, name.rawValue]) { try $0.value(0) as Data? } ?? nil
            if let applied, try open(applied, name, integration, .applied, key) == secret.reveal() { continue }
            try set(name, of: integration, id: id, to: secret, key: key, now: now, db)
            let sealed = try key.seal(secret.reveal(), purpose: purpose(name, integration, .applied))
            try db.run("UPDATE secrets SET applied = ? WHERE integration_id = ? AND name = ?", [sealed, id, name.rawValue])
            changed = true
        }
        return changed
    }

    static func set(
        _ name: SecretName, of integration: String, id: Int64, to secret: Secret, key: StoreKey, now: Timestamp, _ db: Database
    ) throws {
        let sealed = try key.seal(secret.reveal(), purpose: purpose(name, integration, .current))
        let sql = """
            INSERT INTO secrets (integration_id, name, sealed, updated_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (integration_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at
            """
        try db.run(sql, [id, name.rawValue, sealed, now.milliseconds])
    }

    static func forgetAll(id: Int64, _ db: Database) throws {
        try db.run("DELETE FROM secrets WHERE integration_id = ?", [id])
    }

    private static func open(
        _ sealed: Data, _ name: SecretName, _ integration: String, _ slot: Slot, _ key: StoreKey
    ) throws -> String {
        guard let text = key.unseal(sealed, purpose: purpose(name, integration, slot)) else {
            throw StoreError(
                code: "secret-unreadable",
                message: "the secret \(name.rawValue) of \(integration) was altered or sealed with another key")
        }
        return text
    }
}
