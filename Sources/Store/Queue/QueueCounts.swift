import GRDB

/// The table `queue_counts`: collects what a transaction adds to each state, and writes it once at the end.
struct QueueCounts {
    private struct Key: Hashable {
        var integration: Int64
        var direction: Direction
        var state: QueueState
    }

    private var changes: [Key: Int] = [:]

    /// Rows that came into `state`, or left it when `rows` is negative.
    mutating func add(_ rows: Int, integration: Int64, direction: Direction, state: QueueState) {
        changes[Key(integration: integration, direction: direction, state: state), default: 0] += rows
    }

    func save(_ db: Database) throws {
        for (key, rows) in changes where rows != 0 {
            let sql = """
                INSERT INTO queue_counts (integration_id, direction, state, waiting) VALUES (?, ?, ?, ?)
                ON CONFLICT (integration_id, direction, state) DO UPDATE
                SET waiting = queue_counts.waiting + excluded.waiting
                """
            try db.run(sql, [key.integration, key.direction.stored, key.state.rawValue, rows])
        }
    }

    static func of(_ integration: String, direction: Direction, _ db: Database) throws -> [QueueState: Int] {
        let sql = """
            SELECT state, waiting FROM queue_counts
            WHERE integration_id = \(IntegrationNames.idOfName) AND direction = ?
            """
        let counts = try db.rows(sql, [integration, direction.stored]) { row in
            (try QueueState(row, 0), try row.value(1) as Int)
        }
        return Dictionary(counts, uniquingKeysWith: +)
    }
}
