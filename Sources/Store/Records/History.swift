public import Contracts
import GRDB
public import SyncCore

/// What happened to a record once (OPS-1). History is only ever appended to.
public struct HistoryEntry: Sendable, Hashable {
    public var integration: String
    public var direction: Direction
    /// The CRM's object: `contact`, `lead`.
    public var object: String
    public var marketingID: String
    public var crmID: String?
    public var at: Timestamp
    /// A stable word: `created`, `updated`, `skipped`, `parked`, …
    public var outcome: String
    /// Why, as a stable code.
    public var code: String?
    /// Why, for the operator.
    public var message: String?
    /// The decisions behind it; null when there were none.
    public var details: JSONValue

    public init(
        integration: String, direction: Direction, object: String, marketingID: String, crmID: String? = nil, at: Timestamp,
        outcome: String, code: String? = nil, message: String? = nil, details: JSONValue = .null
    ) {
        self.integration = integration
        self.direction = direction
        self.object = object
        self.marketingID = marketingID
        self.crmID = crmID
        self.at = at
        self.outcome = outcome
        self.code = code
        self.message = message
        self.details = details
    }
}

extension Store {
    /// How often each outcome happened so far. `skipped` and `parked` are counted apart by code: `skipped:no-email`.
    public func outcomeCounts(integration: String) async throws(StoreError) -> [String: Int] {
        try await read { db in
            let sql = """
                SELECT outcome, code, occurrences FROM outcome_counts WHERE integration_id = \(IntegrationNames.idOfName)
                """
            let counts = try db.rows(sql, [integration]) { row in
                let (outcome, code) = (try row.value(0) as String, try row.value(1) as String)
                return (code.isEmpty ? outcome : "\(outcome):\(code)", try row.value(2) as Int)
            }
            return Dictionary(counts, uniquingKeysWith: +)
        }
    }

    /// Counts outcomes that no history is kept of, by their name: `echo-suppressed`.
    public func count(_ outcomes: [String: Int], integration: String) async throws(StoreError) {
        try await write { db in
            var names = IntegrationNames(db)
            let id = try names.id(of: integration)
            for (outcome, occurrences) in outcomes where occurrences != 0 {
                try HistoryTable.count(outcome, code: "", occurrences: occurrences, integration: id, db)
            }
        }
    }

    /// What happened to a person's records, the newest first.
    public func history(
        integration: String, marketingID: String, limit: Int
    ) async throws(StoreError) -> [HistoryEntry] {
        guard limit > 0 else { return [] }
        return try await read { db in
            try HistoryTable.entries(integration, where: "marketing_id = ?", [marketingID], limit: limit, db)
        }
    }

    /// What happened to a CRM record, the newest first.
    public func history(
        integration: String, crmID: String, object: CRMObject, limit: Int
    ) async throws(StoreError) -> [HistoryEntry] {
        guard limit > 0 else { return [] }
        return try await read { db in
            let condition = "crm_id = ? AND object = ?"
            return try HistoryTable.entries(integration, where: condition, [crmID, object.rawValue], limit: limit, db)
        }
    }
}

/// The tables `history` and `outcome_counts`, which are written together.
enum HistoryTable {
    private struct CountKey: Hashable {
        var integration: Int64
        var outcome: String
        var code: String
    }

    private static let countedByCode: Set<String> = ["skipped", "parked"]

    static func append(_ entries: [HistoryEntry], names: inout IntegrationNames, _ db: Database) throws {
        var counts: [CountKey: Int] = [:]
        for entry in entries {
            let integration = try names.id(of: entry.integration)
            try insert(entry, integration: integration, db)
            let code = countedByCode.contains(entry.outcome) ? entry.code ?? "" : ""
            counts[CountKey(integration: integration, outcome: entry.outcome, code: code), default: 0] += 1
        }
        for (key, occurrences) in counts {
            try count(key.outcome, code: key.code, occurrences: occurrences, integration: key.integration, db)
        }
    }

    static func count(
        _ outcome: String, code: String, occurrences: Int, integration: Int64, _ db: Database
    ) throws {
        let sql = """
            INSERT INTO outcome_counts (integration_id, outcome, code, occurrences) VALUES (?, ?, ?, ?)
            ON CONFLICT (integration_id, outcome, code) DO UPDATE
            SET occurrences = outcome_counts.occurrences + excluded.occurrences
            """
        try db.run(sql, [integration, outcome, code, occurrences])
    }

    static func entries(
        _ integration: String, where condition: String, _ arguments: StatementArguments, limit: Int, _ db: Database
    ) throws -> [HistoryEntry] {
        let sql = """
            SELECT direction, object, marketing_id, crm_id, at, outcome, code, message, details FROM history
            WHERE integration_id = \(IntegrationNames.idOfName) AND \(condition) ORDER BY id DESC LIMIT ?
            """
        return try db.rows(sql, [integration] + arguments + [limit]) { row in
            let direction = try row.value(0) as Int64 == Direction.outbound.stored ? Direction.outbound : .inbound
            return HistoryEntry(
                integration: integration, direction: direction, object: try row.value(1), marketingID: try row.value(2),
                crmID: try row.value(3), at: try row.timestamp(4), outcome: try row.value(5), code: try row.value(6),
                message: try row.value(7), details: try row.json(8))
        }
    }

    private static func insert(_ entry: HistoryEntry, integration: Int64, _ db: Database) throws {
        let sql = """
            INSERT INTO history (integration_id, direction, object, marketing_id, crm_id, at, outcome, code, message, details)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        try db.run(
            sql,
            [
                integration, entry.direction.stored, entry.object, entry.marketingID, entry.crmID, entry.at.milliseconds,
                entry.outcome, entry.code, entry.message, entry.details.text,
            ])
    }
}
