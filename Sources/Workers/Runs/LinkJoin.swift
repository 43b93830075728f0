package import Store
package import SyncCore

/// Finds the links whose records a complete pass did not see: a hash join in bounded memory. The fingerprints of one part of all
/// ids are held at a time, and the links stream by.
package struct LinkJoin: Sendable {
    /// How many fingerprints are held at once: 64 MB.
    private static let mostAtOnce = 4_000_000

    let store: Store
    let integration: String
    let run: Int64

    package init(store: Store, integration: String, run: Int64) {
        self.store = store
        self.integration = integration
        self.run = run
    }

    /// The ids, on the side that `source` is of, of the linked records of an object that were not seen there; and how many are
    /// linked.
    package func unseen(
        _ object: CRMObject, in source: RunChunk.Source
    ) async throws(StoreError) -> (ids: [String], links: Int) {
        let parts = try await store.linkCount(integration: integration, object: object) / Self.mostAtOnce + 1
        var (unseen, links) = ([String](), 0)
        for part in 0..<parts {
            let seen = try await seen(source, part: part, of: parts)
            var afterID: Int64 = 0
            while let page = try await store.linkedRecords(integration: integration, object: object, afterID: afterID) {
                afterID = page.lastID
                for link in page.links {
                    let id = source.isCRM ? link.crmID : link.marketingID
                    let print = SeenSet.print(of: id)
                    guard SeenSet.part(of: print, among: parts) == part else { continue }
                    links += 1
                    if !seen.contains(print) { unseen.append(id) }
                }
            }
        }
        return (unseen, links)
    }

    private func seen(_ source: RunChunk.Source, part: Int, of parts: Int) async throws(StoreError) -> SeenSet {
        var seen = SeenSet()
        var afterID: Int64 = 0
        while let page = try await store.seen(run: run, source: source, afterID: afterID) {
            afterID = page.lastID
            for print in page.prints where SeenSet.part(of: print, among: parts) == part { seen.insert(print) }
        }
        return seen
    }
}
