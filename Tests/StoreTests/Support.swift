import Contracts
import Foundation
import Store
import SyncCore

/// A moment `seconds` into the test's day.
func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_790_000_000 + seconds) }

/// A change of one field, as the log brought it at `offset`.
func change(_ field: String = "firstName", _ value: JSONValue = "Ada", offset: Int64 = 1) -> PendingChange {
    PendingChange(fields: [field: Stamped(value, Stamp(at: at(0), sequence: offset))])
}

func entry(
    _ recordID: String, _ change: PendingChange = change(), integration: String = "acme", object: String = "contact"
) -> QueueEntry {
    QueueEntry(key: RecordKey(integration: integration, object: object, recordID: recordID), change: change)
}

func settings(
    _ name: String = "acme", crm: String = "https://acme.my.salesforce.com", marketing: String = "https://acme.api-us1.com",
    username: String? = nil, clientID: String = "client"
) -> IntegrationSettings {
    IntegrationSettings(
        name: name, profile: .activeCampaignSalesforce,
        crm: CRMSettings(loginURL: crm, flow: .clientCredentials, clientID: clientID, username: username),
        marketing: MarketingSettings(url: marketing))
}

func link(_ marketingID: String, object: CRMObject = .contact, crmID: String? = nil, state: Link.State = .linked) -> Link {
    Link(
        integration: "acme", object: object, marketingID: marketingID, crmID: crmID, externalID: "acme-\(marketingID)",
        state: state)
}

func history(
    _ marketingID: String, _ outcome: String, code: String? = nil, at moment: Timestamp = at(0), details: JSONValue = .null
) -> HistoryEntry {
    HistoryEntry(
        integration: "acme", direction: .inbound, object: "contact", marketingID: marketingID, at: moment, outcome: outcome,
        code: code, details: details)
}

/// A row of an import that updates the person of the same number.
func importRow(_ row: QueueRow) -> ImportRow {
    let link = link(row.key.recordID, crmID: row.key.recordID)
    return ImportRow(
        rowID: row.id, version: row.version, key: row.key, email: "\(row.key.recordID)@example.com",
        marketingID: row.key.recordID, link: link, outcome: "updated")
}

/// Random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

let permanent = SyncError(.permanent, code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", message: "No.", fields: ["Phone"])
let transient = SyncError(.transient, code: "UNABLE_TO_LOCK_ROW", message: "Busy.")

func memoryStore() throws -> Store { try Store.inMemory(key: .generate()) }

extension Store {
    /// The rows that are ready at `now`, all of them.
    func ready(_ integration: String = "acme", now: Timestamp) async throws -> [QueueRow] {
        try await take(integration: integration, direction: .inbound, limit: 10_000, now: now)
    }

    func depth(now: Timestamp) async throws -> QueueDepth {
        try await depth(integration: "acme", direction: .inbound, now: now)
    }

    @discardableResult
    func queue(_ entries: [QueueEntry], now: Timestamp) async throws -> EnqueueResult {
        try await enqueue(entries, direction: .inbound, now: now)
    }

    /// A lease that outlives every test.
    func lease(_ name: String = "acme/inbound") async throws -> Lease {
        guard let lease = try await acquireLease(name, holder: "worker", ttl: .seconds(1_000_000), now: at(0)) else {
            throw StoreError(code: "test", message: "the lease is taken")
        }
        return lease
    }

    func settle(_ rows: [QueueRow], _ result: RowSettlement, lease: Lease, now: Timestamp) async throws {
        let settlements = rows.map { Settlement(rowID: $0.id, version: $0.version, result: result) }
        try await settle(settlements, direction: .inbound, lease: lease, now: now)
    }
}

/// The code of the error that `body` throws; `nil` when it throws none.
func errorCode(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? StoreError)?.code ?? "\(error)"
    }
}

/// A directory of its own for a test, gone with it.
final class TemporaryDirectory: Sendable {
    private let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "tandem-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var storePath: String { url.appending(path: "tandem.sqlite").path }

    /// The bytes of every file in it.
    func contents() throws -> [Data] {
        try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil).map { try Data(contentsOf: $0) }
    }

    /// How many transactions the write-ahead log holds: frames whose header gives a database size end one.
    func transactionsInLog() throws -> Int {
        let log = [UInt8](try Data(contentsOf: URL(filePath: storePath + "-wal")))
        func number(_ offset: Int) -> Int { log[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        let frame = 24 + number(8)
        // Frames left over from before the log was begun anew carry another salt.
        let salt = log[16..<24]
        return stride(from: 32, through: log.count - frame, by: frame).filter { start in
            number(start + 4) != 0 && log[start + 8..<start + 16] == salt
        }.count
    }
}
