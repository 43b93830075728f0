import Connectors
import Contracts
import Store
import SyncCore

/// What a run reads, and in which chunks.
struct RunScope {
    /// How many of marketing's people a chunk holds: half an hour at five requests a second.
    private static let peoplePerChunk = 50_000
    /// How many records of the CRM.
    private static let recordsPerChunk = 250_000

    let integration: StoredIntegration
    let run: Run
    let crm: any CRM & CRMFeed & CRMExport
    let marketing: any MarketingDirectory
    let schemas: PollSchemaCache
    let polls: [CRMObject: ObjectPoll]

    private var settings: IntegrationSettings { integration.settings }

    /// The chunks of the run, and how many records they hold.
    func chunks() async throws -> (chunks: [RunChunk], expected: Int) {
        var sources: [(source: RunChunk.Source, range: IDRange)] = []
        var expected = 0
        for object in objects {
            let known = try await schemas.schemas(of: integration, for: object)
            let request = CRMExportRequest(
                object: object, scope: Self.scope(of: object, integration, polls[object]),
                fields: Self.fields(of: object, known, settings))
            let count = try await crm.count(request)
            expected += count
            let isLarge = count >= settings.runs.bulkFrom
            let parts = (count + Self.recordsPerChunk - 1) / Self.recordsPerChunk
            let ranges = parts > 1 ? try await crm.ranges(of: request, parts: parts) : [IDRange()]
            sources += ranges.map { (isLarge ? .crmExport(object) : .crmPages(object), $0) }
        }
        if run.kind.readsMarketing {
            let (ranges, count) = try await marketing.peopleRanges(size: Self.peoplePerChunk)
            expected += count
            sources += ranges.map { (.people, $0) }
            if readsCustomValues { sources.append((.customValues, IDRange())) }
        }
        let chunks = sources.enumerated().map { number, part in
            RunChunk(run: run.id, number: number, source: part.source, range: part.range)
        }
        return (chunks, expected)
    }

    private var objects: [CRMObject] {
        let polled = settings.outbound.polledObjects
        return run.kind == .backfill ? polled.filter { run.fields[$0]?.isEmpty == false } : polled
    }

    /// Whether a mapped marketing field is one that the list of people does not show.
    private var readsCustomValues: Bool {
        CRMObject.people.contains { object in
            settings.mappings(of: object).contains { mapping in
                let isCustom = mapping.marketing.contains(":")
                guard run.kind == .backfill else { return isCustom }
                let wanted = run.fields[object]?.contains { $0.lowercased() == mapping.crm.lowercased() } ?? false
                return isCustom && wanted && mapping.direction != .outbound
            }
        }
    }

    // MARK: What is read of the CRM

    /// Everything Tandem has to do with: what is selected or linked, and of accounts, which do not show that, all.
    static func scope(
        of object: CRMObject, _ integration: StoredIntegration, _ poll: ObjectPoll?
    ) -> CRMFeedRequest.Scope {
        guard object != .account else { return .all }
        let selection = integration.settings.outbound.selection[object] ?? .none
        return .selected(selection, since: poll?.since ?? integration.updatedAt)
    }

    /// All that is mapped, for what only flows to the CRM may have drifted there.
    static func fields(of object: CRMObject, _ known: PollSchemas, _ settings: IntegrationSettings) -> [String] {
        let mapped = object == .opportunity ? [] : settings.mappings(of: object).compactMap { known.crm[object]?[$0.crm]?.name }
        return Set(known.fields(of: object, settings: settings) + mapped).sorted()
    }
}
