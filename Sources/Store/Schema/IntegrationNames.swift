import GRDB

/// The table `integration_names`: a short id for every integration's name, kept for good.
///
/// Reads name the integration with ``idOfName``; writes that may meet a new name ask ``id(of:)``.
struct IntegrationNames {
    /// A subquery that takes the name as its argument.
    static let idOfName = "(SELECT id FROM integration_names WHERE name = ?)"

    private let db: Database
    private var known: [String: Int64] = [:]

    init(_ db: Database) { self.db = db }

    /// The id of `name`, for reads that need it more than once; `nil` when nothing was ever kept for it.
    static func known(_ name: String, _ db: Database) throws -> Int64? {
        try db.firstRow("SELECT id FROM integration_names WHERE name = ?", [name]) { try $0.value(0) }
    }

    /// The id of `name`, new if need be.
    mutating func id(of name: String) throws -> Int64 {
        if let id = known[name] { return id }
        try db.run("INSERT INTO integration_names (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [name])
        guard let id = try Self.known(name, db) else { throw StoreError.unreadable("the id of \(name)") }
        known[name] = id
        return id
    }
}
