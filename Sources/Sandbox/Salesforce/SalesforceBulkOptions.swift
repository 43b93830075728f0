/// What the emulated org's Bulk API 2.0 allows, and how long it takes.
public struct SalesforceBulkOptions: Sendable {
    /// How long a job takes from the call that hands it over to its end, in milliseconds: it waits for one half of that and is
    /// worked on for the other. With 0 it is done at the first look.
    public var latency: Int64 = 0
    /// Query jobs that can be created in a rolling day.
    public var dailyQueryJobs = 10_000
    /// Rows that ingest jobs may process in a rolling day; the job that would exceed it fails at that row.
    public var dailyRows = 150_000_000
    /// The rows of a results page at most, whatever `maxRecords` asks for.
    public var mostRowsPerPage = 100_000
    /// The bytes of an upload; the real bound is 150 MB after base64.
    public var mostUploadBytes = 100_000_000
    /// Objects that the Bulk API does not support.
    public var unsupportedObjects: Set<String> = []

    public init() {}
}
