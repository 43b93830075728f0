/// The two kinds of Bulk API 2.0 jobs, named as the resources they live under.
enum SalesforceJobKind: String, Sendable {
    case query, ingest

    var jobType: String {
        switch self {
        case .query: "V2Query"
        case .ingest: "V2Ingest"
        }
    }
}

enum SalesforceJobState: String, Sendable {
    case open = "Open"
    case uploadComplete = "UploadComplete"
    case inProgress = "InProgress"
    case jobComplete = "JobComplete"
    case failed = "Failed"
    case aborted = "Aborted"

    var isFinished: Bool {
        switch self {
        case .jobComplete, .failed, .aborted: true
        case .open, .uploadComplete, .inProgress: false
        }
    }
}

/// What jobs of both kinds have in common.
struct SalesforceJobHead: Sendable {
    /// Jobs and their results are kept for seven days.
    static let lifetime: Int64 = 7 * 86_400_000

    let id: String
    let kind: SalesforceJobKind
    let operation: String
    let object: String
    /// The only version of the API that serves the job.
    let version: Double
    let format: SalesforceCSVFormat
    /// In ms, as all times here.
    let created: Int64
    /// From ``started`` to the end.
    let latency: Int64
    /// When it was handed over to the org; `nil` while it is open for an upload.
    var started: Int64?
    var isAborted = false
    /// Why it ends Failed.
    var failure: String?

    func state(at now: Int64) -> SalesforceJobState {
        if isAborted { return .aborted }
        guard let started else { return .open }
        if now - started >= latency { return failure == nil ? .jobComplete : .failed }
        return isTakenUp(at: now) ? .inProgress : .uploadComplete
    }

    /// Whether the org has begun to work on it.
    func isTakenUp(at now: Int64) -> Bool {
        started.map { (now - $0) * 2 >= latency } ?? false
    }

    /// The members of every answer about the job.
    func members(in state: SalesforceJobState) -> [String: SandboxValue] {
        [
            "id": .string(id), "operation": .string(operation), "object": .string(object),
            "createdById": .string(SalesforceUser.integration), "createdDate": .string(SalesforceOrg.stamp(created)),
            "systemModstamp": .string(SalesforceOrg.stamp(started ?? created)), "state": .string(state.rawValue),
            "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": .number(version),
            "lineEnding": .string(format.lineEnding.rawValue), "columnDelimiter": .string(format.delimiter.rawValue),
        ]
    }

    /// The members of an answer about a job that is looked at, with its counts.
    func report(at now: Int64, processed: Int, failed: Int) -> [String: SandboxValue] {
        let state = state(at: now)
        var members = members(in: state)
        members["jobType"] = .string(kind.jobType)
        members["numberRecordsProcessed"] = .integer(Int64(processed))
        members["retries"] = 0
        members["totalProcessingTime"] = .integer(state.isFinished ? latency / 2 : 0)
        if kind == .ingest { members["numberRecordsFailed"] = .integer(Int64(failed)) }
        if kind == .query { members["isPkChunkingSupported"] = true }
        if state == .failed, let failure { members["errorMessage"] = .string(failure) }
        return members
    }
}

/// The jobs of the org and what was used of their quotas.
struct SalesforceJobs: Sendable {
    var queries: [String: SalesforceQueryJob] = [:]
    var ingests: [String: SalesforceIngestJob] = [:]
    /// Ingest jobs handed over whose rows are not yet saved, oldest first.
    var waiting: [String] = []
    /// Query jobs created.
    var queryUsage: SalesforceUsage
    /// Rows that ingest jobs processed.
    var rowUsage: SalesforceUsage
    private var nextNumber = 1

    init(options: SalesforceBulkOptions) {
        queryUsage = SalesforceUsage(limit: options.dailyQueryJobs)
        rowUsage = SalesforceUsage(limit: options.dailyRows)
    }

    mutating func makeID() -> String {
        defer { nextNumber += 1 }
        return SalesforceID.make(prefix: "750", number: nextNumber)
    }

    func head(_ kind: SalesforceJobKind, _ id: String) -> SalesforceJobHead? {
        switch kind {
        case .query: queries[id]?.head
        case .ingest: ingests[id]?.head
        }
    }

    mutating func remove(_ kind: SalesforceJobKind, _ id: String) {
        switch kind {
        case .query: queries[id] = nil
        case .ingest:
            ingests[id] = nil
            waiting.removeAll { $0 == id }
        }
    }

    mutating func abort(_ kind: SalesforceJobKind, _ id: String) {
        switch kind {
        case .query:
            queries[id]?.head.isAborted = true
            queries[id]?.rows = []
        case .ingest:
            ingests[id]?.head.isAborted = true
            waiting.removeAll { $0 == id }
        }
    }

    /// Forgets what is older than jobs are kept.
    mutating func expire(at now: Int64) {
        let oldest = now - SalesforceJobHead.lifetime
        for job in queries.values where job.head.created <= oldest { remove(.query, job.head.id) }
        for job in ingests.values where job.head.created <= oldest { remove(.ingest, job.head.id) }
    }
}
