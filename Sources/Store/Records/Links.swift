import GRDB
public import SyncCore

extension Store {
    /// The links of these people, ended ones included. A person without any is missing.
    public func links(
        integration: String, marketingIDs: [String]
    ) async throws(StoreError) -> [String: [CRMObject: Link]] {
        try await read { db in
            var links: [String: [CRMObject: Link]] = [:]
            try KeyBatch.forEach(marketingIDs) { placeholders, batch in
                let condition = "marketing_id IN (\(placeholders))"
                for link in try LinkTable.links(integration, where: condition, StatementArguments(batch), db) {
                    links[link.marketingID, default: [:]][link.object] = link
                }
            }
            return links
        }
    }

    /// The link of a CRM record; a live one before one that ended.
    public func link(
        byCRMID crmID: String, object: CRMObject, integration: String
    ) async throws(StoreError) -> Link? {
        try await read { db in
            let links = try LinkTable.links(integration, where: "object = ? AND crm_id = ?", [object.rawValue, crmID], db)
            return links.first { $0.state != .ended } ?? links.last
        }
    }

    /// The links of CRM records, a live one before one that ended. A record without any is missing.
    public func links(
        integration: String, crmIDs: [String], object: CRMObject
    ) async throws(StoreError) -> [String: Link] {
        try await read { db in
            var links: [String: Link] = [:]
            try KeyBatch.forEach(crmIDs) { placeholders, batch in
                let condition = "object = ? AND crm_id IN (\(placeholders))"
                let found = try LinkTable.links(
                    integration, where: condition, [object.rawValue] + StatementArguments(batch), db)
                for link in found {
                    guard let id = link.crmID, links[id].map({ $0.state == .ended }) ?? true else { continue }
                    links[id] = link
                }
            }
            return links
        }
    }

    /// The live links of the people with these emails, by email in lower case; case and the blanks around an email do not
    /// count. An email nobody has is missing.
    public func links(integration: String, emails: [String]) async throws(StoreError) -> [String: [Link]] {
        let keys = Set(emails.compactMap(LinkForm.key(ofEmail:)))
        return try await read { db in
            var links: [String: [Link]] = [:]
            try KeyBatch.forEach(Array(keys)) { placeholders, batch in
                let condition = "\(LinkTable.isLive) AND email IN (\(placeholders))"
                for link in try LinkTable.links(integration, where: condition, StatementArguments(batch), db) {
                    guard let email = link.email else { continue }
                    links[email, default: []].append(link)
                }
            }
            return links
        }
    }

    /// The link of a marketing record with a CRM object, also one that ended.
    public func link(
        integration: String, marketingID: String, object: CRMObject
    ) async throws(StoreError) -> Link? {
        try await read { db in
            let condition = "marketing_id = ? AND object = ?"
            return try LinkTable.links(integration, where: condition, [marketingID, object.rawValue], db).first
        }
    }

    /// How many links stand, by object, how many of their fields are frozen, and how many links ended.
    public func linkSummary(
        integration: String
    ) async throws(StoreError) -> (linked: [CRMObject: Int], frozenFields: Int, ended: Int) {
        try await read { db in
            let scope = "FROM links WHERE integration_id = \(IntegrationNames.idOfName)"
            let countSQL = "SELECT object, state, COUNT(*) \(scope) GROUP BY object, state"
            let counts = try db.rows(countSQL, [integration]) { row in
                (object: try row.named(0) as CRMObject, state: try row.named(1) as Link.State, links: try row.value(2) as Int)
            }
            let frozenSQL = "SELECT COALESCE(SUM(frozen), 0) \(scope) AND frozen > 0 AND \(LinkTable.isLive)"
            let linked = counts.filter { $0.state == .linked }.map { ($0.object, $0.links) }
            return (
                linked: Dictionary(linked, uniquingKeysWith: +),
                frozenFields: try db.firstRow(frozenSQL, [integration]) { try $0.value(0) } ?? 0,
                ended: counts.filter { $0.state == .ended }.map(\.links).reduce(0, +)
            )
        }
    }

    /// How many links of that object are in that state.
    public func linkCount(
        integration: String, object: CRMObject, state: Link.State = .linked
    ) async throws(StoreError) -> Int {
        try await read { db in
            let sql = """
                SELECT COUNT(*) FROM links
                WHERE integration_id = \(IntegrationNames.idOfName) AND object = ? AND state = ?
                """
            return try db.firstRow(sql, [integration, object.rawValue, state.rawValue]) { try $0.value(0) } ?? 0
        }
    }
}
