public import Connectors
public import Contracts
public import Logging
public import SyncCore

/// A Salesforce org as the CRM of an integration, through its REST API.
public struct SalesforceCRM: CRM {
    private let org: Org
    private let profile: Profile
    private let logger: Logger

    /// - Parameters:
    ///   - tokens: the connection's access tokens, see ``SalesforceOAuth/tokenSource(refreshTokens:)``.
    ///   - profile: names the sync status that marks a record for the next sync.
    public init(
        settings: CRMSettings, tokens: TokenSource, transport: any HTTPTransport, clock: any WallClock,
        profile: Profile = Profile(name: .activeCampaignSalesforce), logger: Logger = Logger(label: "tandem.salesforce")
    ) {
        self.profile = profile
        self.logger = logger
        let session = SalesforceSession(
            apiVersion: settings.apiVersion, tokens: tokens, transport: transport, clock: clock, logger: logger
        )
        org = Org(settings: settings, session: session, schemas: SchemaCache(session: session))
    }

    /// Lists the version's resources: the cheapest call that needs a valid session and the API permission.
    public func probe() async throws(SyncError) {
        _ = try await org.session.call("GET", org.session.basePath, effect: .repeatable)
    }

    public func describe(_ object: CRMObject) async throws(SyncError) -> ObjectSchema {
        try await org.schemas.describe(object)
    }

    /// One `/composite` call for up to 2,000 known records and some hundred candidates per object; more only beyond that,
    /// or when more than 2,000 records match.
    public func read(_ request: CRMReadRequest) async throws(SyncError) -> CRMReadResult {
        try await Reader(org: org, depth: .values).read(request)
    }

    /// One call for up to ``writesPerCall`` records. Contacts that are given an account by its name cost one call more to find
    /// the accounts, and another when some have to be created.
    public func write(_ writes: [CRMWrite]) async -> [Result<CRMWriteSuccess, SyncError>] {
        guard !writes.isEmpty else { return [] }
        var writer = Writer(writes, to: org, logger: logger)
        return await writer.run()
    }

    /// Five collections of 200 records. A mix of creates and updates that fills no collection evenly may need one call more.
    public var writesPerCall: Int { SalesforceSession.subrequestsPerCall * Writer.rowsPerSubrequest }

    public func usage() async -> APIUsage? { await org.session.usage }
}

extension SalesforceCRM: CRMFeed {
    private var feed: Feed { Feed(waitingStatus: profile.waitingStatus, org: org) }

    /// From the `Date` header of the last answer; never ahead of the server.
    public func serverTime() async throws(SyncError) -> Timestamp { try await feed.serverTime() }

    /// One call; more only where Salesforce cuts a page of long texts into smaller ones.
    ///
    /// What changed is told by `SystemModstamp`, which neither a formula nor a parent record moves. Contacts read with their
    /// account's name also come when the account changed, in their own place in the order.
    public func page(_ request: CRMFeedRequest) async throws(SyncError) -> CRMFeedPage { try await feed.page(request) }

    /// One call for up to five objects with up to 2,000 ids each.
    public func states(
        of ids: [CRMObject: [String]], fields: [CRMObject: [String]]
    ) async throws(SyncError) -> CRMReadResult {
        try await Reader(org: org, depth: .state).read(CRMReadRequest(ids: ids, fields: fields))
    }

    /// One call.
    public func preview(
        _ selection: Selection, of object: CRMObject, since: Timestamp, fields: [String], sample: Int
    ) async throws(SyncError) -> (count: Int, sample: [CRMRecord]) {
        try await feed.preview(selection, of: object, since: since, fields: fields, sample: sample)
    }

    /// One call for up to 2,000 contact roles.
    public func contacts(ofOpportunities ids: [String]) async throws(SyncError) -> [String: String] {
        try await feed.contacts(ofOpportunities: ids)
    }

    public func opportunities(ofContacts ids: [String]) async throws(SyncError) -> Set<String> {
        try await feed.opportunities(ofContacts: ids)
    }
}

extension SalesforceCRM: CRMExport {
    private var export: Export { Export(feed: feed, org: org) }

    public func count(_ request: CRMExportRequest) async throws(SyncError) -> Int { try await export.count(request) }

    /// One call.
    public func ranges(of request: CRMExportRequest, parts: Int) async throws(SyncError) -> [IDRange] {
        try await export.ranges(of: request, parts: parts)
    }

    /// A query job of the Bulk API 2.0; one call.
    public func startExport(_ request: CRMExportRequest) async throws(SyncError) -> String { try await export.start(request) }

    /// One call.
    public func exportState(_ id: String) async throws(SyncError) -> CRMExportState { try await export.state(id) }

    /// One call.
    public func exportPage(
        _ id: String, of request: CRMExportRequest, from locator: String?, skipping: Int, limit: Int,
        take: ([CRMRecord]) async throws -> Void
    ) async throws -> CRMExportPage {
        try await export.page(id, of: request, from: locator, skipping: skipping, limit: limit, take: take)
    }

    /// One call, or two when the job is not done.
    public func endExport(_ id: String) async throws(SyncError) { try await export.end(id) }
}

extension SalesforceCRM: CRMImport {
    private var ingest: Import { Import(org: org) }

    public func canImport(_ write: CRMWrite) -> Bool { Import.canCarry(write) }

    /// An ingest job of the Bulk API 2.0; one call.
    public func openImport(of object: CRMObject, _ operation: CRMImportOperation) async throws(SyncError) -> String {
        try await ingest.open(object, operation)
    }

    /// One call, and those that find the accounts which contacts name.
    public func upload(_ writes: [CRMWrite], toImport id: String) async throws(SyncError) {
        try await ingest.upload(writes, to: id)
    }

    /// One call.
    public func closeImport(_ id: String) async throws(SyncError) { try await ingest.close(id) }

    /// One call.
    public func importState(_ id: String) async throws(SyncError) -> CRMImportState { try await ingest.state(id) }

    /// Two calls.
    public func importResults(
        _ id: String, of object: CRMObject, _ operation: CRMImportOperation
    ) async throws(SyncError) -> [String: Result<CRMWriteSuccess, SyncError>] {
        try await ingest.results(id, of: object, operation)
    }

    /// One call.
    public func abortImport(_ id: String) async throws(SyncError) { try await ingest.abort(id) }
}

extension SalesforceCRM: CRMActivityMirror {
    /// One call for up to ``activitiesPerCall`` activities; more only to find what a whole collection is refused for.
    ///
    /// The object's fields are the external ID field of the settings, `Kind__c`, `Occurred_At__c`, `Subject__c`, `Details__c` and the
    /// lookups `Contact__c` and `Lead__c`.
    public func mirror(_ activities: [CRMActivity], into object: String) async -> [SyncError?] {
        var writer = ActivityWriter(activities, to: org, object: object)
        return await writer.run()
    }

    public var activitiesPerCall: Int { writesPerCall }

    public func missingFields(ofMirror object: String) async throws(SyncError) -> [String] {
        try await ActivityWriter.missingFields(of: object, in: org)
    }
}
