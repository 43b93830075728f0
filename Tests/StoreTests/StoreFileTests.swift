import Contracts
import Foundation
import Store
import SyncCore
import Testing

@Suite("The store's file")
struct StoreFileTests {
    private let directory: TemporaryDirectory
    private let key = StoreKey.generate()

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> Store { try Store.open(path: directory.storePath, key: key) }

    @Test("A batch is one transaction, queued and settled")
    func oneTransactionPerBatch() async throws {
        let store = try open()
        let lease = try await store.lease()
        var before = try directory.transactionsInLog()
        try await store.queue((0..<300).map { entry("\($0)") }, now: at(0))
        #expect(try directory.transactionsInLog() == before + 1)

        let settlements = try await store.ready(now: at(0)).map {
            Settlement(
                rowID: $0.id, version: $0.version, result: .done, links: [link($0.key.recordID)],
                history: [history($0.key.recordID, "created")])
        }
        before = try directory.transactionsInLog()
        try await store.settle(settlements, direction: .inbound, lease: lease, now: at(1))
        #expect(try directory.transactionsInLog() == before + 1)
    }

    @Test("What was written is there after a restart")
    func reopen() async throws {
        let first = try open()
        try await first.queue([entry("1")], now: at(0))
        _ = try await first.apply(settings(), secrets: [.marketingAPIKey: Secret("key")], now: at(0))
        try first.close()
        #expect(await errorCode { try await first.queue([entry("2")], now: at(0)) } == "closed")

        let second = try open()
        #expect(try await second.ready(now: at(0)).map(\.key.recordID) == ["1"])
        #expect(try await second.secret(.marketingAPIKey, of: "acme")?.reveal() == "key")
    }

    @Test("A closed store refuses reads and writes, wherever it was kept")
    func closed() async throws {
        for store in [try open(), try memoryStore()] {
            try store.close()
            try store.close()
            #expect(await errorCode { _ = try await store.ready(now: at(0)) } == "closed")
            #expect(await errorCode { try await store.queue([entry("1")], now: at(0)) } == "closed")
        }
    }

    @Test("Two processes on one file see each other's work, and only one gets a lease")
    func twoStores() async throws {
        let (gateway, batcher) = (try open(), try open())
        try await gateway.queue([entry("1")], now: at(0))
        #expect(try await batcher.ready(now: at(0)).map(\.key.recordID) == ["1"])
        #expect(try await gateway.acquireLease("l", holder: "gateway", ttl: .seconds(9), now: at(0)) != nil)
        #expect(try await batcher.acquireLease("l", holder: "batcher", ttl: .seconds(9), now: at(0)) == nil)
    }

    @Test("Processes that start, write and merge at once lose nothing")
    func contention() async throws {
        let path = directory.storePath
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in Int64(0)..<4 {
                group.addTask { [key] in
                    let store = try Store.open(path: path, key: key)
                    for round in Int64(0)..<25 {
                        let offset = writer * 25 + round
                        try await store.queue([entry("shared", change("field:\(offset)", "x", offset: offset))], now: at(round))
                    }
                }
            }
            try await group.waitForAll()
        }
        let rows = try await open().ready(now: at(99))
        #expect(rows.map(\.change.fields.count) == [100])
        #expect(rows.map(\.version) == [100])
    }

    @Test("CON-3 Secrets cannot be read from the files")
    func sealedAtRest() async throws {
        let store = try open()
        let secrets = Dictionary(uniqueKeysWithValues: SecretName.allCases.map { ($0, Secret("plainly-visible-\($0.rawValue)")) })
        _ = try await store.apply(settings(), secrets: secrets, now: at(0))
        try await store.setSecret(.crmRefreshToken, of: "acme", to: Secret("plainly-visible-rotated"), now: at(1))
        let files = try directory.contents()
        #expect(files.contains { $0.range(of: Data("acme.my.salesforce.com".utf8)) != nil }, "the search would find them")
        #expect(files.allSatisfy { $0.range(of: Data("plainly-visible".utf8)) == nil })
        #expect(files.allSatisfy { $0.range(of: Data(key.revealBase64().utf8)) == nil })
    }

    @Test("CON-3 Another key is refused at once, with a clear error")
    func wrongKey() async throws {
        let store = try open()
        _ = try await store.apply(settings(), secrets: [.marketingAPIKey: Secret("key")], now: at(0))
        let error = #expect(throws: StoreError.self) { try Store.open(path: directory.storePath, key: .generate()) }
        #expect(error?.code == "wrong-key")
        #expect(error?.isTransient == false)
    }

    @Test("A place where no store can be gives a clear error")
    func cannotOpen() throws {
        let error = #expect(throws: StoreError.self) { try Store.open(path: directory.storePath + "/not/there", key: key) }
        #expect(error?.code == "cannot-open")
        try Data("This is no database, and long enough to be seen as none.".utf8).write(to: URL(filePath: directory.storePath))
        let other = #expect(throws: StoreError.self) { try open() }
        #expect(other?.code == "corrupt")
    }

    @Test("A cancelled call changes nothing")
    func cancellation() async throws {
        let store = try open()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await errorCode { try await store.queue([entry("1")], now: at(0)) }
        }
        #expect(await task.value == "cancelled")
        #expect(try await store.depth(now: at(0)) == QueueDepth())
    }
}
