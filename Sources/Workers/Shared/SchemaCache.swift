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
        var objects: [CRMObject: FieldIndex] = [:]
        let outbound = integration.settings.outbound
        var wanted = CRMObject.people
        if case .full = outbound.accounts { wanted.append(.account) }
        if outbound.opportunities { wanted.append(.opportunity) }
        for object in wanted { objects[object] = FieldIndex(try await crm.describe(object)) }
        var schemas = Schemas(crm: objects, marketing: FieldIndex(try await marketing.describeContacts()))
        if wanted.contains(.account) { schemas.accounts = FieldIndex(try await marketing.describeAccounts()) }
        entries[integration.settings.name] = Entry(
            schemas: schemas, revision: integration.revision, expires: clock.now().advanced(by: Self.lifetime))
        return schemas
    }
}
