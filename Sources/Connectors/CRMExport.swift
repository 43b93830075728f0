public import SyncCore

/// The records an export reads: those of a poll without its pages, in whatever order the CRM likes.
public struct CRMExportRequest: Sendable, Equatable {
    public var object: CRMObject
    public var scope: CRMFeedRequest.Scope
    /// The fields wanted besides those of ``CRMRecord`` itself.
    public var fields: [String]
    /// Only records with these ids.
    public var range: IDRange

    public init(object: CRMObject, scope: CRMFeedRequest.Scope, fields: [String], range: IDRange = IDRange()) {
        self.object = object
        self.scope = scope
        self.fields = fields
        self.range = range
    }
}

/// How an export stands.
public enum CRMExportState: Sendable, Equatable {
    case running
    /// Its pages can be read, and hold this many records together.
    case finished(records: Int)
    /// It will never finish; a new one has to be started. Code ``SyncError/bulkGone`` when it expired, was deleted or aborted.
    case failed(SyncError)
}

/// What one page of an export held.
public struct CRMExportPage: Sendable, Equatable {
    /// The most of them that are handed on at once.
    public static let group = 500

    /// All of them, those skipped included.
    public var records: Int
    /// The locator of the next page; `nil` when this was the last one.
    public var next: String?

    public init(records: Int, next: String?) {
        self.records = records
        self.next = next
    }
}

/// A CRM's bulk interface for reading many records, as a port: a job that the CRM works on by itself, whose results stay for
/// days and can be read page by page, each page as often as needed and by any process.
public protocol CRMExport: Sendable {
    /// How many records the request would read, by one call: to choose between pages and an export.
    func count(_ request: CRMExportRequest) async throws(SyncError) -> Int
    /// Cuts what the request reads into so many ranges of ids, by one call; they hold about as many records each where ids were
    /// given evenly, and together all of them.
    func ranges(of request: CRMExportRequest, parts: Int) async throws(SyncError) -> [IDRange]
    /// Starts a job and returns its id. Throws code ``SyncError/bulkQuota`` when the CRM takes no more jobs for now, and the
    /// pages of a poll are the way to read. A job whose id got lost with the answer costs nothing but its share of the quota.
    func startExport(_ request: CRMExportRequest) async throws(SyncError) -> String
    func exportState(_ id: String) async throws(SyncError) -> CRMExportState
    /// Reads one page of a finished job, parsing it as it comes: no more of it is held than a group and a piece of the stream.
    ///
    /// - Parameters:
    ///   - request: the one the job was started with.
    ///   - locator: `nil` for the first page.
    ///   - skipping: how many of the page's records were taken before; they are read over.
    ///   - limit: the most records the page shall hold; always the same for one job.
    ///   - take: gets at most ``CRMExportPage/group`` records at a time, in the page's order, each group before more is read. What it
    ///     throws ends the reading and is thrown on.
    /// - Throws: ``SyncError``; class `.transient` where the rest of the page may be read later, code ``SyncError/bulkGone``
    ///   when the job is gone.
    func exportPage(
        _ id: String, of request: CRMExportRequest, from locator: String?, skipping: Int, limit: Int,
        take: ([CRMRecord]) async throws -> Void
    ) async throws -> CRMExportPage
    /// Gives the job up, done or not; harmless when it is gone.
    func endExport(_ id: String) async throws(SyncError)
}

extension SyncError {
    /// The code of what a CRM answers when it takes no more bulk jobs for now, while other calls still work.
    public static let bulkQuota = "bulk-quota"
    /// The code for a bulk job that is not there any more.
    public static let bulkGone = "bulk-gone"
}
