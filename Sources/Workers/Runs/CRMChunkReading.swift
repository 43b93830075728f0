import Connectors
import Contracts
import Store
import SyncCore

/// The reading of one chunk of the CRM's records: those with news go onto the topic of CRM changes.
struct CRMChunkReading {
    /// How many rows one page of a job's results holds: few calls, and a page that broke off costs little.
    private static let rowsPerPage = 50_000
    /// After so many jobs that failed the chunk is read by pages.
    private static let mostRestarts = 3

    private var chunk: RunChunk
    private let desk: ChunkDesk
    private let object: CRMObject
    private let crm: any CRM & CRMFeed & CRMExport
    private let known: PollSchemas
    private let scope: CRMFeedRequest.Scope
    private let fields: [String]
    private let poll: ObjectPoll?

    init(_ chunk: RunChunk, _ desk: ChunkDesk) async throws {
        self.chunk = chunk
        self.desk = desk
        object = chunk.source.object ?? .contact
        crm = try await desk.connections.crm(of: desk.integration)
        known = try await desk.schemas.schemas(of: desk.integration, for: object)
        poll = try await desk.store.polls(of: desk.name)[object]
        scope = RunScope.scope(of: object, desk.integration, poll)
        fields = RunScope.fields(of: object, known, desk.settings)
    }

    /// Reads until the chunk is done; returns how long to wait where the CRM is not ready with a job.
    mutating func read() async throws -> Duration? {
        switch chunk.source {
        case .crmExport: return try await readExport()
        default:
            try await readPages()
            return nil
        }
    }

    // MARK: Page by page

    private mutating func readPages() async throws {
        while !chunk.isDone {
            try await desk.checkStillWanted(readsCRM: true)
            let after = chunk.place.afterID.map { CRMCursor(stamp: nil, id: $0) }
            let page = try await crm.page(
                CRMFeedRequest(object: object, scope: scope, fields: fields, range: chunk.range, after: after))
            chunk.place.afterID = page.next?.id
            chunk.isDone = page.next == nil
            try await take(page.records)
            try await noteUsage()
        }
    }

    // MARK: By a job

    private mutating func readExport() async throws -> Duration? {
        try await desk.checkStillWanted(readsCRM: true)
        let request = CRMExportRequest(object: object, scope: scope, fields: fields, range: chunk.range)
        guard let job = chunk.place.job, chunk.place.jobFields == fields else {
            try await leaveOutdated()
            try await start(request)
            return chunk.source.isExport ? Self.pause(after: .zero) : nil
        }
        let state = try await crm.exportState(job)
        try await noteUsage()
        switch state {
        case .running:
            let age = desk.clock.now().since(chunk.place.jobStartedAt ?? desk.clock.now())
            return Self.pause(after: age)
        case .failed:
            try await startOver()
            return nil
        case .finished:
            do {
                try await readResults(of: job, request)
            } catch let error as SyncError where error.code == SyncError.bulkGone {
                try await startOver()
                return nil
            }
            try await crm.endExport(job)
            return nil
        }
    }

    /// The job's id is kept before anything is asked of it: one that is lost costs its calls again.
    private mutating func start(_ request: CRMExportRequest) async throws {
        do throws(SyncError) {
            chunk.place.job = try await crm.startExport(request)
            chunk.place.jobStartedAt = desk.clock.now()
            chunk.place.jobFields = fields
        } catch {
            guard error.code == SyncError.bulkQuota else { throw error }
            chunk.source = .crmPages(object)
        }
        try await save()
    }

    /// A job from before the mappings changed is given up; what was taken of it is read once more.
    private mutating func leaveOutdated() async throws {
        guard let job = chunk.place.job else { return }
        try await crm.endExport(job)
        let restarts = chunk.place.restarts
        chunk.place = ChunkPlace()
        chunk.place.restarts = restarts
    }

    /// A job that failed or expired is begun anew, a few times.
    private mutating func startOver() async throws {
        let restarts = chunk.place.restarts + 1
        chunk.place = ChunkPlace()
        chunk.place.restarts = restarts
        if restarts >= Self.mostRestarts { chunk.source = .crmPages(object) }
        try await save()
    }

    private mutating func readResults(of job: String, _ request: CRMExportRequest) async throws {
        var place = chunk.place
        while !chunk.isDone {
            try await desk.checkStillWanted(readsCRM: true)
            var reading = self
            let page = try await crm.exportPage(
                job, of: request, from: place.locator, skipping: place.rows, limit: Self.rowsPerPage
            ) { records in
                reading.chunk.place.rows += records.count
                try await reading.take(records)
            }
            self = reading
            place.locator = page.next
            place.rows = 0
            chunk.place = place
            chunk.isDone = page.next == nil
            try await save()
            try await noteUsage()
        }
    }

    /// Longer and longer: most jobs take seconds, some take hours, and every look is a call.
    private static func pause(after age: Duration) -> Duration { min(.seconds(60), max(.seconds(3), age / 4)) }

    // MARK: What was read

    private mutating func take(_ records: [CRMRecord]) async throws {
        let links = try await desk.store.links(integration: desk.name, crmIDs: records.map(\.id), object: object)
        let since = poll?.since ?? desk.integration.updatedAt
        var page = PollPage(records, links: links, context: known.context, since: since, now: desk.clock.now())
        let drifts = desk.run.kind == .full ? self.drifts(records, links) : [:]
        page.withhold(Set(drifts.keys))
        let counts = RunCounts(
            read: records.count, written: page.published.count, skipped: records.count - page.published.count)
        let seen = desk.run.kind == .full ? records.map { SeenSet.print(of: $0.id) } : []
        try await desk.settle(
            &chunk, publishing: page.published, to: desk.topics.crmChanges, counts: counts, seen: seen,
            drifts: drifts.sorted { $0.key < $1.key }.flatMap(\.value))
    }

    /// Of records whose last change polls have passed: both sides think that they agree. Other differences are news.
    private func drifts(_ records: [CRMRecord], _ links: [String: Link]) -> [String: [Drift]] {
        guard let watermark = poll?.watermark?.advanced(by: .zero - desk.settings.outbound.overlap) else { return [:] }
        var drifts: [String: [Drift]] = [:]
        for record in records {
            guard let stamp = record.stamp, stamp < watermark, let link = links[record.id] else { continue }
            let found = DriftRules.inCRM(record, link, in: known.context)
            if !found.isEmpty { drifts[record.id] = found }
        }
        return drifts
    }

    private mutating func save() async throws {
        try await desk.settle(&chunk, publishing: [], to: "", counts: RunCounts(), seen: [], drifts: [])
    }

    private func noteUsage() async throws {
        guard let usage = await crm.usage() else { return }
        try await desk.store.recordUsage(integration: desk.name, used: usage.used, limit: usage.limit, at: usage.at)
    }
}

extension RunChunk.Source {
    fileprivate var isExport: Bool { if case .crmExport = self { true } else { false } }
}
