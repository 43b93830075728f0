import Connectors
import Contracts
import EventLog
import Foundation
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Inbound: from the log to the queue")
struct InboundIngestTests {
    @Test("OPS-2 what nobody can read goes to the dead letters as Kafka Connect would put it, the rest of its batch goes on")
    func deadLetters() async throws {
        try await withWorld { world in
            let foreign = Message.recordChange(
                RecordChange(
                    key: RecordKey(integration: "nobody", object: "contact", recordID: "1"), occurredAt: world.clock.now()))
            let deal = Message.recordChange(
                RecordChange(
                    key: RecordKey(integration: World.name, object: "deal", recordID: "1"), occurredAt: world.clock.now()))
            var records = await world.records([
                world.creation("1"), foreign, deal, foreign, foreign, foreign, world.creation("2"),
            ])
            records[3].message.value = Array("{ not JSON".utf8)
            records[4].message = EncodedMessage(key: nil, value: Array("plain text".utf8), headers: [])
            records[5].message.headers = records[5].message.headers.map { header in
                header.name == "ce_type" ? MessageHeader("ce_type", "com.example.unheard-of") : header
            }
            #expect(try await world.ingest.ingest(records) == [World.name])
            #expect(try await world.depth().ready == 2)

            let letters = try await world.deadLetters(5).map(\.message)
            let infos = letters.compactMap(DeadLetterInfo.init(reading:)).sorted { $0.offset < $1.offset }
            #expect(
                infos.map(\.code) == [
                    "unknown-integration", "unknown-object", "malformed-json", "not-cloudevent", "unknown-type",
                ])
            #expect(infos.map(\.offset) == records[1...5].map(\.offset))
            #expect(infos.allSatisfy { $0.topic == "tandem.marketing.changes" && $0.connectorName == Topics().inboundGroup })
            #expect(infos.map(\.stage) == [.taskPut, .taskPut, .valueConverter, .valueConverter, .valueConverter])
            for record in records[1...5] { #expect(letters.map(DeadLetter.original(of:)).contains(record.message)) }
        }
    }

    @Test("IN-9 a batch of 1,000 events costs a handful of the store's transactions")
    func transactions() async throws {
        try await withWorld(storeOnDisk: true) { world, directory in
            let before = try WriteAheadLog(path: directory + "/store.sqlite-wal").commits
            try await world.take((1...1000).map { world.creation("\($0)") })
            let after = try WriteAheadLog(path: directory + "/store.sqlite-wal").commits
            #expect(try await world.depth().ready == 1000)
            #expect(after - before == 1)
        }
    }

    @Test("GEN-6 offsets are committed after the queue has the events: what a store refused is delivered again")
    func redelivered() async throws {
        try await withWorld { world, directory in
            try await world.publish((1...5).map { world.creation("\($0)") })
            let broken = try Store.open(path: directory + "/broken.sqlite", key: .generate())
            try broken.close()
            let failing = InboundIngest(log: world.log, store: broken, topics: Topics(), clock: world.clock, logger: World.logger)
            let run = Task { try await failing.run { _ in Issue.record("a batch that was not stored was announced") } }
            // It waits before it tries again.
            await world.clock.waitForSleepers()
            run.cancel()
            try await run.value

            try await world.ingestAll(5)
            #expect(try await world.depth().ready == 5)
            try await world.publish([world.creation("6")])
            // What was committed is not delivered once more.
            #expect(try await world.next(of: Topics().inboundGroup, topic: Topics().marketingChanges, count: 1).count == 1)
        }
    }

    @Test("OPS-2 while the dead letters cannot be written their batch is tried again, not dropped")
    func deadLettersAway() async throws {
        try await withWorld { world in
            try await world.publish([world.creation("1")])
            let log = FlakyLog(world.log, failures: 2)
            let ingest = InboundIngest(log: log, store: world.store, topics: Topics(), clock: world.clock, logger: World.logger)
            let unreadable = OutgoingRecord(
                topic: Topics().marketingChanges, message: EncodedMessage(key: nil, value: [1], headers: []))
            try await world.log.publish([unreadable])
            let run = Task { try await ingest.run { _ in } }
            for _ in 1...2 {
                await world.clock.waitForSleepers()
                await world.clock.advanceToNextSleeper()
            }
            #expect(try await world.deadLetters(1).count == 1)
            run.cancel()
            try await run.value
            #expect(try await world.depth().ready == 1)
        }
    }

    @Test("GEN-4 the settings of an integration applied just now are known at once")
    func appliedJustNow() async throws {
        try await withWorld { world in
            try await world.take(world.creation("1"))
            let settings = IntegrationSettings(
                name: "other", profile: .activeCampaignSalesforce,
                crm: CRMSettings(loginURL: "https://other.my.salesforce.com", flow: .clientCredentials, clientID: "client"),
                marketing: MarketingSettings(url: "https://other.api-us1.com"))
            _ = try await world.store.apply(settings, now: world.clock.now())
            let key = RecordKey(integration: "other", object: "contact", recordID: "1")
            let change = Message.recordChange(RecordChange(key: key, occurredAt: world.clock.now(), fields: ["phone": "1"]))
            #expect(try await world.ingest.ingest(await world.records([change])) == ["other"])
        }
    }
}

extension World {
    func publish(_ messages: [Message]) async throws {
        try await log.publish(
            records(messages).map { OutgoingRecord(topic: $0.topic, message: $0.message) })
    }

    /// Consumes until so many events were taken in.
    func ingestAll(_ count: Int) async throws {
        let (news, announce) = AsyncStream.makeStream(of: Void.self)
        let run = Task { [ingest] in try await ingest.run { _ in announce.yield() } }
        for await _ in news where try await depth().ready >= count { break }
        run.cancel()
        try await run.value
    }

    func deadLetters(_ count: Int) async throws -> [LogRecord] {
        try await next(of: "tests", topic: Topics().deadLetters, count: count)
    }

    /// The next records of a topic that a group has not committed.
    func next(of group: String, topic: String, count: Int) async throws -> [LogRecord] {
        let subscription = try await log.subscribe(
            group: group, topics: [topic], options: SubscriptionOptions(linger: .zero))
        var records: [LogRecord] = []
        while records.count < count, let batch = try await subscription.next() {
            records += batch.records
            _ = try await subscription.commit(batch)
        }
        await subscription.close()
        return records
    }
}

/// A log that refuses to publish for a while.
private actor FlakyLog: EventLog {
    private let log: EmbeddedLog
    private var failures: Int

    init(_ log: EmbeddedLog, failures: Int) {
        self.log = log
        self.failures = failures
    }

    func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        guard failures == 0 else {
            failures -= 1
            throw EventLogError(code: "_MSG_TIMED_OUT", reason: "timed out", isTransient: true)
        }
        try await log.publish(records)
    }

    func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) async throws(EventLogError) -> any LogSubscription {
        try await log.subscribe(group: group, topics: topics, options: options)
    }

    func close() async {}
}

/// SQLite's write-ahead log, as its file format describes it: the last page of every transaction is marked.
private struct WriteAheadLog {
    let commits: Int

    init(path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(at offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        let header = 32
        guard bytes.count > header else {
            commits = 0
            return
        }
        let frame = 24 + number(at: 8)
        commits = stride(from: header, through: bytes.count - frame, by: frame).count { number(at: $0 + 4) != 0 }
    }
}
