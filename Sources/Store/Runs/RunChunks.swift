public import Contracts
import Foundation
import GRDB
public import SyncCore

extension Store {
    /// Keeps how a run is split, and begins to read it. Nothing changes when that was done before, or the run is over; the run as
    /// it is then. Throws `lease-lost`.
    public func planRun(
        _ id: Int64, chunks: [RunChunk], expected: Int?, lease: Lease, now: Timestamp
    ) async throws(StoreError) -> Run? {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            guard var run = try RunTable.runs(where: "runs.id = ?", [id], db).first, run.state == .waiting else { return nil }
            for chunk in chunks { try ChunkTable.save(chunk, db) }
            run = run.started(now: now)
            run.expected = expected
            try RunTable.save(run, db)
            return run
        }
    }

    /// The chunks of a run, in their order; empty once it is over.
    public func chunks(ofRun id: Int64) async throws(StoreError) -> [RunChunk] {
        try await read { db in try ChunkTable.chunks(ofRun: id, db) }
    }

    /// Keeps how far a chunk was read and, in the same transaction, what was seen and found since the last time.
    ///
    /// Whether the run still wants it: one that was paused keeps what is saved, of one that is over nothing is kept.
    /// Throws `lease-lost`.
    public func saveChunk(
        _ chunk: RunChunk, adding counts: RunCounts, seen: [UInt64] = [], drifts: [Drift] = [], lease: Lease, now: Timestamp
    ) async throws(StoreError) -> Bool {
        try await write { db in
            try LeaseTable.require(lease, now: now, db)
            guard let run = try RunTable.runs(where: "runs.id = ?", [chunk.run], db).first, !run.state.isOver else {
                return false
            }
            var chunk = chunk
            chunk.counts = chunk.counts + counts
            try ChunkTable.save(chunk, db)
            try RunTable.add(counts, to: chunk.run, db)
            if !seen.isEmpty { try SeenTable.append(seen, run: chunk.run, source: chunk.source.seenKey, db) }
            var names = IntegrationNames(db)
            for drift in drifts { try DriftTable.suspect(drift, run: chunk.run, now: now, names: &names, db) }
            return run.isAtWork
        }
    }

    /// What the chunks of these sources saw, by pages of at most `limit`. `afterID` is the last id of the page before; none is
    /// left when the page is `nil`.
    public func seen(
        run: Int64, source: RunChunk.Source, afterID: Int64, limit: Int = 64
    ) async throws(StoreError) -> (prints: [UInt64], lastID: Int64)? {
        try await read { db in try SeenTable.page(run: run, source: source.seenKey, afterID: afterID, limit: limit, db) }
    }
}

extension RunChunk.Source {
    /// However an object is read, what is seen counts together.
    fileprivate var seenKey: String {
        switch self {
        case .crmPages(let object), .crmExport(let object): "crm/\(object.rawValue)"
        case .people, .customValues: "people"
        }
    }
}

/// The table `run_chunks`.
enum ChunkTable {
    static func chunks(ofRun id: Int64, _ db: Database) throws -> [RunChunk] {
        let sql = "SELECT number, source, id_range, place, counts, done FROM run_chunks WHERE run_id = ? ORDER BY number"
        return try db.rows(sql, [id]) { row in
            var chunk = RunChunk(run: id, number: try row.value(0), source: try row.codable(1), range: try row.codable(2))
            chunk.place = try row.codable(3)
            chunk.counts = try row.codable(4)
            chunk.isDone = try row.value(5)
            return chunk
        }
    }

    static func save(_ chunk: RunChunk, _ db: Database) throws {
        let sql = """
            INSERT INTO run_chunks (run_id, number, source, id_range, place, counts, done) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (run_id, number) DO UPDATE SET source = excluded.source, place = excluded.place,
                counts = excluded.counts, done = excluded.done
            """
        try db.run(
            sql,
            [
                chunk.run, chunk.number, try codableText(chunk.source), try codableText(chunk.range),
                try codableText(chunk.place),
                try codableText(chunk.counts), chunk.isDone ? 1 : 0,
            ])
    }

    /// Of a run that is over nobody asks for its chunks and what they saw.
    static func forgetAll(run: Int64, _ db: Database) throws {
        for chunk in try chunks(ofRun: run, db) { try LeaseTable.forget(RunChunk.lease(run: run, number: chunk.number), db) }
        try db.run("DELETE FROM run_chunks WHERE run_id = ?", [run])
        try db.run("DELETE FROM run_seen WHERE run_id = ?", [run])
        try db.run("DELETE FROM drifts WHERE run_id = ? AND state = 'suspected'", [run])
    }
}

extension RunChunk {
    /// The lease under which a chunk is read.
    public static func lease(run: Int64, number: Int) -> String { "chunk/\(run)/\(number)" }
}

/// The table `run_seen`.
enum SeenTable {
    static func append(_ prints: [UInt64], run: Int64, source: String, _ db: Database) throws {
        var data = Data(capacity: prints.count * 8)
        for print in prints {
            for shift in stride(from: 0, to: 64, by: 8) { data.append(UInt8(truncatingIfNeeded: print >> UInt64(shift))) }
        }
        try db.run("INSERT INTO run_seen (run_id, source, prints) VALUES (?, ?, ?)", [run, source, data])
    }

    static func page(
        run: Int64, source: String, afterID: Int64, limit: Int, _ db: Database
    ) throws -> (prints: [UInt64], lastID: Int64)? {
        let sql = "SELECT id, prints FROM run_seen WHERE run_id = ? AND source = ? AND id > ? ORDER BY id LIMIT ?"
        let rows = try db.rows(sql, [run, source, afterID, limit]) { row in
            (id: try row.value(0) as Int64, prints: try prints(row))
        }
        guard let last = rows.last else { return nil }
        return (rows.flatMap(\.prints), last.id)
    }

    private static func prints(_ row: Row) throws -> [UInt64] {
        let data: Data = try row.value(1)
        guard data.count.isMultiple(of: 8) else { throw StoreError.unreadable("what a run saw") }
        var prints: [UInt64] = []
        prints.reserveCapacity(data.count / 8)
        var (print, shift): (UInt64, UInt64) = (0, 0)
        for byte in data {
            print |= UInt64(byte) << shift
            shift += 8
            guard shift == 64 else { continue }
            prints.append(print)
            (print, shift) = (0, 0)
        }
        return prints
    }
}
