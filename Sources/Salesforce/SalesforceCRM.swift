public import Connectors
import Contracts
public import Logging
public import SyncCore

/// A Salesforce org as the CRM of an integration, through its REST API.
public struct SalesforceCRM: CRM {
    private let settings: CRMSettings
    private let session: SalesforceSession
    private let schemas: SchemaCache
    private let logger: Logger

    /// - Parameter tokens: the connection's access tokens, see ``SalesforceOAuth/tokenSource(refreshTokens:)``.
    public init(
        settings: CRMSettings, tokens: TokenSource, transport: any HTTPTransport, clock: any WallClock,
        logger: Logger = Logger(label: "tandem.salesforce")
    ) {
        self.settings = settings
        self.logger = logger
        session = SalesforceSession(
            apiVersion: settings.apiVersion, tokens: tokens, transport: transport, clock: clock, logger: logger
        )
        schemas = SchemaCache(session: session)
    }

    /// Lists the version's resources: the cheapest call that needs a valid session and the API permission.
    public func probe() async throws(SyncError) {
        _ = try await session.call("GET", session.basePath, effect: .repeatable)
    }

    public func describe(_ object: CRMObject) async throws(SyncError) -> ObjectSchema {
        try await schemas.describe(object)
    }

    /// One `/composite` call for up to 2,000 known records and some hundred candidates per object; more only beyond that,
    /// or when more than 2,000 records match.
    public func read(_ request: CRMReadRequest) async throws(SyncError) -> CRMReadResult {
        try await Reader(settings: settings, session: session, schemas: schemas).read(request)
    }

    public func write(_ writes: [CRMWrite]) async -> [Result<CRMWriteSuccess, SyncError>] {
        guard !writes.isEmpty else { return [] }
        var writer = Writer(writes, settings: settings, session: session, schemas: schemas, logger: logger)
        return await writer.run()
    }

    /// Five collections of 200 records. A mix of creates and updates that fills no collection evenly may need one call more.
    public var writesPerCall: Int { SalesforceSession.subrequestsPerCall * Writer.rowsPerSubrequest }

    public func usage() async -> APIUsage? { await session.usage }
}
