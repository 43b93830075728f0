import Connectors
import Contracts
import Store
import SyncCore

/// The reading of one chunk of marketing's people, or of their custom fields: what differs from what was agreed on is suspected
/// drift, and what a backfill is about goes onto the topic of marketing changes.
struct MarketingChunkReading {
    private var chunk: RunChunk
    private let desk: ChunkDesk
    private let marketing: any MarketingDirectory
    private let context: OutboundContext

    init(_ chunk: RunChunk, _ desk: ChunkDesk) async throws {
        self.chunk = chunk
        self.desk = desk
        marketing = try await desk.connections.marketing(of: desk.integration)
        context = try await desk.schemas.schemas(of: desk.integration, for: .contact).context
    }

    mutating func read() async throws {
        while !chunk.isDone {
            try await desk.checkStillWanted(readsCRM: false)
            if chunk.source == .people { try await readPeople() } else { try await readValues() }
        }
    }

    private mutating func readPeople() async throws {
        let page = try await marketing.people(in: chunk.range, after: chunk.place.afterID)
        chunk.place.afterID = page.next
        chunk.isDone = page.next == nil
        let people = Dictionary(page.people.map { ($0.id, $0.fields) }, uniquingKeysWith: { first, _ in first })
        let seen = desk.run.kind == .full ? page.people.map { SeenSet.print(of: $0.id) } : []
        try await take(people, seen: seen, isCounted: true)
    }

    private mutating func readValues() async throws {
        let page = try await marketing.customValues(from: chunk.place.locator)
        chunk.place.locator = page.next
        chunk.isDone = page.next == nil
        try await take(page.values, seen: [], isCounted: false)
    }

    /// - Parameter isCounted: people are counted where they are listed, not once more with each of their custom fields.
    private mutating func take(_ people: [String: [String: JSONValue]], seen: [UInt64], isCounted: Bool) async throws {
        let ids = people.keys.sorted()
        let links = try await desk.store.links(integration: desk.name, marketingIDs: ids)
        var (changes, drifts): ([RecordChange], [Drift]) = ([], [])
        let now = desk.clock.now()
        for id in ids {
            guard let fields = people[id], let personLinks = links[id] else { continue }
            let ordered = personLinks.values.sorted { $0.object.rawValue < $1.object.rawValue }
            switch desk.run.kind {
            case .full: drifts += ordered.flatMap { DriftRules.inMarketing(fields, $0, in: context) }
            case .backfill:
                var values: [String: JSONValue] = [:]
                for link in ordered {
                    let names = desk.run.fields[link.object] ?? []
                    values.merge(DriftRules.backfill(fields, of: names, link, in: context)) { first, _ in first }
                }
                guard !values.isEmpty else { continue }
                let key = RecordKey(integration: desk.name, object: "contact", recordID: id)
                changes.append(RecordChange(key: key, occurredAt: now, isDated: false, fields: values))
            case .initial, .incremental: break
            }
        }
        let read = isCounted ? people.count : 0
        let counts = RunCounts(read: read, written: changes.count, skipped: read - changes.count)
        try await desk.settle(
            &chunk, publishing: changes, to: desk.topics.marketingChanges, counts: counts, seen: seen, drifts: drifts)
    }
}
