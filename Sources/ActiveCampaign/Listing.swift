import Connectors
import Contracts
import SyncCore

/// All pages of a list: its rows, and the rows that came along with them.
struct Listing {
    var rows: [JSONValue] = []
    var alongside: [JSONValue] = []
}

extension ActiveCampaignSession {
    private static let pageSize = 100

    /// Every row under `key`. The server may give fewer rows a page than asked for and may leave out the total, so the end is
    /// a page that adds nothing, or a short one once the total (where there is one) is reached.
    func list(
        _ path: String, key: String, alongside otherKey: String? = nil, query: [(String, String)] = []
    ) async throws(SyncError) -> Listing {
        var listing = Listing()
        var seen: Set<String> = []
        var offset = 0
        while true {
            let page = try await call(
                "GET", path, query: query + [("limit", String(Self.pageSize)), ("offset", String(offset))]
            )
            guard let rows = page[key]?.arrayValue else {
                throw SyncError(.transient, code: "unusable-answer", message: "the answer to \(path) has no \(key)")
            }
            let new = rows.filter { row in row["id"]?.textValue.map { seen.insert($0).inserted } ?? true }
            listing.rows += new
            if let otherKey { listing.alongside += page[otherKey]?.arrayValue ?? [] }
            offset += rows.count
            let total = page["meta"]?["total"]?.intValue
            // A page of nothing new also ends it: an `offset` the server ignores would be answered for ever.
            guard !new.isEmpty, rows.count >= Self.pageSize || offset < total ?? 0 else { return listing }
        }
    }
}
