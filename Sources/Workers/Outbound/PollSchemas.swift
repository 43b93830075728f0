import Connectors
import Contracts
import Store
import SyncCore

/// What the polls of an integration know of both sides' fields.
struct PollSchemas: Sendable {
    var context: OutboundContext
    /// By the objects that could be described.
    var crm: [CRMObject: FieldIndex]
    /// Why an object could not be described: it fails alone.
    var failures: [CRMObject: SyncError]

    /// The CRM fields to ask for, spelt as the CRM does. A mapped field that vanished halts its own mapping only, while one
    /// that the selection asks for is kept: without it nobody can tell who is selected.
    func fields(of object: CRMObject, settings: IntegrationSettings) -> [String] {
        var needed: Set<String> = []
        if case .criteria(let criterion) = settings.outbound.selection[object] { needed.formUnion(criterion.fields) }
        return OutboundRules.fieldsToRead(object, settings: settings).compactMap { field in
            crm[object]?[field]?.name ?? (needed.contains(field) ? field : nil)
        }
    }
}

/// Keeps descriptions longer than most polls are apart, so that an idle poll costs one call for each object.
actor PollSchemaCache {
    private static let lifetime = Duration.seconds(6 * 3600)
    /// What could not be described is asked for anew with the next poll.
    private static let lifetimeOfGaps = Duration.seconds(600)

    private let connections: any Connections
    private let clock: any WallClock
    private var entry: (schemas: PollSchemas, revision: Int, expires: Timestamp)?

    init(connections: any Connections, clock: any WallClock) {
        self.connections = connections
        self.clock = clock
    }

    func schemas(of integration: StoredIntegration) async throws(SyncError) -> PollSchemas {
        if let entry, entry.revision == integration.revision, clock.now() < entry.expires { return entry.schemas }
        let schemas = try await described(integration)
        let lifetime = schemas.failures.isEmpty ? Self.lifetime : Self.lifetimeOfGaps
        entry = (schemas, integration.revision, clock.now().advanced(by: lifetime))
        return schemas
    }

    func forget() { entry = nil }

    private func described(_ integration: StoredIntegration) async throws(SyncError) -> PollSchemas {
        let crm = try await connections.crm(of: integration)
        let marketing = try await connections.marketing(of: integration)
        var objects: [CRMObject: FieldIndex] = [:]
        var failures: [CRMObject: SyncError] = [:]
        for object in integration.settings.outbound.polledObjects {
            do throws(SyncError) {
                objects[object] = FieldIndex(try await crm.describe(object))
            } catch {
                guard error.concernsOneObject else { throw error }
                failures[object] = error
            }
        }
        let contacts = FieldIndex(try await marketing.describeContacts())
        var accounts: FieldIndex?
        if objects[.account] != nil { accounts = FieldIndex(try await marketing.describeAccounts()) }
        let context = OutboundContext(
            settings: integration.settings, crm: objects, contacts: contacts, accounts: accounts)
        return PollSchemas(context: context, crm: objects, failures: failures)
    }
}

extension OutboundSettings {
    /// The CRM objects whose changes are looked for, leads first: a lead that became a contact gives up its link before the
    /// contact's turn. People always, for those who are linked flow whatever the selection (OUT-2).
    var polledObjects: [CRMObject] {
        var objects: [CRMObject] = [.lead, .contact]
        if case .full = accounts { objects.append(.account) }
        if opportunities { objects.append(.opportunity) }
        return objects
    }
}

extension SyncError {
    /// Whether the other objects may well be readable.
    var concernsOneObject: Bool { errorClass == .schema || errorClass == .permanent }
}
