package import Store
package import SyncCore

/// Finds the links whose records a complete pass did not see: a hash join in bounded memory. The fingerprints of one part of all
/// links are held at a time, and what was seen streams by, which may be many times as much.
package struct LinkJoin: Sendable {
    /// How many fingerprints are held at once: 34 MB.
    private static let mostAtOnce = 2_000_000

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
        let count = try await store.linkCount(integration: integration, object: object)
        let parts = count / Self.mostAtOnce + 1
        var (unseen, links) = ([String](), 0)
        for part in 0..<parts {
            // Parts are of a size but for chance.
            var seen = SeenSet(capacity: parts == 1 ? count : count / parts * 5 / 4)
            func isOfPart(_ print: UInt64) -> Bool { SeenSet.part(of: print, among: parts) == part }
            try await forEach(object, source) { _, print in
                guard isOfPart(print) else { return }
                links += 1
                seen.expect(print)
            }
            try await look(source, into: &seen)
            try await forEach(object, source) { id, print in
                if isOfPart(print), seen.misses(print) { unseen.append(id) }
            }
        }
        return (unseen, links)
    }

    /// Every linked record's id on the side of `source`, and its fingerprint.
    private func forEach(
        _ object: CRMObject, _ source: RunChunk.Source, _ body: (String, UInt64) -> Void
    ) async throws(StoreError) {
        var afterID: Int64 = 0
        while let page = try await store.linkedRecords(integration: integration, object: object, afterID: afterID) {
            afterID = page.lastID
            for link in page.links {
                let id = source.isCRM ? link.crmID : link.marketingID
                body(id, SeenSet.print(of: id))
            }
        }
    }

    private func look(_ source: RunChunk.Source, into seen: inout SeenSet) async throws(StoreError) {
        var afterID: Int64 = 0
        while let page = try await store.seen(run: run, source: source, afterID: afterID) {
            afterID = page.lastID
            for print in page.prints { seen.see(print) }
        }
    }
}
