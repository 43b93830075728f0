import Contracts
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

/// The table `links`: one row per integration, person and CRM object.
enum LinkTable {
    static func links(
        _ integration: String, where condition: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [Link] {
        let sql = """
            SELECT object, marketing_id, crm_id, external_id, state, base, seen, tags, overruled, sent FROM links
            WHERE integration_id = \(IntegrationNames.idOfName) AND \(condition) ORDER BY id
            """
        return try db.rows(sql, [integration] + arguments) { row in
            var link = Link(
                integration: integration, object: try row.named(0), marketingID: try row.value(1), crmID: try row.value(2),
                externalID: try row.value(3), state: try row.named(4), base: try row.stored(5, Link.base(from:)),
                seen: try row.stored(6, Link.seen(from:)), tags: try row.stored(7, Link.tags(from:)),
                overruled: try row.stored(8, Link.overruled(from:)))
            link.sent = try row.stored(9, Link.base(from:))
            return link
        }
    }

    static func save(_ link: Link, integration: Int64, now: Timestamp, _ db: Database) throws {
        let sql = """
            INSERT INTO links (integration_id, object, marketing_id, crm_id, external_id, state, base, seen, tags, overruled,
                sent, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (integration_id, marketing_id, object) DO UPDATE SET crm_id = excluded.crm_id,
                external_id = excluded.external_id, state = excluded.state, base = excluded.base, seen = excluded.seen,
                tags = excluded.tags, overruled = excluded.overruled, sent = excluded.sent,
                updated_at = excluded.updated_at
            """
        try db.run(
            sql,
            [
                integration, link.object.rawValue, link.marketingID, link.crmID, link.externalID, link.state.rawValue,
                link.baseJSON.text, link.seenJSON.text, link.tagsJSON.text, link.overruledJSON.text, link.sentJSON.text,
                now.milliseconds,
            ])
    }
}

extension Row {
    fileprivate func stored<Value>(_ index: Int, _ read: (JSONValue) -> Value?) throws -> Value {
        guard let value = read(try json(index)) else { throw StoreError.unreadable("a link") }
        return value
    }
}
