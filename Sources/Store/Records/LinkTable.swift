import Contracts
import GRDB
import SyncCore

/// The table `links`: one row per integration, marketing record and CRM object.
enum LinkTable {
    static let isLive = "state <> 'ended'"

    static func links(
        _ integration: String, where condition: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [Link] {
        let sql = """
            SELECT object, marketing_id, crm_id, external_id, state, base, seen, tags, overruled, sent, ended_by, written_at,
                trails, relation
            FROM links WHERE integration_id = \(IntegrationNames.idOfName) AND \(condition) ORDER BY id
            """
        return try db.rows(sql, [integration] + arguments) { try link(of: integration, $0) }
    }

    private static func link(of integration: String, _ row: Row) throws -> Link {
        var link = Link(
            integration: integration, object: try row.named(0), marketingID: try row.value(1), crmID: try row.value(2),
            externalID: try row.value(3), state: try row.named(4), base: try row.stored(5, Link.base(from:)),
            seen: try row.stored(6, Link.seen(from:)), tags: try row.stored(7, Link.tags(from:)),
            overruled: try row.stored(8, Link.overruled(from:)))
        link.sent = try row.stored(9, Link.base(from:))
        link.endedBy = try row.optionallyNamed(10)
        link.writtenAt = try row.optionalTimestamp(11)
        link.trails = try row.stored(12, Link.trails(from:))
        link.relation = try row.optionallyCodable(13)
        return link
    }

    static func save(_ link: Link, integration: Int64, now: Timestamp, _ db: Database) throws {
        let sql = """
            INSERT INTO links (integration_id, object, marketing_id, crm_id, external_id, state, base, seen, tags, overruled,
                sent, ended_by, written_at, trails, frozen, relation, email, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (integration_id, marketing_id, object) DO UPDATE SET crm_id = excluded.crm_id,
                external_id = excluded.external_id, state = excluded.state, base = excluded.base, seen = excluded.seen,
                tags = excluded.tags, overruled = excluded.overruled, sent = excluded.sent, ended_by = excluded.ended_by,
                written_at = excluded.written_at, trails = excluded.trails, frozen = excluded.frozen,
                relation = excluded.relation, email = excluded.email, updated_at = excluded.updated_at
            """
        let identity: StatementArguments = [
            integration, link.object.rawValue, link.marketingID, link.crmID, link.externalID, link.state.rawValue,
        ]
        let values: StatementArguments = [
            link.baseJSON.text, link.seenJSON.text, link.tagsJSON.text, link.overruledJSON.text, link.sentJSON.text,
            link.endedBy?.rawValue, link.writtenAt?.milliseconds, link.trailsJSON.text,
            link.trails.values.count(where: \.isFrozen), try link.relation.map(codableText), link.email,
            now.milliseconds,
        ]
        try db.run(sql, identity + values)
        try ActivityMirrorTable.attach(link, integration: integration, now: now, db)
    }

    /// Gives links of version 1 their email.
    static func fillEmails(_ db: Database) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT id, object, marketing_id, external_id, state, base FROM links")
        var emails: [(id: Int64, email: String)] = []
        while let row = try rows.next() {
            let link = Link(
                integration: "", object: try row.named(1), marketingID: try row.value(2), externalID: try row.value(3),
                state: try row.named(4), base: try row.stored(5, Link.base(from:)))
            if let email = link.email { emails.append((id: try row.value(0), email: email)) }
        }
        for link in emails { try db.run("UPDATE links SET email = ? WHERE id = ?", [link.email, link.id]) }
    }
}

extension Row {
    fileprivate func stored<Value>(_ index: Int, _ read: (JSONValue) -> Value?) throws -> Value {
        guard let value = read(try json(index)) else { throw StoreError.unreadable("a link") }
        return value
    }
}
