import Connectors
import Contracts
import Store
import SyncCore

/// The fields of both sides of an integration, as described not long ago.
struct Schemas: Sendable {
    var crm: [CRMObject: FieldIndex]
    /// Of marketing's contacts.
    var marketing: FieldIndex
    /// Of marketing's accounts, where they sync.
    var accounts: FieldIndex?
    /// Why accounts or opportunities do not sync though they should: people do all the same (MAP-4, MAP-5).
    var failures: [CRMObject: SyncError] = [:]

    /// The CRM's own spelling of the fields that outbound needs of an object; one it does not show is left out.
    func fieldsToRead(_ object: CRMObject, _ settings: IntegrationSettings) -> [String] {
        OutboundRules.fieldsToRead(object, settings: settings).compactMap { crm[object]?[$0]?.name }
    }
}

/// Keeps descriptions for an hour, and longer while they cannot be renewed: they cost calls and change rarely. What changed
/// in between shows as a schema error, upon which the caller forgets them.
actor SchemaCache {
    private struct Entry {
        var schemas: Schemas
        var revision: Int
        var expires: Timestamp
    }

    private static let lifetime = Duration.seconds(3600)
    private static let lifetimeOfGaps = Duration.seconds(600)
    private static let pauseAfterFailure = Duration.seconds(60)

    private let connections: any Connections
    private let clock: any WallClock
    private var entries: [String: Entry] = [:]

    init(connections: any Connections, clock: any WallClock) {
        self.connections = connections
        self.clock = clock
    }

    func schemas(of integration: StoredIntegration) async throws(SyncError) -> Schemas {
        let name = integration.settings.name
        let known = entries[name].flatMap { $0.revision == integration.revision ? $0 : nil }
        if let known, clock.now() < known.expires { return known.schemas }
        do {
            return try await described(integration)
        } catch {
            // One side being away must not stop the other: what was known before serves until it is back.
            guard var known else { throw error }
            known.expires = clock.now().advanced(by: Self.pauseAfterFailure)
            entries[name] = known
            return known.schemas
        }
    }

    func forget(_ name: String) { entries[name] = nil }

    private func described(_ integration: StoredIntegration) async throws(SyncError) -> Schemas {
        let crm = try await connections.crm(of: integration)
        let marketing = try await connections.marketing(of: integration)
        var schemas = Schemas(crm: [:], marketing: FieldIndex(try await marketing.describeContacts()))
        for object in integration.settings.outbound.polledObjects {
            do throws(SyncError) {
                if object == .account { schemas.accounts = FieldIndex(try await marketing.describeAccounts()) }
                schemas.crm[object] = FieldIndex(try await crm.describe(object))
            } catch  where !object.isPerson && error.concernsOneObject {
                schemas.failures[object] = error
            }
        }
        let lifetime = schemas.failures.isEmpty ? Self.lifetime : Self.lifetimeOfGaps
        entries[integration.settings.name] = Entry(
            schemas: schemas, revision: integration.revision, expires: clock.now().advanced(by: lifetime))
        return schemas
    }
}
