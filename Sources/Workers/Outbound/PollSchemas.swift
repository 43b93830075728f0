import Connectors
import Contracts
import Store
import SyncCore

/// What the polls of an integration know of both sides' fields.
struct PollSchemas: Sendable {
    var context: OutboundContext
    /// By the objects that could be described.
    var crm: [CRMObject: FieldIndex]
    /// Why an object cannot be polled: it could not be described, or has not got what its selection asks for.
    var failures: [CRMObject: SyncError]
    /// Whether everything that is mapped is there.
    var isComplete: Bool

    /// The CRM fields to ask for, spelt as the CRM does. A mapped field that vanished halts its own mapping only (OPS-5).
    func fields(of object: CRMObject, settings: IntegrationSettings) -> [String] {
        OutboundRules.fieldsToRead(object, settings: settings).compactMap { crm[object]?[$0]?.name }
    }
}

/// Keeps descriptions longer than most polls are apart, so that an idle poll costs one call for each object.
actor PollSchemaCache {
    private static let lifetime = Duration.seconds(6 * 3600)
    /// What is missing is looked for anew with the next poll: until it is seen to be back, its changes are not noticed.
    private static let lifetimeOfGaps = Duration.seconds(600)

    private let connections: any Connections
    private let clock: any WallClock
    private var entry: (schemas: PollSchemas, revision: Int, expires: Timestamp)?

    init(connections: any Connections, clock: any WallClock) {
        self.connections = connections
        self.clock = clock
    }

    /// Throws when the object cannot be polled.
    func schemas(of integration: StoredIntegration, for object: CRMObject) async throws(SyncError) -> PollSchemas {
        let schemas = try await schemas(of: integration)
        if let failure = schemas.failures[object] { throw failure }
        return schemas
    }

    private func schemas(of integration: StoredIntegration) async throws(SyncError) -> PollSchemas {
        if let entry, entry.revision == integration.revision, clock.now() < entry.expires { return entry.schemas }
        let schemas = try await described(integration)
        let isWhole = schemas.isComplete && schemas.failures.isEmpty
        let expires = clock.now().advanced(by: isWhole ? Self.lifetime : Self.lifetimeOfGaps)
        entry = (schemas, integration.revision, expires)
        return schemas
    }

    func forget() { entry = nil }

    private func described(_ integration: StoredIntegration) async throws(SyncError) -> PollSchemas {
        let settings = integration.settings
        let crm = try await connections.crm(of: integration)
        let marketing = try await connections.marketing(of: integration)
        var objects: [CRMObject: FieldIndex] = [:]
        var failures: [CRMObject: SyncError] = [:]
        var accounts: FieldIndex?
        for object in settings.outbound.polledObjects {
            do throws(SyncError) {
                if object == .account { accounts = FieldIndex(try await marketing.describeAccounts()) }
                let index = FieldIndex(try await crm.describe(object))
                objects[object] = index
                failures[object] = settings.outbound.selection[object]?.missingFields(object, in: index)
            } catch {
                guard error.concernsOneObject else { throw error }
                failures[object] = error
            }
        }
        let contacts = FieldIndex(try await marketing.describeContacts())
        let isComplete = objects.allSatisfy { object, index in
            let target = object.isPerson ? contacts : accounts
            return settings.mappings(of: object).allSatisfy { index[$0.crm] != nil && target?[$0.marketing] != nil }
        }
        let context = OutboundContext(settings: settings, crm: objects, contacts: contacts, accounts: accounts)
        return PollSchemas(context: context, crm: objects, failures: failures, isComplete: isComplete)
    }
}

extension Selection {
    /// Without a field that the rules ask for nobody can tell who is selected.
    fileprivate func missingFields(_ object: CRMObject, in index: FieldIndex) -> SyncError? {
        guard case .criteria(let criterion) = self else { return nil }
        let missing = criterion.fields.filter { index[$0] == nil }
        guard !missing.isEmpty else { return nil }
        return SyncError(
            .schema, code: "selection-field-missing",
            message: "the CRM shows no \(missing.joined(separator: ", ")) on \(object.rawValue), which the selection asks for",
            fields: missing)
    }
}

extension OutboundSettings {
    /// The CRM objects whose changes are looked for, leads first: a lead that became a contact gives up its link before the
    /// contact's turn. People always, for those who are linked flow whatever the selection (OUT-2).
    var polledObjects: [CRMObject] { [.lead, .contact, .account, .opportunity].filter(includes) }
}

extension SyncError {
    /// Whether the other objects may well be readable.
    var concernsOneObject: Bool { errorClass == .schema || errorClass == .permanent }
}
