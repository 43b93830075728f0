public import Contracts
import GRDB

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

    /// What happened to a person's records, the newest first.
    public func history(
        integration: String, marketingID: String, limit: Int
    ) async throws(StoreError) -> [HistoryEntry] {
        guard limit > 0 else { return [] }
        return try await read { db in
            let sql = """
                SELECT direction, object, crm_id, at, outcome, code, message, details FROM history
                WHERE integration_id = \(IntegrationNames.idOfName) AND marketing_id = ? ORDER BY id DESC LIMIT ?
                """
            return try db.rows(sql, [integration, marketingID, limit]) { row in
                let direction = try row.value(0) as Int64 == Direction.outbound.stored ? Direction.outbound : .inbound
                return HistoryEntry(
                    integration: integration, direction: direction, object: try row.value(1), marketingID: marketingID,
                    crmID: try row.value(2), at: try row.timestamp(3), outcome: try row.value(4), code: try row.value(5),
                    message: try row.value(6), details: try row.json(7))
            }
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
            let sql = """
                INSERT INTO outcome_counts (integration_id, outcome, code, occurrences) VALUES (?, ?, ?, ?)
                ON CONFLICT (integration_id, outcome, code) DO UPDATE
                SET occurrences = outcome_counts.occurrences + excluded.occurrences
                """
            try db.run(sql, [key.integration, key.outcome, key.code, occurrences])
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
